/* ImportAuthenticator: secrets that were made elsewhere; and IssueStepToken, for their owners. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include "core/base32.h"

#include <stdlib.h>

#define KEY "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static struct told import(struct service *s, const char *uri)
{
    return ASK(s, "admin.import_authenticator", {"username", "ada"}, {"otpauth_uri", uri});
}

static const struct {
    const char *uri;
    struct otp_params otp;
} good[] = {
    {"otpauth://totp/Old:ada?secret=" KEY, {MAC_SHA1, 6, 30}},
    {"otpauth://totp/ada?secret=" KEY "&issuer=Old", {MAC_SHA1, 6, 30}},
    {"otpauth://totp/Old%3Aada?secret=" KEY "&issuer=Old&digits=8", {MAC_SHA1, 8, 30}},
    {"otpauth://totp/Old:%20ada?secret=" KEY "&period=60", {MAC_SHA1, 6, 60}},
    {"otpauth://totp/a:b?algorithm=SHA256&digits=8&period=60&secret=" KEY, {MAC_SHA256, 8, 60}},
    {"otpauth://totp/a:b?secret=" KEY "&algorithm=SHA512&image=x", {MAC_SHA512, 6, 30}},
};

/* What the URI says, not what the policy says, makes the codes. */
static void what_is_imported_works_as_its_uri_says(void **state)
{
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct app_authenticator app = {.otp = good[i].otp};
        char code[OTP_DIGITS_MAX + 1];
        struct told t;

        service_put_user(s, "ada", PASSWORD);
        t = import(s, good[i].uri);
        if (t.err != ERR_OK)
            fail_msg("%s answered %s", good[i].uri, err_name(t.err));
        assert_int_equal(t.state, ACTIVE);
        assert_int_equal(status(s, "ada").n_authenticators, 1);
        assert_int_equal(status(s, "ada").recovery_left, 0);
        assert_int_equal(base32_decode(KEY, strlen(KEY), &app.key), ERR_OK);
        assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
        assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    }
}

static const char *const bad[] = {
    "otpauth://hotp/a:b?secret=" KEY "&counter=1",
    "otpauth://totp/a:b",
    "otpauth://totp/a:b?secret=",
    "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ", /* 80 bits */
    "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
    "otpauth://totp/a:b?secret=" KEY "&secret=" KEY,
    "otpauth://totp/a:b?secret=" KEY "&s%65cret=" KEY,
    "otpauth://totp/a:b?secret=" KEY "&digits=7",
    "otpauth://totp/a:b?secret=" KEY "&digits=06",
    "otpauth://totp/a:b?secret=" KEY "&digits=-6",
    "otpauth://totp/a:b?secret=" KEY "&period=0",
    "otpauth://totp/a:b?secret=" KEY "&period=30s",
    "otpauth://totp/a:b?secret=" KEY "&algorithm=MD5",
    "otpauth://totp/a:b?secret=" KEY "&algorithm=sha1x",
    "otpauth://totp/a:b?secret=" KEY "&issuer=c",
    "otpauth://totp/a:b:c?secret=" KEY,
    "otpauth://totp/?secret=" KEY,
    "otpauth://totp/a%00b?secret=" KEY,
    "otpauth://totp/a%0ab?secret=" KEY,
    "otpauth://totp/a%ff?secret=" KEY,
    "otpauth://totp/a%4?secret=" KEY,
    "otpauth://totp/a b?secret=" KEY,
    "otpauth://totp/a:b?secret=" KEY "#",
    "http://totp/a:b?secret=" KEY,
    " otpauth://totp/a:b?secret=" KEY,
};

static void other_uris_are_refused_and_leave_nothing(void **state)
{
    struct service *s = *state;
    struct standing before, after;

    service_put_user(s, "ada", PASSWORD);
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct told t = import(s, bad[i]);

        if (t.err != ERR_VALIDATION)
            fail_msg("%s answered %s", bad[i], err_name(t.err));
        assert_string_equal(t.field, "otpauth_uri");
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

static void no_more_than_the_policy_allows(void **state)
{
    struct service *s = *state;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    EXPECT(ERR_ALREADY_ENROLLED, import(s, good[0].uri));
    set_policy(s, "max_authenticators", 3);
    EXPECT(ERR_OK, import(s, good[0].uri));
    EXPECT(ERR_OK, import(s, good[2].uri));
    EXPECT(ERR_ALREADY_ENROLLED, import(s, good[3].uri));
    assert_int_equal(status(s, "ada").n_authenticators, 3);
}

/* Codes of six and of eight digits side by side: each is judged where it belongs. */
static void an_import_stands_beside_what_was_enrolled(void **state)
{
    struct service *s = *state;
    struct app_authenticator eight = {.otp = good[2].otp};
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;

    service_enroll(s, "ada", &e);
    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, import(s, good[2].uri));
    assert_int_equal(base32_decode(KEY, strlen(KEY), &eight.key), ERR_OK);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify(s, "ada", app_code(&eight, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
    assert_int_equal(status(s, "ada").recovery_left, 10);
}

/* One secret twice, as two authenticators: what one has accepted, the other must not. */
static void the_same_secret_twice_accepts_a_code_once(void **state)
{
    struct service *s = *state;
    struct app_authenticator app = {.otp = good[0].otp};
    char code[OTP_DIGITS_MAX + 1];

    service_put_user(s, "ada", PASSWORD);
    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, import(s, good[0].uri));
    EXPECT(ERR_OK, import(s, good[1].uri));
    assert_int_equal(base32_decode(KEY, strlen(KEY), &app.key), ERR_OK);
    assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(REPLAYED));
}

/* --- IssueStepToken --- */

static void an_issued_token_stands_for_the_first_factor_of_a_login(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    struct told t;
    char *token;

    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"step_token", token},
                           {"code", app_code(&e.app, s, 0, code)}));
    assert_int_equal(t.outcome, AUTHENTICATED);
    assert_string_equal(t.amr, "otp"); /* no password was proved here */
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "login.login", {"username", "ada"}, {"step_token", token}));
    free(token);
}

static void an_issued_token_enrols_once(void **state)
{
    struct service *s = *state;
    struct told begun;

    service_put_user(s, "ada", PASSWORD);
    begun = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    EXPECT(ERR_OK, confirm(s, &begun, true));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", begun.token}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_imported_works_as_its_uri_says, set_up, tear_down),
    cmocka_unit_test_setup_teardown(other_uris_are_refused_and_leave_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(no_more_than_the_policy_allows, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_import_stands_beside_what_was_enrolled, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_same_secret_twice_accepts_a_code_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_issued_token_stands_for_the_first_factor_of_a_login, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(an_issued_token_enrols_once, set_up, tear_down),
};
RUN(tests)
