#include "core/verify.h"

#include <stdlib.h>

/*
 * Order of events: counter first (inside a wait nothing is looked at), then every candidate of
 * every authenticator is computed, then one verdict is drawn. A rejected code costs one failure
 * whatever was wrong with it - wrong, replayed, expired - so that the answer, the count and the
 * work are the same and only the audit event tells which it was.
 */

enum { RECOVERY_LOW = 3 };

bool lockout_admits(const struct lockout *l, int64_t now_s, struct decision *d,
                    enum audit_reason *ret_reason)
{
    switch (lockout_check(l, now_s, &d->retry_after_s)) {
    case LOCKOUT_OPEN:
        return true;
    case LOCKOUT_WAITING:
        d->answer = ERR_LOCKED;
        *ret_reason = WHY_LOCKED;
        return false;
    case LOCKOUT_SUSPENDED:
        break;
    }
    d->answer = ERR_SUSPENDED;
    *ret_reason = WHY_SUSPENDED;
    return false;
}

static void reject(struct lockout *l, const struct circumstances *c, struct decision *d,
                   struct evidence *e)
{
    e->after = lockout_fail(l, c->policy, c->now_s);
    d->answer = ERR_CODE_REJECTED;
    d->attempts_left = lockout_attempts_left(l, c->policy);
    (void)lockout_check(l, c->now_s, &d->retry_after_s);
}

/* The authenticators that a code is judged against: the active ones, or the pending one. */
struct candidates {
    struct authenticator *at;
    unsigned n;
};

static bool any_takes(const struct candidates *k, const struct otp_code *code)
{
    for (unsigned i = 0; i < k->n; i++)
        if (k->at[i].otp.digits == code->digits)
            return true;
    return false;
}

static enum audit_reason reason_of(const struct authenticator *a, enum otp_verdict verdict)
{
    static const enum audit_reason reasons[] = {
        [OTP_MATCH] = WHY_NONE,
        [OTP_MISMATCH] = WHY_WRONG_CODE,
        [OTP_REPLAYED] = WHY_REPLAYED,
        [OTP_CLOCK_BEHIND] = WHY_CLOCK_BEHIND,
        [OTP_OUTSIDE] = WHY_OUTSIDE_WINDOW,
    };

    return a->damaged ? WHY_DAMAGED : reasons[verdict];
}

/* What one authenticator says may outweigh what the others say. From the lightest:
 *
 *     wrong code
 *     damaged         the code may have been right
 *     outside         a code of this one, only not of now
 *     clock behind    an administrator is needed
 *     match
 *     replayed        what one has accepted is spent, even if another one with the same secret
 *                     would still take it
 */
static const unsigned weights[] = {
    [WHY_WRONG_CODE] = 0,   [WHY_DAMAGED] = 1, [WHY_OUTSIDE_WINDOW] = 2,
    [WHY_CLOCK_BEHIND] = 3, [WHY_NONE] = 4,    [WHY_REPLAYED] = 5,
};

/* Of two codes that are not of now, the nearer to now; of equals, the first. */
static bool outweighs(enum audit_reason reason, int offset, const struct evidence *found)
{
    if (reason == WHY_OUTSIDE_WINDOW && found->reason == WHY_OUTSIDE_WINDOW)
        return abs(offset) < abs(found->step_offset);
    return weights[reason] > weights[found->reason];
}

/* One verdict from the results of all candidates. */
static void draw_verdict(const struct candidates *k, const struct otp_result *results,
                         struct evidence *e)
{
    e->reason = WHY_WRONG_CODE;
    e->authenticator = -1;
    e->step_offset = 0;
    for (unsigned i = 0; i < k->n; i++) {
        enum audit_reason reason = reason_of(&k->at[i], results[i].verdict);

        if (!outweighs(reason, results[i].offset, e))
            continue;
        e->reason = reason;
        e->authenticator = reason == WHY_DAMAGED ? -1 : (int)i;
        e->step_offset = reason == WHY_DAMAGED ? 0 : results[i].offset;
    }
}

static struct otp_trial trial_of(const struct authenticator *a, const struct otp_code *code,
                                 const struct circumstances *c)
{
    return (struct otp_trial){.params = &a->otp,
                              .key = &a->key,
                              .offered = code,
                              .window = {.now_s = c->now_s,
                                         .skew_steps = (unsigned)c->policy->skew_steps,
                                         .last_step = a->last_step}};
}

static enum err match_code(const struct candidates *k, const struct otp_code *code,
                           const struct circumstances *c, struct evidence *e, uint64_t *ret_step)
{
    struct otp_result results[AUTHENTICATORS_MAX] = {{0}};

    for (unsigned i = 0; i < k->n; i++) {
        struct otp_trial t = trial_of(&k->at[i], code, c);

        TRY(otp_verify(&t, &results[i]));
    }
    draw_verdict(k, results, e);
    if (e->reason == WHY_NONE) {
        *ret_step = results[e->authenticator].step;
        return ERR_OK;
    }
    for (unsigned i = 0; i < k->n; i++) {
        struct otp_trial t = trial_of(&k->at[i], code, c);

        TRY(otp_look_around(&t, &results[i]));
    }
    draw_verdict(k, results, e);
    return ERR_OK;
}

