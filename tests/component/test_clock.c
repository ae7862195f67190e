/* Rule 16: a clock that runs ahead, falls back or jumps about locks nobody out and replays nothing.
 */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

enum { DAY = 86400 };

static void a_code_was_accepted_a_day_ahead(struct service *s, struct enrolled *e)
{
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", e);
    service_advance(s, DAY);
    assert_int_equal(service_verify(s, "ada", app_code(&e->app, s, 0, code)), ERR_OK);
    service_advance(s, -DAY);
}

static void rule_16_a_clock_that_ran_ahead_rejects_and_says_so(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;

    a_code_was_accepted_a_day_ahead(s, &e);
    for (int i = 0; i < 3; i++) {
        service_advance(s, 30);
        assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_CODE_REJECTED);
        service_last_event(s, "verification.failed", REASON(CLOCK_BEHIND));
    }
    /* A recovery code knows no time. */
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    service_advance(s, DAY);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void rule_16_unlock_brings_it_back_to_now_and_no_further(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;

    a_code_was_accepted_a_day_ahead(s, &e);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    /* Now and before is spent: who knows what was accepted before the clock went wrong. */
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_CODE_REJECTED);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, -1, code)), ERR_CODE_REJECTED);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 1, code)), ERR_OK);
    service_advance(s, 60);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void rule_16_attack_A45_unlock_moves_nothing_that_is_not_ahead(void **state)
{
    static const int steps[] = {-1, 0, 1};
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        char code[OTP_DIGITS_MAX + 1];
        struct user before, after;
        struct enrolled e;

        service_enroll(s, "ada", &e);
        assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, steps[i], code)), ERR_OK);
        peek_user(s, "ada", &before);
        EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
        peek_user(s, "ada", &after);
        assert_int_equal(before.authenticators[0].last_step, after.authenticators[0].last_step);
        assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    }
}

/* Only Unlock may: nothing else that succeeds moves last_step backwards. */
static void rule_16_no_other_verb_moves_it_back(void **state)
{
    static const char *const verbs_of_admin[] = {"verification.get_status",
                                                 "admin.issue_step_token", "admin.list_users"};
    struct service *s = *state;
    struct user before, after;
    struct enrolled e;

    a_code_was_accepted_a_day_ahead(s, &e);
    peek_user(s, "ada", &before);
    for (size_t i = 0; i < 2; i++)
        EXPECT(ERR_OK, ASK(s, verbs_of_admin[i], {"username", "ada"}));
    EXPECT(ERR_OK, ASK(s, verbs_of_admin[2], {NULL, NULL}));
    service_put_user(s, "ada", "another horse");
    service_restart(s);
    peek_user(s, "ada", &after);
    assert_int_equal(before.authenticators[0].last_step, after.authenticators[0].last_step);
}

/* The clock wanders; whatever is accepted is newer than all that was accepted before. */
static void rule_16_a_wandering_clock_never_replays(void **state)
{
    struct service *s = *state;
    uint32_t seed = 99;
    uint64_t newest = 0;
    struct enrolled e;
    unsigned accepted = 0;

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 600; i++) {
        int offset = i % 3 - 1;
        char code[OTP_DIGITS_MAX + 1];
        uint64_t step;

        seed = seed * 1664525 + 1013904223;
        service_advance(s, (int64_t)(seed >> 16) % 241 - 110);
        step = otp_step(&e.app.otp, s->now_ms / 1000) + (uint64_t)(int64_t)offset;
        EXPECT(ERR_OK, ASK(s, "admin.issue_step_token", {"username", "ada"}));
        if (service_verify(s, "ada", app_code(&e.app, s, offset, code)) == ERR_OK) {
            assert_true(step > newest);
            newest = step;
            accepted++;
        }
    }
    assert_true(accepted > 10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_16_a_clock_that_ran_ahead_rejects_and_says_so, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_16_unlock_brings_it_back_to_now_and_no_further, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_16_attack_A45_unlock_moves_nothing_that_is_not_ahead,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_16_no_other_verb_moves_it_back, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_16_a_wandering_clock_never_replays, set_up, tear_down),
};
RUN(tests)
