/*
 * A user as the core sees it: everything that decides whether a credential is good. A plain value;
 * how it is stored and sealed is the store's affair.
 */
#ifndef TWOFOLD_CORE_USER_H
#define TWOFOLD_CORE_USER_H

#include "core/lockout.h"
#include "core/otp.h"
#include "core/recovery.h"

enum { ID_BYTES = 16, TOKEN_ID_BYTES = 16, SEALED_SECRET_MAX = SECRET_MAX + 32 };
enum { SEALED_PHC_MAX = PHC_MAX - 1 + 32 };

/* Whose record: both NUL-terminated and checked (parse.h), borrowed. */
struct user_id {
    const char *org, *username;
};

struct authenticator {
    uint8_t id[ID_BYTES];
    char label[LABEL_MAX + 1];
    struct otp_params otp;
    struct secret key;
    bool damaged;                      /* the stored key could not be unsealed: never matches */
    uint8_t sealed[SEALED_SECRET_MAX]; /* the key as stored; empty until the store has sealed it */
    size_t n_sealed;
    int64_t created_s, last_used_s; /* last_used_s 0: never */
    uint64_t last_step;
};

struct recovery_set {
    uint8_t id[RECOVERY_SET_BYTES];
    uint32_t pepper; /* id of the key that the MACs are under */
    unsigned n;      /* slots; 0: no set */
    struct {
        uint8_t mac[SHA256_BYTES];
        bool spent;
    } at[RECOVERY_CODES_MAX];
};

enum enrollment_state { ENROLLMENT_NONE, ENROLLMENT_PENDING, ENROLLMENT_CONFIRMED };

/* At most one enrolment is under way; it is not in force before it is complete. */
struct enrollment {
    enum enrollment_state state;
    struct authenticator authenticator;
    struct recovery_set recovery;  /* made at confirmation */
    uint8_t token[TOKEN_ID_BYTES]; /* the step token that began it, and alone may go on */
    uint8_t replaces[ID_BYTES];    /* authenticator that gives way at completion; zero: none */
    int64_t expires_s;
};

/* What a step token is good for. */
enum token_purpose {
    TOKEN_ACCOUNT = 1,  /* ConfirmPassword: enrol, disable, regenerate */
    TOKEN_LOGIN,        /* Login's CODE_REQUIRED: finish that login */
    TOKEN_ENROLL,       /* Login's ENROLLMENT_REQUIRED: a first enrolment */
    TOKEN_FIRST_FACTOR, /* IssueStepToken: any of the above, once */
};

/* A live token; one that is not listed here is dead. */
struct step_token {
    uint8_t id[TOKEN_ID_BYTES];
    enum token_purpose purpose;
    uint64_t credential_version;
    int64_t expires_s;
    bool password_proved; /* here, by password; false: the caller vouched for the first factor */
};

/* Head of the user's chain of audit events. */
struct audit_chain {
    uint64_t sequence; /* of the last event; 0: none */
    uint8_t digest[SHA256_BYTES];
};

/* What every user has comes first. All that is not in use is zero: slots behind the counts, a set
 * without slots, an enrolment that is none. */
struct user {
    bool exists;
    unsigned n_authenticators, n_tokens;
    int64_t created_s;
    /* Raised by every change of password or factor: kills all tokens. */
    uint64_t credential_version;
    struct lockout password_lockout, code_lockout, recovery_lockout;
    struct audit_chain chain;
    /* The password's hash; none: all empty. Loaded, it is sealed alone: the text is the store's to
     * open. A new one, of user_set_password(), has no sealed form until it is saved. */
    char password_phc[PHC_MAX];
    uint8_t sealed_password[SEALED_PHC_MAX];
    size_t n_sealed_password;
    struct recovery_set recovery;
    struct authenticator authenticators[AUTHENTICATORS_MAX]; /* active ones */
    struct step_token tokens[STEP_TOKENS_MAX];               /* oldest first */
    struct enrollment enrollment;
};

/* Makes all of it zero again. A user of the record format's maximum is wiped when it leaves scope:
 * auto_user u = {0}; */
void user_wipe(struct user *u);
#define auto_user CLEANUP(user_wipe) struct user

enum factor_state {
    FACTOR_NOT_ENROLLED = 1,
    FACTOR_PENDING,
    FACTOR_CONFIRMED,
    FACTOR_ACTIVE,
    FACTOR_SUSPENDED,
};

/* State of the second factor at NOW_S; an expired enrolment counts for nothing. */
enum factor_state user_factor_state(const struct user *u, int64_t now_s);

/* Recovery codes in force that are not spent. */
int32_t user_recovery_left(const struct user *u);

/* Puts PHC ("": none), shorter than PHC_MAX, in the place of the password's hash. The only way to
 * change it: what was sealed before would be saved again. */
void user_set_password(struct user *u, const char *phc);

/* Ends all tokens and the pending enrolment: password or factor changed. */
void user_credentials_changed(struct user *u);

/* Drops what time has ended: tokens, pending enrolment. Call after loading, before deciding. */
void user_expire(struct user *u, int64_t now_s);

/* Ends the pending enrolment, and with it the token that began it. */
void user_drop_enrollment(struct user *u);

/* Removes authenticator INDEX; with the last one go the recovery codes (rule 8). */
void user_remove_authenticator(struct user *u, unsigned index);

/* Adds a token; with STEP_TOKENS_MAX alive the oldest gives way. */
void user_add_token(struct user *u, const struct step_token *t);

/* The live token of ID, or NULL. */
struct step_token *user_find_token(struct user *u, const uint8_t id[static TOKEN_ID_BYTES]);

/* Ends the token of ID, if it lives. */
void user_spend_token(struct user *u, const uint8_t id[static TOKEN_ID_BYTES]);

#endif
