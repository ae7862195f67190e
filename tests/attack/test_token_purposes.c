/* A37: a step token is good for its own steps and for no others. Every kind against every verb. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

/* How a token came to be. */
enum kind {
    BY_CONFIRM_PASSWORD,
    BY_ISSUE,
    BY_BEGIN,               /* one that began an enrolment */
    BY_CONFIRM,             /* and confirmed it */
    BY_CODE_REQUIRED,       /* Login's; the user is enrolled */
    BY_ENROLLMENT_REQUIRED, /* Login's; the user is not */
    KINDS
};

enum verb_of_token { LOGIN, BEGIN, CONFIRM, COMPLETE, CANCEL, DISABLE, REGENERATE, VERBS };

static const char *const methods[] = {
    [LOGIN] = "login.login",
    [BEGIN] = "enrollment.begin",
    [CONFIRM] = "enrollment.confirm",
    [COMPLETE] = "enrollment.complete",
    [CANCEL] = "enrollment.cancel",
    [DISABLE] = "enrollment.disable",
    [REGENERATE] = "enrollment.regenerate_recovery_codes",
};

enum { DENY = ERR_INVALID_TOKEN, STATE = ERR_CONFLICT };

/* DENY wherever the purpose does not fit; otherwise what the state of the user says. */
static const int answers[KINDS][VERBS] = {
    /*                         login   begin   confirm  complete cancel disable regenerate */
    [BY_CONFIRM_PASSWORD] = {DENY, ERR_OK, STATE, STATE, STATE, ERR_OK, ERR_OK},
    [BY_ISSUE] = {ERR_OK, ERR_OK, STATE, STATE, STATE, ERR_OK, ERR_OK},
    [BY_BEGIN] = {DENY, ERR_OK, ERR_OK, STATE, ERR_OK, DENY, DENY},
    [BY_CONFIRM] = {DENY, ERR_OK, STATE, ERR_OK, ERR_OK, DENY, DENY},
    [BY_CODE_REQUIRED] = {ERR_OK, DENY, DENY, DENY, DENY, DENY, DENY},
    [BY_ENROLLMENT_REQUIRED] = {DENY, ERR_OK, STATE, STATE, STATE, DENY, DENY},
};

static bool is_enrolled(enum kind kind)
{
    return kind == BY_CONFIRM_PASSWORD || kind == BY_ISSUE || kind == BY_CODE_REQUIRED;
}

struct bearer {
    char username[32];
    struct app_authenticator app; /* active, or pending */
    char token[STEP_TOKEN_MAX + 1];
};

static void obtain_enrolled(struct service *s, enum kind kind, struct bearer *b)
{
    struct enrolled e = {.n_codes = 0};
    struct told t = {.err = ERR_OK};
    char *issued;

    service_enroll(s, b->username, &e);
    b->app = e.app;
    issued = service_issue(s, b->username);
    if (kind == BY_CONFIRM_PASSWORD)
        t = EXPECT(ERR_OK, ASK(s, "login.confirm_password", {"username", b->username},
                               {"password", PASSWORD}));
    if (kind == BY_CODE_REQUIRED)
        t = EXPECT(ERR_OK,
                   ASK(s, "login.login", {"username", b->username}, {"password", PASSWORD}));
    snprintf(b->token, sizeof b->token, "%s", *t.token ? t.token : issued);
    free(issued);
}

static void obtain_not_enrolled(struct service *s, enum kind kind, struct bearer *b)
{
    struct told t;

    service_put_user(s, b->username, PASSWORD);
    if (kind == BY_ENROLLMENT_REQUIRED) {
        set_policy(s, "mode", REQUIRED);
        t = EXPECT(ERR_OK,
                   ASK(s, "login.login", {"username", b->username}, {"password", PASSWORD}));
        set_policy(s, "mode", OPTIONAL);
    } else {
        t = EXPECT(ERR_OK, begin(s, b->username, NO_SECOND));
        b->app = t.app;
    }
    if (kind == BY_CONFIRM)
        EXPECT(ERR_OK, confirm(s, &t, false));
    service_advance(s, 30);
    snprintf(b->token, sizeof b->token, "%s", t.token);
}

static enum err use(struct service *s, const struct bearer *b, enum verb_of_token verb,
                    bool enrolled)
{
    bool takes_code = verb == CONFIRM || verb == REGENERATE ||
                      (enrolled && (verb == LOGIN || verb == BEGIN || verb == DISABLE));
    char code[OTP_DIGITS_MAX + 1] = "000000";

    if (b->app.key.n)
        app_code(&b->app, s, 0, code);
    return ASK(s, methods[verb], {"username", verb == LOGIN ? b->username : NULL},
               {"step_token", b->token}, {"code", takes_code ? code : NULL})
        .err;
}

