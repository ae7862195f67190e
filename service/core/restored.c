#include "core/restored.h"

/* Never back: an authenticator may be ahead already, because the clock once was (rule 16). */
static void spend_codes(struct user *u, const struct policy *policy, int64_t now_s)
{
    for (unsigned i = 0; i < u->n_authenticators; i++) {
        struct authenticator *a = &u->authenticators[i];
        uint64_t last = otp_step(&a->otp, now_s) + (uint64_t)policy->skew_steps;

        if (a->last_step < last)
            a->last_step = last;
    }
}

/* The set stays: "no code left" is a state that users and callers know. */
static void spend_recovery(struct recovery_set *set)
{
    for (unsigned i = 0; i < set->n; i++)
        set->at[i].spent = true;
}

void user_restored(struct user *u, const struct policy *policy, const struct restored_how *how,
                   struct restored_tally *tally)
{
    tally->users++;
    tally->authenticators += u->n_authenticators;
    tally->enrollments += u->enrollment.state != ENROLLMENT_NONE;
    tally->tokens += u->n_tokens;
    user_credentials_changed(u);
    spend_codes(u, policy, how->now_s);
    if (how->keep_recovery_codes)
        return;
    tally->recovery_sets += user_recovery_left(u) > 0;
    spend_recovery(&u->recovery);
}
