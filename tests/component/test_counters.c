/* Rule 4: a counter each for passwords, codes and recovery codes; whichever verb, the same counter.
 */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static struct told wrong_password(struct service *s)
{
    return ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"});
}

static struct told wrong_recovery(struct service *s)
{
    return ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", WRONG_RECOVERY});
}

/* Verb after verb the free tries run out; then all of them are closed. */
static void rule_04_all_verbs_count_codes_together(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    assert_int_equal(n_verbs, 6); /* five free tries and the one that locks */
    service_enroll(s, "ada", &e);
    app_wrong_code(&e.app, s, code);
    for (size_t i = 0; i < n_verbs; i++) {
        struct told t = EXPECT(ERR_CODE_REJECTED, offer(s, &verbs[i], "ada", BY_CODE(code)));

        assert_int_equal(t.attempts_left, i < 5 ? 4 - (int)i : 0);
        assert_int_equal(t.retry_after_s, i < 5 ? 0 : 30);
    }
    for (size_t i = 0; i < n_verbs; i++)
        EXPECT(ERR_LOCKED, offer(s, &verbs[i], "ada", BY_CODE(code)));
}

static void rule_04_all_verbs_count_recovery_codes_together(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    int left = 5;

    service_enroll(s, "ada", &e);
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i].takes & TAKES_RECOVERY)
            assert_int_equal(
                EXPECT(ERR_CODE_REJECTED, offer(s, &verbs[i], "ada", BY_RECOVERY(WRONG_RECOVERY)))
                    .attempts_left,
                --left);
    assert_int_equal(left, 0);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, wrong_recovery(s)).retry_after_s, 30);
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i].takes & TAKES_RECOVERY)
            EXPECT(ERR_LOCKED, offer(s, &verbs[i], "ada", BY_RECOVERY(e.codes[0])));
}

static void rule_04_both_verbs_count_passwords_together(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (int i = 0; i < 6; i++) {
        struct told t =
            EXPECT(ERR_WRONG_CREDENTIALS, ASK(s, i % 2 ? "login.login" : "login.confirm_password",
                                              {"username", "ada"}, {"password", "wrong horse"}));

        assert_int_equal(t.attempts_left, i < 5 ? 4 - i : 0);
        assert_int_equal(t.retry_after_s, i < 5 ? 0 : 30);
    }
    EXPECT(ERR_LOCKED, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_LOCKED,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
}

static void rule_04_a_lock_on_recovery_codes_leaves_codes(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_CODE_REJECTED, wrong_recovery(s));
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_LOCKED);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_LOCKED);
}

static void rule_04_a_lock_on_passwords_leaves_the_second_factor(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_WRONG_CREDENTIALS, wrong_password(s));
    EXPECT(ERR_LOCKED, wrong_password(s));
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
}

/* A success ends the run of its own failures; the others' go on where they were. */
static void rule_04_success_resets_its_own_counter(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 3; i++) {
        EXPECT(ERR_WRONG_CREDENTIALS, wrong_password(s));
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
        EXPECT(ERR_CODE_REJECTED, wrong_recovery(s));
    }
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    assert_int_equal(EXPECT(ERR_WRONG_CREDENTIALS, wrong_password(s)).attempts_left, 4);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).attempts_left, 1);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).attempts_left, 4);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, wrong_recovery(s)).attempts_left, 1);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, wrong_recovery(s)).attempts_left, 4);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).attempts_left, 3);
    assert_int_equal(EXPECT(ERR_WRONG_CREDENTIALS, wrong_password(s)).attempts_left, 3);
}

/* A replay is a failure like any other: an eavesdropper is slowed down as well. */
static void rule_04_a_replayed_code_is_counted(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
    assert_int_equal(service_verify(s, "ada", code), ERR_LOCKED);
}

/* Enrolling anew is no way to reset a counter: the way through a recovery code keeps it. */
static void rule_04_the_counter_outlives_the_factor(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told t;

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
    EXPECT(ERR_OK, offer(s, &(struct verb){"enrollment.disable", TAKES_TOKEN}, "ada",
                         BY_RECOVERY(e.codes[0])));
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    EXPECT(ERR_LOCKED, confirm(s, &t, true));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_04_all_verbs_count_codes_together, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_04_all_verbs_count_recovery_codes_together, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_04_both_verbs_count_passwords_together, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_04_a_lock_on_recovery_codes_leaves_codes, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_04_a_lock_on_passwords_leaves_the_second_factor, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_04_success_resets_its_own_counter, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_04_a_replayed_code_is_counted, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_04_the_counter_outlives_the_factor, set_up, tear_down),
};
RUN(tests)
