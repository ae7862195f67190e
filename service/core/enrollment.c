#include "core/enrollment.h"

#include "base/secret.h"

/*
 *              Begin            Confirm               Complete
 *   nothing  ---------> PENDING ---------> CONFIRMED ----------> in force
 *                          |  Confirm with activate  ^
 *                          +-------------------------+
 *
 * The token that began an enrolment becomes that enrolment's own: it alone may go on, it lives as
 * long, and it is good for nothing else. Whatever is in force stays so until the last arrow.
 */

enum { ANY_ACCOUNT_TOKEN = 1U << TOKEN_ACCOUNT | 1U << TOKEN_FIRST_FACTOR };
enum { ANY_ENROLLMENT_TOKEN = ANY_ACCOUNT_TOKEN | 1U << TOKEN_ENROLL };

static void refuse(struct decision *d, enum err answer)
{
    d->answer = answer;
}

static void refuse_field(struct decision *d, const char *field, const char *rule)
{
    d->answer = ERR_VALIDATION;
    d->field = field;
    d->rule = rule;
}

static void tell(struct decision *d, enum audit_type type, const struct authenticator *a)
{
    struct audit_fact fact = {.type = type, .outcome = AUDIT_SUCCESS, .has_authenticator = a};

    if (a)
        memcpy(fact.authenticator, a->id, ID_BYTES);
    d->answer = ERR_OK;
    audit_add(&d->facts, fact);
}

/* The authenticator that gives way: the one that the code came from, or, when a recovery code stood
 * in, the one that was used the longest ago. */
static const struct authenticator *giving_way(const struct user *user, const struct evidence *e)
{
    const struct authenticator *oldest = &user->authenticators[0];

    if (e->authenticator >= 0)
        return &user->authenticators[e->authenticator];
    for (unsigned i = 1; i < user->n_authenticators; i++)
        if (user->authenticators[i].last_used_s < oldest->last_used_s)
            oldest = &user->authenticators[i];
    return oldest;
}

/* Rule 8, for Begin: may one more be begun, and which gives way for it? False: D has the refusal.
 */
static enum err begin_admits(struct user *user, const struct begin_ask *ask,
                             const struct circumstances *c, struct decision *d,
                             uint8_t ret_replaces[static ID_BYTES])
{
    bool full = user->n_authenticators >= (unsigned)c->policy->max_authenticators;
    struct evidence e;

    memset(ret_replaces, 0, ID_BYTES);
    if (user->n_authenticators == 0) {
        if (ask->second->kind != OFFERED_NONE)
            refuse_field(d, "second_factor", "must be empty: no authenticator is active");
        return ERR_OK;
    }
    if (ask->second->kind == OFFERED_NONE) {
        if (full)
            refuse(d, ERR_ALREADY_ENROLLED);
        else
            refuse_field(d, "second_factor", "is required while an authenticator is active");
        return ERR_OK;
    }
    TRY(second_factor_judge(user, ask->second, c, d, &e));
    if (d->answer != ERR_VALIDATION)
        evidence_report(&e, user, AUDIT_VERIFICATION_SUCCEEDED, AUDIT_VERIFICATION_FAILED, d);
    if (d->answer == ERR_OK && full)
        memcpy(ret_replaces, giving_way(user, &e)->id, ID_BYTES);
    return ERR_OK;
}

/* The token becomes the enrolment's own and lives as long. One that begins again keeps its first
 * end: else it could be kept alive for ever. */
static void adopt_token(struct user *user, const uint8_t id[static TOKEN_ID_BYTES],
                        const struct circumstances *c)
{
    bool again = user->enrollment.state != ENROLLMENT_NONE &&
                 ct_equal(user->enrollment.token, id, TOKEN_ID_BYTES);
    struct step_token *token;

    if (again)
        return;
    user_drop_enrollment(user);
    token = user_find_token(user, id);
    token->purpose = TOKEN_ENROLL;
    token->expires_s = c->now_s + c->policy->enrollment_ttl_seconds;
}

