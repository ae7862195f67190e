/* Radio Bridge, call by call: confirm the password, QR, verify, complete, disable. */
#include "support/runner.h"
#include "support/steps.h"

#include "core/base32.h"

static struct told confirm_password(struct service *s, const char *password)
{
    return ASK(s, "login.confirm_password", {"username", "rosa"}, {"password", password});
}

/* Enrols rosa in four calls, as the console does; what Confirm told, with the token and the app. */
static struct told enable(struct service *s)
{
    char code[OTP_DIGITS_MAX + 1];
    struct told token, qr, confirmed;

    service_put_user(s, "rosa", PASSWORD);
    token = EXPECT(ERR_OK, confirm_password(s, PASSWORD));
    qr = EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", token.token}));
    confirmed = EXPECT(ERR_OK, ASK(s, "enrollment.confirm", {"step_token", token.token},
                                   {"code", app_code(&qr.app, s, 0, code)}));
    EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", token.token}));
    confirmed.app = qr.app;
    service_advance(s, 60);
    return confirmed;
}

/* 422 without a password, 400 with a wrong one, a token with the right one. */
static void confirm_password_access(void **state)
{
    struct service *s = *state;
    struct told t;

    service_put_user(s, "rosa", PASSWORD);
    t = EXPECT(ERR_VALIDATION, confirm_password(s, NULL));
    assert_string_equal(t.field, "password");
    t = EXPECT(ERR_WRONG_CREDENTIALS, confirm_password(s, "wrong horse"));
    assert_string_equal(t.token, "");
    t = EXPECT(ERR_OK, confirm_password(s, PASSWORD));
    assert_true(strlen(t.token) >= 22);
    assert_int_equal(t.expires_at, s->now_ms / 1000 + 300);
}

static void enabling_takes_four_calls(void **state)
{
    struct service *s = *state;
    struct told token, qr, t;
    char code[OTP_DIGITS_MAX + 1];

    service_put_user(s, "rosa", PASSWORD);
    token = EXPECT(ERR_OK, confirm_password(s, PASSWORD));
    qr = EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", token.token}));
    assert_int_equal(qr.app.key.n, OTP_SECRET_BYTES);
    assert_int_equal(status(s, "rosa").state, PENDING);

    t = EXPECT(ERR_VALIDATION, ASK(s, "enrollment.confirm", {"step_token", token.token}));
    assert_string_equal(t.field, "code");
    EXPECT(ERR_CODE_REJECTED, ASK(s, "enrollment.confirm", {"step_token", token.token},
                                  {"code", app_wrong_code(&qr.app, s, code)}));
    t = EXPECT(ERR_OK, ASK(s, "enrollment.confirm", {"step_token", token.token},
                           {"code", app_code(&qr.app, s, 0, code)}));
    assert_int_equal(t.state, CONFIRMED);
    assert_int_equal(t.n_codes, 10);
    assert_int_equal(status(s, "rosa").state, CONFIRMED);

    t = EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", token.token}));
    assert_int_equal(t.state, ACTIVE);
    assert_int_equal(status(s, "rosa").recovery_left, 10);
}

/* google2fa_secret: optional here, and only this enrolment's own will do. */
static void the_echoed_secret_must_match(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1], echo[BASE32_CHARS(SECRET_MAX) + 1];
    struct told qr, t;

    service_put_user(s, "rosa", PASSWORD);
    qr = EXPECT(ERR_OK, begin(s, "rosa", NO_SECOND));
    app_code(&qr.app, s, 0, code);
    t = EXPECT(ERR_VALIDATION, ASK(s, "enrollment.confirm", {"step_token", qr.token},
                                   {"code", code}, {"secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}));
    assert_string_equal(t.field, "secret");
    base32_encode(secret_view(&qr.app.key), echo);
    EXPECT(ERR_OK, ASK(s, "enrollment.confirm", {"step_token", qr.token}, {"code", code},
                       {"secret", echo}));
}

/* "status false, mfa true, auth_type authenticator", then the code. */
static void login_tells_that_a_code_is_needed(void **state)
{
    struct service *s = *state;
    struct told e = enable(s), t;
    char code[OTP_DIGITS_MAX + 1];

    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "rosa"}, {"password", PASSWORD}));
    assert_int_equal(t.outcome, CODE_REQUIRED);
    assert_string_equal(t.auth_type, "authenticator");
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "rosa"}, {"step_token", t.token},
                           {"code", app_code(&e.app, s, 0, code)}));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.token, "");
}

static void a_recovery_code_stands_in(void **state)
{
    struct service *s = *state;
    struct told e = enable(s), t;

    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "rosa"}, {"password", PASSWORD},
                           {"recovery_code", e.codes[9]}));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "pwd mfa");
    assert_int_equal(t.recovery_left, 9);
}

static void disabling_takes_a_fresh_token(void **state)
{
    struct service *s = *state;
    struct told e = enable(s), token, t;
    char code[OTP_DIGITS_MAX + 1];

    token = EXPECT(ERR_OK, confirm_password(s, PASSWORD));
    t = EXPECT(ERR_OK, ASK(s, "enrollment.disable", {"step_token", token.token},
                           {"code", app_code(&e.app, s, 0, code)}));
    assert_int_equal(t.state, NOT_ENROLLED);
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "rosa"}, {"password", PASSWORD}));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_int_equal(status(s, "rosa").recovery_left, 0);
}

/* As the seed has it: an organization may do without the code. */
static void disabling_without_a_code_if_the_policy_says_so(void **state)
{
    struct service *s = *state;
    struct told e = enable(s), token;
    char code[OTP_DIGITS_MAX + 1];

    set_policy(s, "disable_requires_code", 0);
    token = EXPECT(ERR_OK, confirm_password(s, PASSWORD));
    EXPECT(ERR_CODE_REJECTED, ASK(s, "enrollment.disable", {"step_token", token.token},
                                  {"code", app_wrong_code(&e.app, s, code)}));
    EXPECT(ERR_OK, ASK(s, "enrollment.disable", {"step_token", token.token}));
}

/* Requests are scoped to an organization: rosa here is not rosa there. */
static void an_organization_is_a_world_of_its_own(void **state)
{
    struct service *s = *state;
    struct told e = enable(s);
    char code[OTP_DIGITS_MAX + 1];

    s->org = "acme";
    EXPECT(ERR_NOT_FOUND, ASK(s, "verification.get_status", {"username", "rosa"}));
    set_policy(s, "mode", OPTIONAL);
    assert_int_equal(status(s, "rosa").state, NOT_ENROLLED);
    EXPECT(ERR_WRONG_CREDENTIALS, confirm_password(s, PASSWORD));
    EXPECT(ERR_NOT_ENROLLED, ASK(s, "verification.verify", {"username", "rosa"},
                                 {"code", app_code(&e.app, s, 0, code)}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(confirm_password_access, set_up, tear_down),
    cmocka_unit_test_setup_teardown(enabling_takes_four_calls, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_echoed_secret_must_match, set_up, tear_down),
    cmocka_unit_test_setup_teardown(login_tells_that_a_code_is_needed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_recovery_code_stands_in, set_up, tear_down),
    cmocka_unit_test_setup_teardown(disabling_takes_a_fresh_token, set_up, tear_down),
    cmocka_unit_test_setup_teardown(disabling_without_a_code_if_the_policy_says_so, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(an_organization_is_a_world_of_its_own, set_up, tear_down),
};
RUN(tests)
