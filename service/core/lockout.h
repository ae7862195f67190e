/*
 * Counting failures and waiting (DESIGN rules 4 and 5). One counter for passwords, one for codes,
 * one for recovery codes, per user, whichever verb was called.
 *
 * The first max_failures consecutive failures are free; each further one starts a wait that doubles
 * from lockout_seconds to an hour; at CONSECUTIVE_FAILURES_MAX the factor is suspended until an
 * administrator unlocks it. Inside a wait nothing is evaluated and nothing counts.
 */
#ifndef TWOFOLD_CORE_LOCKOUT_H
#define TWOFOLD_CORE_LOCKOUT_H

#include "core/policy.h"

struct lockout {
    uint32_t failures; /* consecutive */
    int64_t until_s;   /* Unix seconds; no attempt is looked at before */
};

enum lockout_state { LOCKOUT_OPEN, LOCKOUT_WAITING, LOCKOUT_SUSPENDED };

/* May an attempt be looked at now? RET_RETRY_AFTER_S is 1 or more while waiting, else 0. */
enum lockout_state lockout_check(const struct lockout *l, int64_t now_s,
                                 int64_t *ret_retry_after_s);

/* Counts a failure; returns the state that it leads to. */
enum lockout_state lockout_fail(struct lockout *l, const struct policy *p, int64_t now_s);

/* A success ends the run of failures. */
void lockout_reset(struct lockout *l);

/* Free tries before waiting starts. */
int32_t lockout_attempts_left(const struct lockout *l, const struct policy *p);

/* Wait, in seconds, that the FAILURES-th consecutive failure starts; 0 for a free one. */
int64_t lockout_wait_s(uint32_t failures, const struct policy *p);

#endif
