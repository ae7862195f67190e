/*
 * The life of a second factor: begun, confirmed, in force, replaced, removed (DESIGN rules 6 to 8).
 * Every step asks for a step token; a change of what is in force asks for a current code as well.
 * Refusals: INVALID_TOKEN, POLICY_FORBIDS, ALREADY_ENROLLED, NOT_ENROLLED, CONFLICT, VALIDATION,
 * and those of second_factor_judge. A refusal changes nothing but counters.
 */
#ifndef TWOFOLD_CORE_ENROLLMENT_H
#define TWOFOLD_CORE_ENROLLMENT_H

#include "core/login.h"

struct begin_ask {
    const uint8_t *token;
    const struct offered *second;      /* OFFERED_NONE unless an authenticator is active */
    const struct authenticator *fresh; /* id, label, parameters and key of the new one */
};

/* Enrollment.Begin: the fresh authenticator becomes the pending one. */
NODISCARD enum err begin_decide(struct user *user, const struct begin_ask *ask,
                                const struct circumstances *c, struct decision *d);

struct confirm_ask {
    const uint8_t *token;
    const struct offered *code;
    const struct secret *echo; /* n 0: not given */
    bool activate;
    const struct recovery_set *recovery; /* fresh; used if confirm_wants_recovery */
};

/* Will a confirmation hand out recovery codes? Yes for a first authenticator and for one that
 * replaces another; an additional one leaves the codes in hand as they are. */
bool confirm_wants_recovery(const struct user *user);

/* Enrollment.Confirm. The code is spent by it. */
NODISCARD enum err confirm_decide(struct user *user, const struct confirm_ask *ask,
                                  const struct circumstances *c, struct decision *d);

/* Enrollment.Complete: the confirmed authenticator comes into force. */
void complete_decide(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                     const struct circumstances *c, struct decision *d);

/* Enrollment.Cancel: the pending enrolment ends, and with it the token. */
void cancel_decide(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                   struct decision *d);

/* Enrollment.Disable: all authenticators and recovery codes go. */
NODISCARD enum err disable_decide(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                                  const struct offered *second, const struct circumstances *c,
                                  struct decision *d);

/* Enrollment.RegenerateRecoveryCodes: SET takes the place of the codes in force. */
struct regenerate_ask {
    const uint8_t *token;
    const struct offered *code;
    const struct recovery_set *recovery;
};
NODISCARD enum err regenerate_decide(struct user *user, const struct regenerate_ask *ask,
                                     const struct circumstances *c, struct decision *d);

/* Admin.ResetSecondFactor: as if the user had never enrolled; code counters start anew. */
void reset_decide(struct user *user, struct decision *d);

/* Admin.Unlock: ends waits and suspension; a last_step beyond now + skew comes back to now. */
void unlock_decide(struct user *user, const struct circumstances *c, struct decision *d);

#endif
