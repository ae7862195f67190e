/* Rule 5: waits that double to an hour, a cap, and nothing looked at inside a wait. */
#include "support/factors.h"
#include "support/runner.h"

#include <stdlib.h>

/* 30, 60, ... 1920, then an hour each; the retry of a LOCKED answer counts down. */
static void rule_05_wait_doubles_to_an_hour(void **state)
{
    static const int64_t waits[] = {0,   0,   0,   0,    0,    30,   60,  120,
                                    240, 480, 960, 1920, 3600, 3600, 3600};
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++)
        for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
            enum err no = factor == 0 ? ERR_WRONG_CREDENTIALS : ERR_CODE_REJECTED;

            assert_int_equal(EXPECT(no, wrong_factor(s, &e, factor)).retry_after_s, waits[i]);
            if (waits[i] == 0)
                continue;
            service_advance(s, waits[i] - 1);
            assert_int_equal(EXPECT(ERR_LOCKED, wrong_factor(s, &e, factor)).retry_after_s, 1);
            service_advance(s, 1);
        }
}

/* The policy's own numbers. */
static void rule_05_the_policy_sets_tries_and_first_wait(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    set_policy(s, "max_failures", 1);
    set_policy(s, "lockout_seconds", 3600);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).retry_after_s, 0);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).retry_after_s, 3600);
    service_advance(s, 3600);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).retry_after_s, 3600);
}

/* Inside a wait a right one is refused, is not spent, and costs nothing; neither does a wrong one.
 */
static void rule_05_nothing_is_looked_at_inside_a_wait(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++) {
        for (int i = 0; i < 6; i++)
            (void)wrong_factor(s, &e, factor);
        service_advance(s, 20);
        for (int i = 0; i < 50; i++) {
            assert_int_equal(EXPECT(ERR_LOCKED, wrong_factor(s, &e, factor)).retry_after_s, 10);
            assert_int_equal(EXPECT(ERR_LOCKED, right_factor(s, &e, factor)).retry_after_s, 10);
        }
        service_last_event(s, factor == 0 ? "login.failed" : "verification.failed", REASON(LOCKED));
        service_advance(s, 10);
        EXPECT(ERR_OK, right_factor(s, &e, factor));
    }
    assert_int_equal(status(s, "ada").recovery_left, 9);
}

static void rule_05_restart_forgets_nothing(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++) {
        for (int i = 0; i < 5; i++) {
            (void)wrong_factor(s, &e, factor);
            service_restart(s);
        }
        assert_int_equal(wrong_factor(s, &e, factor).retry_after_s, 30);
        service_restart(s);
        service_advance(s, 29);
        assert_int_equal(EXPECT(ERR_LOCKED, right_factor(s, &e, factor)).retry_after_s, 1);
    }
}

/* Unlock ends waits of all three at once; GetStatus tells the wait for codes. */
static void rule_05_unlock_ends_waits(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++)
        for (int i = 0; i < 6; i++)
            (void)wrong_factor(s, &e, factor);
    assert_int_equal(status(s, "ada").retry_after_s, 30);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    service_last_event(s, "account.unlocked", REASON(REASON_UNSPECIFIED));
    assert_int_equal(status(s, "ada").retry_after_s, 0);
    for (size_t factor = 0; factor < FACTORS; factor++)
        EXPECT(ERR_OK, right_factor(s, &e, factor));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_05_wait_doubles_to_an_hour, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_05_the_policy_sets_tries_and_first_wait, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_05_nothing_is_looked_at_inside_a_wait, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_05_restart_forgets_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_05_unlock_ends_waits, set_up, tear_down),
};
RUN(tests)
