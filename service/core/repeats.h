/*
 * Failures that come too fast to be told one by one: of one user and minute the first ones are an
 * event each, the rest are counted, so that an attack cannot drown the trail. Changes of state are
 * never counted, they are always told.
 */
#ifndef TWOFOLD_CORE_REPEATS_H
#define TWOFOLD_CORE_REPEATS_H

#include "core/audit.h"

enum { REPEATS_GROUPS_MAX = 8 };

/* Failures alike; of those that were told, its span holds none. */
struct repeats_group {
    enum audit_type type;
    enum audit_reason reason;
    enum audit_method method;
    struct audit_span span;
};

/* Of one user and one minute. */
struct repeats {
    uint32_t told; /* failures that were an event each */
    unsigned n;
    struct repeats_group at[REPEATS_GROUPS_MAX];
};

/* The minute of NOW_MS (Unix milliseconds) since 1970. */
uint32_t repeats_minute(int64_t now_ms);

/* Could FACT be counted at all: a failed verification or login? */
bool repeats_concern(const struct audit_fact *fact);

/* Takes note of FACT, which repeats_concern. True: it is counted in R and no event of its own;
 * false: it is to be told. The first LIMIT (at least 1) of a minute are told, the first of each
 * kind (a recovery code used again must not drown in wrong codes), and what fits into no group
 * any more. */
bool repeats_swallow(struct repeats *r, const struct audit_fact *fact, int64_t now_ms,
                     uint32_t limit);

/* The fact that tells GROUP. */
struct audit_fact repeats_fact(const struct repeats_group *group);

#endif