static void attack_A37_every_pair(void **state)
{
    struct service *s = *state;

    for (int kind = 0; kind < KINDS; kind++)
        for (int verb = 0; verb < VERBS; verb++) {
            struct bearer b = {.token = ""};
            enum err err;

            snprintf(b.username, sizeof b.username, "user-%d-%d", kind, verb);
            if (is_enrolled((enum kind)kind))
                obtain_enrolled(s, (enum kind)kind, &b);
            else
                obtain_not_enrolled(s, (enum kind)kind, &b);
            err = use(s, &b, (enum verb_of_token)verb, is_enrolled((enum kind)kind));
            if ((int)err != answers[kind][verb])
                fail_msg("token kind %d, %s: %s", kind, methods[verb], err_name(err));
        }
}

/* A27: who still owes a code enrols nothing, whatever else is in the request. */
static void attack_A27_begin_while_a_code_is_owed(void **state)
{
    struct service *s = *state;
    struct bearer b = {.username = "ada"};
    char code[OTP_DIGITS_MAX + 1];

    set_policy(s, "max_authenticators", 3);
    obtain_enrolled(s, BY_CODE_REQUIRED, &b);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", b.token}));
    app_code(&b.app, s, 0, code);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", b.token}, {"code", code}));
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

/* Both kinds of sealed text are of one keyring; neither opens as the other, nor elsewhere. */
static void attack_A37_page_token_as_step_token(void **state)
{
    struct service *s = *state;
    const char *page;
    struct answer a;
    char *token;

    service_put_user(s, "a-name-that-is-longer-than-a-token-id", PASSWORD);
    service_put_user(s, "bob", PASSWORD);
    token = service_issue(s, "bob");
    a = ASK_RAW(s, "admin.list_users", {"page_size", "1"});
    assert_int_equal(a.err, ERR_OK);
    page = ((Twofold__V1__ListUsersReply *)a.reply)->next_page_token;
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", page}));
    EXPECT(ERR_VALIDATION, ASK(s, "admin.list_users", {"page_token", token}));
    EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", token}));
    EXPECT(ERR_OK, ASK(s, "admin.list_users", {"page_token", page}));
    s->org = "acme";
    set_policy(s, "mode", OPTIONAL);
    EXPECT(ERR_VALIDATION, ASK(s, "admin.list_users", {"page_token", page}));
    answer_free(&a);
    free(token);
}

/* OTHER is a live token of the user whose enrolment BEGUN is. */
static void other_goes_nowhere(struct service *s, const struct told *begun, const char *other)
{
    static const char *const steps[] = {"enrollment.confirm", "enrollment.complete",
                                        "enrollment.cancel"};
    struct standing before, after;
    char code[OTP_DIGITS_MAX + 1];

    assert_true(token_lives(s, other));
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        bool takes_code = i == 0;

        app_code(&begun->app, s, 0, code);
        EXPECT(ERR_CONFLICT, ASK(s, steps[i], {"step_token", other},
                                 {takes_code ? "code" : NULL, takes_code ? code : NULL}));
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

/* Of the right kind, of the right user, and all the same not the one that began: neither the
 * password nor a caller's word gives away an enrolment that somebody else has begun. */
static void attack_A37_another_token_does_not_go_on(void **state)
{
    struct service *s = *state;
    char *by_password, *issued;
    struct told begun;

    service_put_user(s, "ada", PASSWORD);
    by_password = service_token(s, "ada");
    issued = service_issue(s, "ada");
    begun = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    other_goes_nowhere(s, &begun, by_password);
    other_goes_nowhere(s, &begun, issued);
    EXPECT(ERR_OK, confirm(s, &begun, false));
    service_advance(s, 30);
    other_goes_nowhere(s, &begun, by_password);
    other_goes_nowhere(s, &begun, issued);
    EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", begun.token}));
    assert_int_equal(status(s, "ada").state, ACTIVE);
    free(by_password);
    free(issued);
}

/* A caller's word for the first factor is no password, and is not passed off as one. */
static void attack_A37_an_issued_token_proves_no_password(void **state)
{
    struct service *s = *state;
    struct bearer b = {.username = "ada"};
    char code[OTP_DIGITS_MAX + 1];
    struct told t;
    char *token;

    obtain_enrolled(s, BY_ISSUE, &b);
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"step_token", b.token},
                           {"code", app_code(&b.app, s, 0, code)}));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "otp");
    service_put_user(s, "eve", PASSWORD);
    token = service_issue(s, "eve");
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "eve"}, {"step_token", token}));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "");
    free(token);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A37_every_pair, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A37_another_token_does_not_go_on, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A37_an_issued_token_proves_no_password, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A27_begin_while_a_code_is_owed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A37_page_token_as_step_token, set_up, tear_down),
};
RUN(tests)
