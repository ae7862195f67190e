/* CygNet Bridge, call by call: login with and without X-WFT-AuthCode, tfa-qr, tfa-confirm,
 * tfa-reset. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static struct told login(struct service *s, const char *code)
{
    return ASK(s, "login.login", {"username", "peter"}, {"password", PASSWORD}, {"code", code});
}

/* Disabled, the default there: nobody is asked, nobody enrols; what exists is kept. */
static void mode_disabled_asks_nobody(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told t;

    service_enroll(s, "peter", &e);
    set_policy(s, "mode", DISABLED);
    t = EXPECT(ERR_OK, login(s, NULL));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "pwd");
    t = EXPECT(ERR_OK, login(s, app_wrong_code(&e.app, s, code)));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "pwd");
    service_put_user(s, "paula", PASSWORD);
    EXPECT(ERR_POLICY_FORBIDS, begin(s, "paula", NO_SECOND));
    EXPECT(ERR_POLICY_FORBIDS, begin(s, "peter", BY_CODE(app_code(&e.app, s, 0, code))));
    assert_int_equal(service_verify(s, "peter", code), ERR_OK);
    set_policy(s, "mode", OPTIONAL);
    assert_int_equal(EXPECT(ERR_OK, login(s, NULL)).outcome, CODE_REQUIRED);
}

/* A login that lacks the code, or has a wrong one, is no login: 403 there. */
static void mode_optional_asks_those_who_registered(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct told qr, t;

    service_put_user(s, "peter", PASSWORD);
    assert_int_equal(EXPECT(ERR_OK, login(s, NULL)).outcome, AUTHENTICATED);
    qr = EXPECT(ERR_OK, begin(s, "peter", NO_SECOND));
    /* "TFA registration is not complete until this confirmation step" */
    assert_int_equal(EXPECT(ERR_OK, login(s, NULL)).outcome, AUTHENTICATED);
    t = EXPECT(ERR_OK, confirm(s, &qr, true));
    assert_int_equal(t.state, ACTIVE);

    service_advance(s, 60);
    t = EXPECT(ERR_OK, login(s, NULL));
    assert_int_equal(t.outcome, CODE_REQUIRED);
    assert_string_equal(t.amr, "");
    EXPECT(ERR_CODE_REJECTED, login(s, app_wrong_code(&qr.app, s, code)));
    t = EXPECT(ERR_OK, login(s, app_code(&qr.app, s, 0, code)));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "pwd otp mfa");
}

/* The QR answer is used as an image as it is. */
static void tfa_qr_is_an_image(void **state)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    Twofold__V1__BeginReply *reply;
    struct service *s = *state;
    struct answer a;
    char *token;

    service_put_user(s, "peter", PASSWORD);
    token = service_token(s, "peter");
    a = ASK_RAW(s, "enrollment.begin", {"step_token", token});
    assert_int_equal(a.err, ERR_OK);
    reply = (Twofold__V1__BeginReply *)a.reply;
    assert_true(reply->qr_png.len > sizeof signature);
    assert_memory_equal(reply->qr_png.data, signature, sizeof signature);
    assert_non_null(strstr(reply->qr_svg, "<svg"));
    assert_non_null(strstr(reply->otpauth_uri, "otpauth://totp/Twofold:peter?"));
    assert_non_null(strstr(reply->otpauth_uri, reply->secret));
    answer_free(&a);
    free(token);
}

/* 400 there. */
static void tfa_qr_of_a_registered_user_is_refused(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "peter", &e);
    EXPECT(ERR_ALREADY_ENROLLED, begin(s, "peter", NO_SECOND));
    assert_int_equal(status(s, "peter").state, ACTIVE);
}

static void mode_required_registers_at_the_first_login(void **state)
{
    struct service *s = *state;
    struct told first, qr;
    char code[OTP_DIGITS_MAX + 1];

    set_policy(s, "mode", REQUIRED);
    service_put_user(s, "peter", PASSWORD);
    first = EXPECT(ERR_OK, login(s, NULL));
    assert_int_equal(first.outcome, ENROLLMENT_REQUIRED);
    assert_string_equal(first.auth_type, "authenticator");
    assert_string_equal(first.amr, "");
    assert_int_equal(first.expires_at, s->now_ms / 1000 + 300);

    qr = EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", first.token}));
    snprintf(qr.token, sizeof qr.token, "%s", first.token);
    assert_int_equal(EXPECT(ERR_OK, login(s, NULL)).outcome, ENROLLMENT_REQUIRED);
    assert_int_equal(EXPECT(ERR_OK, confirm(s, &qr, true)).state, ACTIVE);
    assert_int_equal(EXPECT(ERR_OK, login(s, NULL)).outcome, CODE_REQUIRED);
    service_advance(s, 30);
    assert_int_equal(EXPECT(ERR_OK, login(s, app_code(&qr.app, s, 0, code))).outcome,
                     AUTHENTICATED);
}

/* tfa-reset: as if the user had never registered; the old authenticator is worth nothing. */
static void an_administrator_resets(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told t, qr;

    service_enroll(s, "peter", &e);
    fail_codes(s, "peter", &e, 7);
    for (int i = 0; i < 6; i++)
        assert_int_equal(service_verify_recovery(s, "peter", WRONG_RECOVERY), ERR_CODE_REJECTED);
    t = EXPECT(ERR_OK, ASK(s, "admin.reset_second_factor", {"username", "peter"}));
    assert_int_equal(t.state, NOT_ENROLLED);
    assert_int_equal(EXPECT(ERR_OK, login(s, NULL)).outcome, AUTHENTICATED);
    assert_int_equal(service_verify(s, "peter", app_code(&e.app, s, 0, code)), ERR_NOT_ENROLLED);
    assert_int_equal(service_verify_recovery(s, "peter", e.codes[0]), ERR_NOT_ENROLLED);

    qr = EXPECT(ERR_OK, begin(s, "peter", NO_SECOND));
    t = EXPECT(ERR_CODE_REJECTED, ASK(s, "enrollment.confirm", {"step_token", qr.token},
                                      {"code", app_wrong_code(&qr.app, s, code)}));
    assert_int_equal(t.attempts_left, 4); /* the counters began anew */
    EXPECT(ERR_OK, confirm(s, &qr, true));
    service_advance(s, 60);
    EXPECT(ERR_CODE_REJECTED, login(s, app_code(&e.app, s, 0, code)));
    assert_int_equal(service_verify_recovery(s, "peter", e.codes[0]), ERR_CODE_REJECTED);
    EXPECT(ERR_OK, login(s, app_code(&qr.app, s, 0, code)));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(mode_disabled_asks_nobody, set_up, tear_down),
    cmocka_unit_test_setup_teardown(mode_optional_asks_those_who_registered, set_up, tear_down),
    cmocka_unit_test_setup_teardown(tfa_qr_is_an_image, set_up, tear_down),
    cmocka_unit_test_setup_teardown(tfa_qr_of_a_registered_user_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(mode_required_registers_at_the_first_login, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_administrator_resets, set_up, tear_down),
};
RUN(tests)
