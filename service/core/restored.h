/*
 * What a restored backup must not bring back to life: nothing that was used up or ended after it
 * was taken can be told from what was not, so all of it ends.
 */
#ifndef TWOFOLD_CORE_RESTORED_H
#define TWOFOLD_CORE_RESTORED_H

#include "core/policy.h"
#include "core/user.h"

struct restored_how {
    int64_t now_s;
    bool keep_recovery_codes; /* the operator knows that none was used since */
};

/* What was ended, over all users. */
struct restored_tally {
    uint64_t users, authenticators, enrollments, tokens;
    uint64_t recovery_sets; /* with codes that were good until now */
};

/*
 * Step tokens and a pending enrolment die and the credential version rises; every code up to
 * now + skew of POLICY is dead, so that a user waits skew + 1 steps at most; recovery codes are
 * spent. Counters, waits and the password stay as they were. Adds to TALLY.
 */
void user_restored(struct user *u, const struct policy *policy, const struct restored_how *how,
                   struct restored_tally *tally);

#endif