enum err begin_decide(struct user *user, const struct begin_ask *ask, const struct circumstances *c,
                      struct decision *d)
{
    struct step_token *token = token_admits(user, ask->token, ANY_ENROLLMENT_TOKEN, d);
    uint8_t replaces[ID_BYTES];

    if (!token)
        return ERR_OK;
    if (c->policy->mode == POLICY_DISABLED) {
        refuse(d, ERR_POLICY_FORBIDS);
        return ERR_OK;
    }
    TRY(begin_admits(user, ask, c, d, replaces));
    if (d->answer != ERR_OK)
        return ERR_OK;
    adopt_token(user, ask->token, c);
    token = user_find_token(user, ask->token);
    wipe(&user->enrollment, sizeof user->enrollment);
    user->enrollment.state = ENROLLMENT_PENDING;
    user->enrollment.authenticator = *ask->fresh;
    user->enrollment.expires_s = token->expires_s;
    memcpy(user->enrollment.token, ask->token, TOKEN_ID_BYTES);
    memcpy(user->enrollment.replaces, replaces, ID_BYTES);
    tell(d, AUDIT_ENROLLMENT_BEGUN, ask->fresh);
    return ERR_OK;
}

/* Is TOKEN good, and is the enrolment that it began in STATE? */
static bool enrollment_admits(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                              enum enrollment_state state, const struct circumstances *c,
                              struct decision *d)
{
    if (!token_admits(user, token, ANY_ENROLLMENT_TOKEN, d))
        return false;
    if (c->policy->mode == POLICY_DISABLED)
        refuse(d, ERR_POLICY_FORBIDS);
    else if (user->enrollment.state != state ||
             !ct_equal(user->enrollment.token, token, TOKEN_ID_BYTES))
        refuse(d, ERR_CONFLICT);
    return d->answer == ERR_OK;
}

static int find_authenticator(const struct user *user, const uint8_t id[static ID_BYTES])
{
    for (unsigned i = 0; i < user->n_authenticators; i++)
        if (ct_equal(user->authenticators[i].id, id, ID_BYTES))
            return (int)i;
    return -1;
}

bool confirm_wants_recovery(const struct user *user)
{
    return user->n_authenticators == 0 || find_authenticator(user, user->enrollment.replaces) >= 0;
}

/* The last arrow: in one step the new one is in force and the old one gone. */
static void activate(struct user *user, const struct circumstances *c, struct decision *d)
{
    int old = find_authenticator(user, user->enrollment.replaces);

    if (old < 0 && user->n_authenticators >= (unsigned)c->policy->max_authenticators) {
        refuse(d, ERR_CONFLICT);
        return;
    }
    if (old < 0)
        old = (int)user->n_authenticators++;
    user->authenticators[old] = user->enrollment.authenticator;
    if (user->enrollment.recovery.n > 0 || user->n_authenticators == 1)
        user->recovery = user->enrollment.recovery;
    tell(d, AUDIT_ENROLLMENT_COMPLETED, &user->authenticators[old]);
    user_credentials_changed(user);
}

enum err confirm_decide(struct user *user, const struct confirm_ask *ask,
                        const struct circumstances *c, struct decision *d)
{
    const struct secret *key = &user->enrollment.authenticator.key;
    bool wants_recovery = confirm_wants_recovery(user);
    struct evidence e;

    if (!enrollment_admits(user, ask->token, ENROLLMENT_PENDING, c, d))
        return ERR_OK;
    if (ask->echo->n &&
        (ask->echo->n != key->n || !ct_equal(ask->echo->bytes, key->bytes, key->n))) {
        refuse_field(d, "secret", "must be the secret of this enrollment, or empty");
        return ERR_OK;
    }
    TRY(second_factor_judge_pending(user, ask->code, c, d, &e));
    if (d->answer == ERR_VALIDATION)
        return ERR_OK;
    evidence_report(&e, user, AUDIT_ENROLLMENT_CONFIRMED, AUDIT_VERIFICATION_FAILED, d);
    if (d->answer != ERR_OK)
        return ERR_OK;
    user->enrollment.state = ENROLLMENT_CONFIRMED;
    if (wants_recovery)
        user->enrollment.recovery = *ask->recovery;
    if (ask->activate)
        activate(user, c, d);
    return ERR_OK;
}