static enum err judge_code(struct user *user, const struct candidates *k,
                           const struct otp_code *code, const struct circumstances *c,
                           struct decision *d, struct evidence *e)
{
    uint64_t step = 0;

    e->method = BY_TOTP;
    if (!any_takes(k, code)) {
        d->answer = ERR_VALIDATION;
        d->field = "code";
        d->rule = "must have as many digits as the authenticator shows";
        return ERR_OK;
    }
    if (!lockout_admits(&user->code_lockout, c->now_s, d, &e->reason))
        return ERR_OK;
    TRY(match_code(k, code, c, e, &step));
    if (e->authenticator >= 0)
        memcpy(e->authenticator_id, k->at[e->authenticator].id, ID_BYTES);
    if (e->reason != WHY_NONE) {
        reject(&user->code_lockout, c, d, e);
        return ERR_OK;
    }
    lockout_reset(&user->code_lockout);
    k->at[e->authenticator].last_step = step;
    k->at[e->authenticator].last_used_s = c->now_s;
    d->answer = ERR_OK;
    return ERR_OK;
}

static enum audit_reason match_recovery(const struct recovery_set *set,
                                        const struct offered *offered, unsigned slot)
{
    if (slot >= set->n || !ct_equal(set->at[slot].mac, offered->recovery_mac, SHA256_BYTES))
        return WHY_WRONG_RECOVERY_CODE;
    return set->at[slot].spent ? WHY_USED_RECOVERY_CODE : WHY_NONE;
}

static void judge_recovery(struct user *user, const struct offered *offered,
                           const struct circumstances *c, struct decision *d, struct evidence *e)
{
    unsigned slot = recovery_code_slot(&offered->recovery);

    e->method = BY_RECOVERY_CODE;
    if (!lockout_admits(&user->recovery_lockout, c->now_s, d, &e->reason))
        return;
    e->reason = match_recovery(&user->recovery, offered, slot);
    if (e->reason != WHY_NONE) {
        reject(&user->recovery_lockout, c, d, e);
        return;
    }
    lockout_reset(&user->recovery_lockout);
    user->recovery.at[slot].spent = true;
    e->recovery_slot = offered->recovery.chars[0];
    d->answer = ERR_OK;
}

static struct evidence evidence_none(void)
{
    return (struct evidence){.authenticator = -1, .after = LOCKOUT_OPEN};
}

enum err second_factor_judge(struct user *user, const struct offered *offered,
                             const struct circumstances *c, struct decision *d,
                             struct evidence *ret)
{
    struct candidates active = {.at = user->authenticators, .n = user->n_authenticators};

    *ret = evidence_none();
    if (active.n == 0 || offered->kind == OFFERED_NONE) {
        d->answer = ERR_NOT_ENROLLED;
        ret->reason = WHY_NOT_ENROLLED;
        return ERR_OK;
    }
    if (offered->kind == OFFERED_CODE)
        return judge_code(user, &active, &offered->code, c, d, ret);
    judge_recovery(user, offered, c, d, ret);
    return ERR_OK;
}

enum err second_factor_judge_pending(struct user *user, const struct offered *offered,
                                     const struct circumstances *c, struct decision *d,
                                     struct evidence *ret)
{
    struct candidates pending = {.at = &user->enrollment.authenticator, .n = 1};

    *ret = evidence_none();
    return judge_code(user, &pending, &offered->code, c, d, ret);
}

static void add_as(struct audit_facts *facts, struct audit_fact fact, enum audit_type type)
{
    fact.type = type;
    audit_add(facts, fact);
}

void evidence_report(const struct evidence *e, const struct user *user, enum audit_type yes,
                     enum audit_type no, struct decision *d)
{
    bool accepted = d->answer == ERR_OK;
    struct audit_fact fact = {.outcome = accepted ? AUDIT_SUCCESS : AUDIT_DENIED,
                              .reason = e->reason,
                              .method = e->method,
                              .has_authenticator = e->authenticator >= 0,
                              .recovery_slot = e->recovery_slot,
                              .step_offset = e->step_offset};

    memcpy(fact.authenticator, e->authenticator_id, ID_BYTES);
    add_as(&d->facts, fact, accepted ? yes : no);
    if (e->after == LOCKOUT_WAITING)
        add_as(&d->facts, fact, AUDIT_ACCOUNT_LOCKED);
    if (e->after == LOCKOUT_SUSPENDED)
        add_as(&d->facts, fact, AUDIT_ACCOUNT_SUSPENDED);
    if (e->recovery_slot)
        add_as(&d->facts, fact, AUDIT_RECOVERY_USED);
    if (e->recovery_slot && user_recovery_left(user) <= RECOVERY_LOW)
        add_as(&d->facts, fact, AUDIT_RECOVERY_LOW);
}

enum err verify_decide(struct user *user, const struct offered *offered,
                       const struct circumstances *c, struct decision *d, struct evidence *ret)
{
    TRY(second_factor_judge(user, offered, c, d, ret));
    if (d->answer != ERR_VALIDATION)
        evidence_report(ret, user, AUDIT_VERIFICATION_SUCCEEDED, AUDIT_VERIFICATION_FAILED, d);
    return ERR_OK;
}
