/* First factor, then second: what a login and a password confirmation answer. */
#ifndef TWOFOLD_CORE_LOGIN_H
#define TWOFOLD_CORE_LOGIN_H

#include "core/verify.h"

/* How long a new token lives and what it is called; random bytes come from outside. */
struct token_grant {
    uint8_t id[TOKEN_ID_BYTES];
    int64_t expires_s;
};

/* A password may be looked at now? Else D answers LOCKED or SUSPENDED with its fact (NO). Asked
 * before the hash is computed, and again after it. */
bool password_admits(const struct user *user, const struct circumstances *c, enum audit_type no,
                     struct decision *d);

/* Judges the outcome of the hash (MATCHES is never true for a user that does not exist) and counts.
 * D->answer is ERR_OK or WRONG_CREDENTIALS, then with facts. */
void password_judge(struct user *user, bool matches, const struct circumstances *c,
                    enum audit_type no, struct decision *d);

/* Login.ConfirmPassword, once the password is judged good: grants an ACCOUNT token. */
void confirm_password_decide(struct user *user, const struct token_grant *grant,
                             struct decision *d);

/* Admin.IssueStepToken: grants a FIRST_FACTOR token. */
void issue_token_decide(struct user *user, const struct token_grant *grant, struct decision *d);

enum login_outcome { LOGIN_AUTHENTICATED = 1, LOGIN_CODE_REQUIRED, LOGIN_ENROLLMENT_REQUIRED };

/* Authentication methods that were used, for RFC 8176. */
enum { AMR_PWD = 1, AMR_OTP = 2, AMR_MFA = 4 };

struct login_ask {
    const uint8_t *token; /* id of the step token; NULL: the password was judged good */
    const struct offered *second;
    struct token_grant grant; /* for the token that the answer may carry */
};

struct login_result {
    enum login_outcome outcome; /* with D->answer ERR_OK */
    bool used_second;
    unsigned amr;
    const struct step_token *token; /* live token that the answer carries, in USER; NULL: none */
    bool token_is_new;              /* else it is the one that came */
};

/* Login.Login after the first factor: D->answer as second_factor_judge, or INVALID_TOKEN. */
NODISCARD enum err login_decide(struct user *user, const struct login_ask *ask,
                                const struct circumstances *c, struct decision *d,
                                struct login_result *ret);

/* The live token of ID if its purpose is one of PURPOSES (bits 1 << purpose); else NULL, and
 * D->answer is INVALID_TOKEN. */
struct step_token *token_admits(struct user *user, const uint8_t id[static TOKEN_ID_BYTES],
                                unsigned purposes, struct decision *d);

#endif
