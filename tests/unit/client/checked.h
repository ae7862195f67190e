/* Runs the checker over a made trail, and keeps what it tells. */
#ifndef TWOFOLD_TESTS_CLIENT_CHECKED_H
#define TWOFOLD_TESTS_CLIENT_CHECKED_H

#include "audit_check.h"
#include "made_trail.h"

enum { CHECKED_MAX = 2048 };

struct told {
    enum audit_finding_kind kind;
    char org[65], username[255];
    uint64_t first, last, at, other, count;
    bool at_is_false, other_is_false;
    enum audit_excuse excuse;
};

struct checked {
    struct told told[CHECKED_MAX];
    size_t n;
    struct audit_counts counts;
};

/* What the reader of a trail may know of it beforehand. */
enum {
    KNOW_KEY = 1,    /* key 1 */
    KNOW_ENDS = 2,   /* where the trail of each organization ends */
    KNOW_OLD = 4,    /* key 2 */
    BEGIN_LATE = 16, /* the beginning may be missing */
};

/* ENDS: where the untouched trail ends. An event of no bytes has been taken out. Event I is read at
 * place I + 1. */
void checked_run(const struct made_trail *t, const struct made_trail *ends, unsigned knowledge,
                 struct checked *ret);

/* The finding of that kind about that user's number; NULL: there is none. */
const struct told *checked_find(const struct checked *c, enum audit_finding_kind kind,
                                const char *username, uint64_t sequence);

/* Prints all of it to standard error. */
void checked_show(const struct checked *c);

#endif
