/*
 * Tests speak to the service in lines, not in messages: a method, the fields by name, and what was
 * told in return.
 *
 *     struct told t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", p}));
 */
#ifndef TWOFOLD_TESTS_SUPPORT_STEPS_H
#define TWOFOLD_TESTS_SUPPORT_STEPS_H

#include "support/service.h"

/* Short names for what the contract calls by long ones. */
enum { AUTHENTICATED = 1, CODE_REQUIRED, ENROLLMENT_REQUIRED };   /* LoginReply.Outcome */
enum { NOT_ENROLLED = 1, PENDING, CONFIRMED, ACTIVE, SUSPENDED }; /* SecondFactor.State */
enum { DISABLED = 1, OPTIONAL, REQUIRED };                        /* Policy.Mode */
_Static_assert((int)ENROLLMENT_REQUIRED ==
                   (int)TWOFOLD__V1__LOGIN_REPLY__OUTCOME__ENROLLMENT_REQUIRED,
               "");
_Static_assert((int)SUSPENDED == (int)TWOFOLD__V1__SECOND_FACTOR__STATE__SUSPENDED, "");
_Static_assert((int)REQUIRED == (int)TWOFOLD__V1__POLICY__MODE__REQUIRED, "");
#define REASON(name) TWOFOLD__V1__AUDIT_EVENT__REASON__##name

/* For cmocka_unit_test_setup_teardown: *STATE is a started struct service. */
int set_up(void **state);
int tear_down(void **state);

/* What an answer said, whichever method gave it; what its message does not have is zero. */
struct told {
    enum err err;
    int64_t retry_after_s; /* of a refusal, as the next two */
    int32_t attempts_left;
    char field[32]; /* first violation */
    int outcome, state, method;
    char auth_type[16], amr[16]; /* amr: "pwd otp mfa" */
    char token[STEP_TOKEN_MAX + 1];
    int64_t expires_at;
    int32_t recovery_left;
    size_t n_codes;
    char codes[RECOVERY_CODES_MAX][RECOVERY_TEXT_BYTES];
    struct app_authenticator app; /* of Begin */
    size_t n_authenticators;      /* of GetStatus */
};

/* A field of a request; with VALUE NULL it is left out. */
struct field {
    const char *name, *value;
};

/* Sends METHOD ("login.login") with FIELDS, which end with a nameless one. */
struct told ask(struct service *s, const char *method, const struct field *fields);
#define ASK(s, method, ...) ask(s, method, (const struct field[]){__VA_ARGS__, {NULL, NULL}})

/* The same, for what is not told: the whole answer, to be freed. */
struct answer ask_raw(struct service *s, const char *method, const struct field *fields);
#define ASK_RAW(s, method, ...) \
    ask_raw(s, method, (const struct field[]){__VA_ARGS__, {NULL, NULL}})

/* Packs the request of METHOD with FIELDS; malloc'ed, and its length. */
uint8_t *pack(struct service *s, const char *method, const struct field *fields, size_t *ret_n);

/* Fails the test unless TOLD was answered with WANT; hands it on. */
struct told expect_at(enum err want, struct told told, const char *file, int line);
#define EXPECT(want, told) expect_at(want, told, __FILE__, __LINE__)

/* Sets one number of the policy of s->org. */
void set_policy(struct service *s, const char *field, int32_t value);

/* --- The verbs that take a second factor --- */

enum { TAKES_NAME = 1, TAKES_PASSWORD = 2, TAKES_TOKEN = 4, TAKES_RECOVERY = 8 };

struct verb {
    const char *method;
    unsigned takes;
};
extern const struct verb verbs[];
extern const size_t n_verbs;

/* Offers VALUE as FIELD ("code" or "recovery_code") to VERB; a token it needs is issued afresh. */
struct told offer(struct service *s, const struct verb *verb, const char *username,
                  struct field second);

/* --- Steps --- */

/* Begin with a fresh token, the code or recovery code SECOND if it has a name. The token and the
 * authenticator are told. */
struct told begin(struct service *s, const char *username, struct field second);

/* Confirm with the right code of the moment. */
struct told confirm(struct service *s, const struct told *begun, bool activate);

struct told status(struct service *s, const char *username);

/* Verify with a code that is wrong. */
struct told guess(struct service *s, const char *username, const struct enrolled *e);

/* Fails N times by guessing, stepping over the waits. */
void fail_codes(struct service *s, const char *username, const struct enrolled *e, unsigned n);

/* Is this token of ConfirmPassword or IssueStepToken alive? To complete what was never begun needs
 * a live one, and spends none. */
bool token_lives(struct service *s, const char *token);

/* Gives the user, who has one, a second authenticator. */
void import_second(struct service *s, const char *username);

/* Verify refuses CODE and tells the trail that it was a replay. */
void denied_as_replay(struct service *s, const char *username, const char *code);

/* A recovery code that is well formed and wrong. */
#define WRONG_RECOVERY "00000-00000-00000-00000-00000"
#define NO_SECOND ((struct field){NULL, NULL})
#define BY_CODE(text) ((struct field){"code", text})
#define BY_RECOVERY(text) ((struct field){"recovery_code", text})

#endif
