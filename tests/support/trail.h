/* The audit trail as a consumer would read it. */
#ifndef TWOFOLD_TESTS_SUPPORT_TRAIL_H
#define TWOFOLD_TESTS_SUPPORT_TRAIL_H

#include "support/peek.h"
#include "support/steps.h"

enum { TRAIL_EVENTS_MAX = 512 };

struct trail {
    struct arena *arena;
    struct outbox_entry entries[TRAIL_EVENTS_MAX];
    Twofold__V1__AuditEvent *events[TRAIL_EVENTS_MAX];
    size_t n;
};

/* Everything in the outbox. Free with trail_free. */
struct trail *trail_read(struct service *s);
void trail_free(struct trail *t);

/* Follows the chain of ORG and USERNAME ("": the organization's own); how many events it has, or 0
 * at the first break. A deletion ends one chain, and another may begin. */
size_t trail_follow(const struct trail *t, const char *org, const char *username);

#endif
