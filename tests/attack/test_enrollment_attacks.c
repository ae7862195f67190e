/* What is pending counts for nothing, what is in force stays, whoever has the password alone. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

/* A26: the password alone begins nothing while a factor is active. */
static void attack_A26_begin_with_the_password_alone(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    char *token;

    service_enroll(s, "ada", &e);
    for (int max = 1; max <= 2; max++) {
        set_policy(s, "max_authenticators", max);
        token = service_token(s, "ada");
        EXPECT(max == 1 ? ERR_ALREADY_ENROLLED : ERR_VALIDATION,
               ASK(s, "enrollment.begin", {"step_token", token}));
        EXPECT(ERR_CODE_REJECTED, ASK(s, "enrollment.begin", {"step_token", token},
                                      {"code", app_wrong_code(&e.app, s, code)}));
        EXPECT(ERR_CODE_REJECTED, ASK(s, "enrollment.begin", {"step_token", token},
                                      {"recovery_code", WRONG_RECOVERY}));
        EXPECT(ERR_CONFLICT, ASK(s, "enrollment.complete", {"step_token", token}));
        free(token);
    }
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void attack_A29_confirmed_after_its_time(void **state)
{
    struct service *s = *state;
    struct told t;

    set_policy(s, "enrollment_ttl_seconds", 60);
    service_put_user(s, "ada", PASSWORD);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    assert_int_equal(t.expires_at, s->now_ms / 1000 + 60);
    service_advance(s, 60);
    EXPECT(ERR_INVALID_TOKEN, confirm(s, &t, true));

    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    service_advance(s, 59);
    EXPECT(ERR_OK, confirm(s, &t, false));
    service_advance(s, 1); /* a confirmation does not prolong it */
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.complete", {"step_token", t.token}));
    assert_int_equal(status(s, "ada").state, NOT_ENROLLED);
}

static void attack_A29_confirmed_after_a_password_change(void **state)
{
    struct service *s = *state;
    struct told t;

    service_put_user(s, "ada", PASSWORD);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    service_put_user(s, "ada", "another horse");
    EXPECT(ERR_INVALID_TOKEN, confirm(s, &t, true));
    assert_int_equal(status(s, "ada").state, NOT_ENROLLED);
}

/* A login with the code of a pending authenticator claims a password, and no factor besides. */
static void is_no_factor(struct service *s, const char *code)
{
    struct told t = EXPECT(
        ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", code}));

    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "pwd");
}

/* A30: neither its codes nor its recovery codes are worth anything before the last step. */
static void attack_A30_an_unfinished_factor_is_none(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct told begun, confirmed;

    service_put_user(s, "ada", PASSWORD);
    begun = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    app_code(&begun.app, s, 0, code);
    assert_int_equal(service_verify(s, "ada", code), ERR_NOT_ENROLLED);
    is_no_factor(s, code);
    confirmed = EXPECT(ERR_OK, confirm(s, &begun, false));
    service_advance(s, 30);
    app_code(&begun.app, s, 0, code);
    assert_int_equal(service_verify(s, "ada", code), ERR_NOT_ENROLLED);
    assert_int_equal(service_verify_recovery(s, "ada", confirmed.codes[0]), ERR_NOT_ENROLLED);
    assert_int_equal(status(s, "ada").recovery_left, 0);
    is_no_factor(s, code);
    EXPECT(ERR_NOT_ENROLLED, offer(s, &(struct verb){"enrollment.disable", TAKES_TOKEN}, "ada",
                                   BY_RECOVERY(confirmed.codes[0])));
    EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", begun.token}));
    assert_int_equal(service_verify_recovery(s, "ada", confirmed.codes[0]), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

/* A31: neither does it disable or regenerate. */
static void attack_A31_password_alone(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char *token;

    service_enroll(s, "ada", &e);
    token = service_token(s, "ada");
    assert_string_equal(
        EXPECT(ERR_VALIDATION, ASK(s, "enrollment.disable", {"step_token", token})).field,
        "second_factor");
    EXPECT(ERR_VALIDATION, ASK(s, "enrollment.regenerate_recovery_codes", {"step_token", token}));
    assert_int_equal(status(s, "ada").recovery_left, 10);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    free(token);
}

static void attack_A33_disable_where_it_is_required(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct verb disable = {"enrollment.disable", TAKES_TOKEN};

    service_enroll(s, "ada", &e);
    set_policy(s, "mode", REQUIRED);
    app_code(&e.app, s, 0, code);
    EXPECT(ERR_POLICY_FORBIDS, offer(s, &disable, "ada", BY_CODE(code)));
    set_policy(s, "disable_requires_code", 0);
    EXPECT(ERR_POLICY_FORBIDS, offer(s, &disable, "ada", NO_SECOND));
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

/* A34: an organization becomes required while users have nothing. */
static void attack_A34_required_from_now_on(void **state)
{
    struct service *s = *state;
    struct told issued, t;
    char *token;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    set_policy(s, "mode", REQUIRED);
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    assert_int_equal(t.outcome, ENROLLMENT_REQUIRED);
    issued = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"step_token", token}));
    assert_int_equal(issued.outcome, ENROLLMENT_REQUIRED);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "login.login", {"username", "ada"}, {"step_token", token}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "login.login", {"username", "ada"}, {"step_token", t.token}));
    free(token);
}

static void attack_A35_password_change_keeps_the_factor(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told t;

    service_enroll(s, "ada", &e);
    service_put_user(s, "ada", "another horse");
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", "another horse"}));
    assert_int_equal(t.outcome, CODE_REQUIRED);
    assert_int_equal(status(s, "ada").recovery_left, 10);
}

/* A31: a session alone - a login's token, or a code without a token - changes nothing. */
static void attack_A31_session_alone(void **state)
{
    static const char *const methods[] = {"enrollment.disable",
                                          "enrollment.regenerate_recovery_codes"};
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told login;

    service_enroll(s, "ada", &e);
    login = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    app_code(&e.app, s, 0, code);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        EXPECT(ERR_INVALID_TOKEN, ASK(s, methods[i], {"step_token", login.token}, {"code", code}));
        EXPECT(ERR_VALIDATION, ASK(s, methods[i], {"code", code}));
    }
    assert_int_equal(status(s, "ada").state, ACTIVE);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A26_begin_with_the_password_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A29_confirmed_after_its_time, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A29_confirmed_after_a_password_change, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A30_an_unfinished_factor_is_none, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A31_password_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A33_disable_where_it_is_required, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A34_required_from_now_on, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A35_password_change_keeps_the_factor, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A31_session_alone, set_up, tear_down),
};
RUN(tests)