void complete_decide(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                     const struct circumstances *c, struct decision *d)
{
    if (enrollment_admits(user, token, ENROLLMENT_CONFIRMED, c, d))
        activate(user, c, d);
}

void cancel_decide(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                   struct decision *d)
{
    if (!token_admits(user, token, ANY_ENROLLMENT_TOKEN, d))
        return;
    if (user->enrollment.state == ENROLLMENT_NONE ||
        !ct_equal(user->enrollment.token, token, TOKEN_ID_BYTES)) {
        refuse(d, ERR_CONFLICT);
        return;
    }
    tell(d, AUDIT_ENROLLMENT_CANCELLED, &user->enrollment.authenticator);
    user_drop_enrollment(user);
}

/* Password (token) and a current second factor, for changing what is in force: D->answer. */
static enum err change_admits(struct user *user, const uint8_t *token, const struct offered *second,
                              const struct circumstances *c, struct decision *d)
{
    struct evidence e;

    if (!token_admits(user, token, ANY_ACCOUNT_TOKEN, d))
        return ERR_OK;
    if (user->n_authenticators == 0) {
        refuse(d, ERR_NOT_ENROLLED);
        return ERR_OK;
    }
    if (second->kind == OFFERED_NONE)
        return ERR_OK;
    TRY(second_factor_judge(user, second, c, d, &e));
    if (d->answer != ERR_VALIDATION)
        evidence_report(&e, user, AUDIT_VERIFICATION_SUCCEEDED, AUDIT_VERIFICATION_FAILED, d);
    return ERR_OK;
}

static void remove_all(struct user *user)
{
    while (user->n_authenticators > 0)
        user_remove_authenticator(user, user->n_authenticators - 1);
    user_credentials_changed(user);
}

enum err disable_decide(struct user *user, const uint8_t token[static TOKEN_ID_BYTES],
                        const struct offered *second, const struct circumstances *c,
                        struct decision *d)
{
    if (!token_admits(user, token, ANY_ACCOUNT_TOKEN, d))
        return ERR_OK;
    if (c->policy->mode == POLICY_REQUIRED) {
        refuse(d, ERR_POLICY_FORBIDS);
        return ERR_OK;
    }
    if (user->n_authenticators > 0 && second->kind == OFFERED_NONE &&
        c->policy->disable_requires_code) {
        refuse_field(d, "second_factor", "is required: code or recovery_code");
        return ERR_OK;
    }
    TRY(change_admits(user, token, second, c, d));
    if (d->answer != ERR_OK)
        return ERR_OK;
    tell(d, AUDIT_FACTOR_DISABLED, NULL);
    remove_all(user);
    return ERR_OK;
}

enum err regenerate_decide(struct user *user, const struct regenerate_ask *ask,
                           const struct circumstances *c, struct decision *d)
{
    TRY(change_admits(user, ask->token, ask->code, c, d));
    if (d->answer != ERR_OK)
        return ERR_OK;
    user->recovery = *ask->recovery;
    tell(d, AUDIT_RECOVERY_REGENERATED, NULL);
    user_credentials_changed(user);
    return ERR_OK;
}

void reset_decide(struct user *user, struct decision *d)
{
    lockout_reset(&user->code_lockout);
    lockout_reset(&user->recovery_lockout);
    remove_all(user);
    tell(d, AUDIT_FACTOR_RESET, NULL);
}

void unlock_decide(struct user *user, const struct circumstances *c, struct decision *d)
{
    lockout_reset(&user->password_lockout);
    lockout_reset(&user->code_lockout);
    lockout_reset(&user->recovery_lockout);
    for (unsigned i = 0; i < user->n_authenticators; i++) {
        struct authenticator *a = &user->authenticators[i];
        uint64_t now = otp_step(&a->otp, c->now_s);

        if (a->last_step > now + (uint64_t)c->policy->skew_steps)
            a->last_step = now;
    }
    tell(d, AUDIT_ACCOUNT_UNLOCKED, NULL);
}
