/*
 * How likely guessing a code is to succeed, for somebody who knows the password (DESIGN rules 4
 * and 5; RFC 4226 sections 6 and 7.3). Computed from what really limits it: the policy and
 * the waits of core/lockout.h.
 *
 * Every probability is an upper bound (the sum over the guesses), so it holds for any strategy:
 * distinct guesses inside one time step, or the codes that truncation favours.
 *
 * Assumed: the user has as many authenticators as the policy allows, enrolled under this policy,
 * and nobody but the user (by a success) and an administrator (by Unlock or ResetSecondFactor)
 * starts the counter of codes anew. Recovery codes have a counter of their own and 120 bits: their
 * share is below any digit told here.
 */
#ifndef TWOFOLD_CORE_ODDS_H
#define TWOFOLD_CORE_ODDS_H

#include "core/lockout.h"

struct odds {
    uint32_t guesses_in_a_day; /* looked at in the 86,400 s that begin with a fresh counter */
    uint32_t guesses_in_all;   /* looked at until SUSPENDED, without a success in between */
    int64_t suspended_after_s; /* from the first guess to the last, each one as early as possible */
    double guess;              /* one guess hits */
    double day;                /* one of guesses_in_a_day hits */
    double year;            /* 365 such days: the user logs in, and so resets the counter, daily */
    double until_suspended; /* one of guesses_in_all hits */
};

/* P is within the bounds of policy_check. */
struct odds odds_of(const struct policy *p);

/* Guesses that are looked at in the SPAN_S seconds (1 or more) that begin with a fresh counter. */
uint32_t odds_guesses_within(const struct policy *p, int64_t span_s);

/* Does the password alone get past the second factor? It does where nobody is asked for a code, and
 * where it is enough to disable the factor. */
bool odds_password_suffices(const struct policy *p);

/* The one number for people: somebody who knows the password gets in with at most this before the
 * factor is SUSPENDED; 1 where the password suffices. */
double odds_of_a_guesser(const struct policy *p);

#endif
