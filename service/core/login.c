#include "core/login.h"

/*
 * The password decides first and alone: until it is judged good nobody looks at a code, so that a
 * stranger can neither guess codes nor lock them. What comes after depends on the
 * organization's mode and on whether the user has an active authenticator; an enrolment that is not
 * complete counts for nothing.
 */

struct step_token *token_admits(struct user *user, const uint8_t id[static TOKEN_ID_BYTES],
                                unsigned purposes, struct decision *d)
{
    struct step_token *t = user_find_token(user, id);

    if (t && (purposes & 1U << t->purpose))
        return t;
    d->answer = ERR_INVALID_TOKEN;
    return NULL;
}

static struct audit_fact password_fact(enum audit_type type, enum audit_reason why)
{
    return (struct audit_fact){.type = type,
                               .outcome = why == WHY_NONE ? AUDIT_SUCCESS : AUDIT_DENIED,
                               .reason = why,
                               .method = BY_PASSWORD};
}

bool password_admits(const struct user *user, const struct circumstances *c, enum audit_type no,
                     struct decision *d)
{
    enum audit_reason why = WHY_NONE;

    if (lockout_admits(&user->password_lockout, c->now_s, d, &why))
        return true;
    audit_add(&d->facts, password_fact(no, why));
    return false;
}

void password_judge(struct user *user, bool matches, const struct circumstances *c,
                    enum audit_type no, struct decision *d)
{
    enum lockout_state after;

    if (user->exists && matches) {
        lockout_reset(&user->password_lockout);
        d->answer = ERR_OK;
        return;
    }
    after = lockout_fail(&user->password_lockout, c->policy, c->now_s);
    d->answer = ERR_WRONG_CREDENTIALS;
    d->attempts_left = lockout_attempts_left(&user->password_lockout, c->policy);
    (void)lockout_check(&user->password_lockout, c->now_s, &d->retry_after_s);
    audit_add(&d->facts, password_fact(no, user->exists ? WHY_WRONG_PASSWORD : WHY_UNKNOWN_USER));
    if (after == LOCKOUT_WAITING)
        audit_add(&d->facts, password_fact(AUDIT_ACCOUNT_LOCKED, WHY_WRONG_PASSWORD));
    if (after == LOCKOUT_SUSPENDED)
        audit_add(&d->facts, password_fact(AUDIT_ACCOUNT_SUSPENDED, WHY_WRONG_PASSWORD));
}

static const struct step_token *grant_token(struct user *user, const struct token_grant *grant,
                                            enum token_purpose purpose, bool password_proved)
{
    struct step_token t = {.purpose = purpose,
                           .credential_version = user->credential_version,
                           .expires_s = grant->expires_s,
                           .password_proved = password_proved};

    memcpy(t.id, grant->id, sizeof t.id);
    user_add_token(user, &t);
    return user_find_token(user, grant->id);
}

void confirm_password_decide(struct user *user, const struct token_grant *grant, struct decision *d)
{
    (void)grant_token(user, grant, TOKEN_ACCOUNT, true);
    d->answer = ERR_OK;
    audit_add(&d->facts, password_fact(AUDIT_PASSWORD_CONFIRMED, WHY_NONE));
}

void issue_token_decide(struct user *user, const struct token_grant *grant, struct decision *d)
{
    (void)grant_token(user, grant, TOKEN_FIRST_FACTOR, false);
    d->answer = ERR_OK;
    audit_add(&d->facts, (struct audit_fact){.type = AUDIT_TOKEN_ISSUED, .outcome = AUDIT_SUCCESS});
}

/* "mfa" only when two factors were proved here; a recovery code has no registered value. */
static unsigned amr_of(bool password_proved, enum audit_method second)
{
    unsigned amr = password_proved ? AMR_PWD : 0;

    if (second == BY_TOTP)
        amr |= AMR_OTP;
    if (password_proved && second != BY_NONE)
        amr |= AMR_MFA;
    return amr;
}

static void authenticated(struct user *user, const struct login_ask *ask, struct audit_fact fact,
                          struct login_result *ret)
{
    ret->outcome = LOGIN_AUTHENTICATED;
    ret->used_second = fact.method == BY_TOTP || fact.method == BY_RECOVERY_CODE;
    ret->token = NULL;
    if (ask->token)
        user_spend_token(user, ask->token);
}

/* Everything that needs no look at a code: true when the answer is complete. */
static bool settled_without_code(struct user *user, const struct login_ask *ask,
                                 const struct circumstances *c, bool password_proved,
                                 struct decision *d, struct login_result *ret)
{
    struct audit_fact fact = {.outcome = AUDIT_SUCCESS,
                              .method = ask->token ? BY_STEP_TOKEN : BY_PASSWORD};

    if (c->policy->mode != POLICY_DISABLED && user->n_authenticators > 0) {
        if (ask->second->kind != OFFERED_NONE)
            return false;
        fact.type = AUDIT_LOGIN_CODE_REQUIRED;
        fact.outcome = AUDIT_CHALLENGED;
        ret->outcome = LOGIN_CODE_REQUIRED;
        if (!ask->token) {
            ret->token = grant_token(user, &ask->grant, TOKEN_LOGIN, true);
            ret->token_is_new = true;
        }
    } else if (c->policy->mode == POLICY_REQUIRED) {
        fact.type = AUDIT_LOGIN_ENROLLMENT_REQUIRED;
        fact.outcome = AUDIT_CHALLENGED;
        ret->outcome = LOGIN_ENROLLMENT_REQUIRED;
        if (ask->token)
            user_spend_token(user, ask->token);
        ret->token = grant_token(user, &ask->grant, TOKEN_ENROLL, password_proved);
        ret->token_is_new = true;
    } else {
        fact.type = AUDIT_LOGIN_SUCCEEDED;
        ret->amr = amr_of(password_proved, BY_NONE);
        authenticated(user, ask, fact, ret);
    }
    d->answer = ERR_OK;
    audit_add(&d->facts, fact);
    return true;
}

enum err login_decide(struct user *user, const struct login_ask *ask, const struct circumstances *c,
                      struct decision *d, struct login_result *ret)
{
    bool password_proved = true;
    struct evidence e;

    *ret = (struct login_result){.outcome = LOGIN_AUTHENTICATED};
    if (ask->token) {
        ret->token =
            token_admits(user, ask->token, 1U << TOKEN_LOGIN | 1U << TOKEN_FIRST_FACTOR, d);
        if (!ret->token)
            return ERR_OK;
        password_proved = ret->token->password_proved;
    }
    if (settled_without_code(user, ask, c, password_proved, d, ret))
        return ERR_OK;
    TRY(second_factor_judge(user, ask->second, c, d, &e));
    /* A right password always leaves a trace, and its answer waits for a commit as a wrong one's
     * does. */
    if (d->answer == ERR_VALIDATION)
        e.reason = WHY_MALFORMED_CODE;
    evidence_report(&e, user, AUDIT_LOGIN_SUCCEEDED, AUDIT_LOGIN_FAILED, d);
    if (d->answer == ERR_OK) {
        ret->amr = amr_of(password_proved, e.method);
        authenticated(user, ask, d->facts.at[0], ret);
    }
    return ERR_OK;
}
