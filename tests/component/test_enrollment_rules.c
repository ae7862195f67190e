/* Rule 6, and the attacks on enrolment: what is pending counts for nothing, what is in force stays.
 */
#include "support/runner.h"
#include "support/steps.h"

#include "core/base32.h"

#include <stdlib.h>

/* Confirms with T's token and the code of APP. */
static enum err confirm_err(struct service *s, const struct told *t)
{
    return confirm(s, t, true).err;
}

static void rule_06_a_new_begin_replaces_the_pending_one(void **state)
{
    struct service *s = *state;
    struct told first, second;

    service_put_user(s, "ada", PASSWORD);
    first = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    second = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    assert_int_equal(confirm_err(s, &first), ERR_INVALID_TOKEN);
    first.app = second.app;
    assert_int_equal(confirm_err(s, &first), ERR_INVALID_TOKEN);
    assert_int_equal(confirm_err(s, &second), ERR_OK);
}

/* The same token may begin again; only the last secret shown is the one. */
static void rule_06_begin_again_with_the_same_token(void **state)
{
    struct service *s = *state;
    struct told first, second;

    service_put_user(s, "ada", PASSWORD);
    first = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    EXPECT(ERR_OK, confirm(s, &first, false));
    second = EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", first.token}));
    assert_memory_not_equal(second.app.key.bytes, first.app.key.bytes, first.app.key.n);
    assert_int_equal(status(s, "ada").state, PENDING);
    EXPECT(ERR_CONFLICT, ASK(s, "enrollment.complete", {"step_token", first.token}));
    assert_int_equal(confirm_err(s, &first), ERR_CODE_REJECTED);
    first.app = second.app;
    assert_int_equal(confirm_err(s, &first), ERR_OK);
}

/* Rule 7: beginning again does not keep a token alive. */
static void rule_07_attack_A29_A38_begin_again_prolongs_nothing(void **state)
{
    struct service *s = *state;
    struct told first, second;

    set_policy(s, "enrollment_ttl_seconds", 60);
    service_put_user(s, "ada", PASSWORD);
    first = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    service_advance(s, 50);
    second = EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", first.token}));
    assert_int_equal(second.expires_at, first.expires_at);
    service_advance(s, 10);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", first.token}));
}

static void rule_06_cancel(void **state)
{
    struct service *s = *state;
    struct told t;

    service_put_user(s, "ada", PASSWORD);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    assert_int_equal(EXPECT(ERR_OK, ASK(s, "enrollment.cancel", {"step_token", t.token})).state,
                     NOT_ENROLLED);
    assert_int_equal(confirm_err(s, &t), ERR_INVALID_TOKEN);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.cancel", {"step_token", t.token}));
}

static bool holds(struct bytes haystack, const char *needle)
{
    size_t n = strlen(needle);

    for (size_t i = 0; i + n <= haystack.n; i++)
        if (memcmp(haystack.p + i, needle, n) == 0)
            return true;
    return false;
}

/* Frees A after a look for the secret and the recovery codes in it. */
static void no_secret_in(struct answer a, const struct told *begun, const struct told *confirmed)
{
    char secret[BASE32_CHARS(SECRET_MAX) + 1];

    base32_encode(secret_view(&begun->app.key), secret);
    assert_false(holds(a.raw, secret));
    for (size_t i = 0; i < confirmed->n_codes; i++)
        assert_false(holds(a.raw, confirmed->codes[i]));
    answer_free(&a);
}

/* Shown by Begin and by Confirm, and never again. */
static void rule_06_secrets_are_shown_once(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct told begun, confirmed;

    service_put_user(s, "ada", PASSWORD);
    begun = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    confirmed = EXPECT(ERR_OK, confirm(s, &begun, false));
    assert_int_equal(confirmed.n_codes, 10);
    service_advance(s, 30);
    app_code(&begun.app, s, 0, code);
    no_secret_in(ASK_RAW(s, "verification.get_status", {"username", "ada"}), &begun, &confirmed);
    EXPECT(ERR_CONFLICT, confirm(s, &begun, false));
    no_secret_in(ASK_RAW(s, "enrollment.confirm", {"step_token", begun.token}, {"code", code}),
                 &begun, &confirmed);
    no_secret_in(ASK_RAW(s, "enrollment.complete", {"step_token", begun.token}), &begun,
                 &confirmed);
    no_secret_in(ASK_RAW(s, "verification.get_status", {"username", "ada"}), &begun, &confirmed);
    assert_int_equal(status(s, "ada").state, ACTIVE);
}

/* A user whose name cannot be shown in an authenticator is told so, and nothing is begun. */
static void a_name_with_a_colon_is_refused(void **state)
{
    struct service *s = *state;

    service_put_user(s, "corp:ada", PASSWORD);
    assert_string_equal(EXPECT(ERR_VALIDATION, begin(s, "corp:ada", NO_SECOND)).field, "username");
    assert_int_equal(status(s, "corp:ada").state, NOT_ENROLLED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_06_a_new_begin_replaces_the_pending_one, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_06_begin_again_with_the_same_token, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_07_attack_A29_A38_begin_again_prolongs_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_06_cancel, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_06_secrets_are_shown_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_name_with_a_colon_is_refused, set_up, tear_down),
};
RUN(tests)
