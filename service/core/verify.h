/*
 * The heart: is this second factor good, now, and for the first time? Every verb that takes a code
 * or a recovery code asks here, so that they share one rule, one counter and one history.
 */
#ifndef TWOFOLD_CORE_VERIFY_H
#define TWOFOLD_CORE_VERIFY_H

#include "core/audit.h"

/* A second factor as it was offered. */
enum offered_kind { OFFERED_NONE, OFFERED_CODE, OFFERED_RECOVERY_CODE };

struct offered {
    enum offered_kind kind;
    struct otp_code code;
    struct recovery_code recovery;
    uint8_t recovery_mac[SHA256_BYTES]; /* of `recovery` for the user's set and its pepper */
};

/* Under which a decision is taken. */
struct circumstances {
    const struct policy *policy;
    int64_t now_s;
};

/* What was decided: the answer, what it tells the caller, and what it tells the audit trail. */
struct decision {
    enum err answer; /* ERR_OK: yes */
    int64_t retry_after_s;
    int32_t attempts_left;
    const char *field, *rule; /* with ERR_VALIDATION; static */
    struct audit_facts facts;
};

/* How a second factor was judged. */
struct evidence {
    enum audit_reason reason;
    enum audit_method method;
    int authenticator; /* index that matched or answered for the failure; -1: none */
    uint8_t authenticator_id[ID_BYTES];
    int step_offset;          /* of a code: its step minus now's; 0 also where no step matched */
    char recovery_slot;       /* slot character that was spent; NUL: none */
    enum lockout_state after; /* of the counter, when this failure changed it */
};

/*
 * Judges OFFERED against the active authenticators (or the recovery codes) of USER and updates
 * USER: last_step, spent slot, counters. D->answer is ERR_OK, CODE_REJECTED, LOCKED, SUSPENDED,
 * NOT_ENROLLED, or VALIDATION for a code of a length that none of the authenticators has (nothing
 * counted). All authenticators and all steps are computed, whichever matches; for a rejected code
 * the steps near the window too, which tell the evidence and nobody else where the code belongs.
 * Adds no facts: see evidence_report. Returns an error only when the library fails.
 */
NODISCARD enum err second_factor_judge(struct user *user, const struct offered *offered,
                                       const struct circumstances *c, struct decision *d,
                                       struct evidence *ret);

/* Judges OFFERED against one authenticator that is not active yet (confirmation). Same answers. */
NODISCARD enum err second_factor_judge_pending(struct user *user, const struct offered *offered,
                                               const struct circumstances *c, struct decision *d,
                                               struct evidence *ret);

/* Adds to D->facts what the judgement has to tell: YES or NO as the first fact, by D->answer, then
 * locks, suspension, and recovery codes used or running low. */
void evidence_report(const struct evidence *e, const struct user *user, enum audit_type yes,
                     enum audit_type no, struct decision *d);

/* Verification.Verify: the judgement and nothing else. */
NODISCARD enum err verify_decide(struct user *user, const struct offered *offered,
                                 const struct circumstances *c, struct decision *d,
                                 struct evidence *ret);

/* Answers D for a counter that is not open; true if it is open and the attempt may be looked at. */
bool lockout_admits(const struct lockout *l, int64_t now_s, struct decision *d,
                    enum audit_reason *ret_reason);

#endif
