/* Rule 8: one authenticator gives way to another without a gap and without a lock-out. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static enum err verify_app(struct service *s, const struct app_authenticator *app)
{
    char code[OTP_DIGITS_MAX + 1];

    return service_verify(s, "ada", app_code(app, s, 0, code));
}

/* Enrols one more with a code of APP; it is active and the clock is past its first code. */
static struct told add(struct service *s, const struct app_authenticator *app)
{
    char code[OTP_DIGITS_MAX + 1];
    struct told begun = EXPECT(ERR_OK, begin(s, "ada", BY_CODE(app_code(app, s, 0, code))));
    struct told confirmed = EXPECT(ERR_OK, confirm(s, &begun, true));

    confirmed.app = begun.app;
    service_advance(s, 60);
    return confirmed;
}

/* Until the new one is ACTIVE the old one works; from then on it does not. */
static void replaced(struct service *s, const struct enrolled *e, struct field second)
{
    struct told begun = EXPECT(ERR_OK, begin(s, "ada", second)), confirmed;

    service_advance(s, 30);
    assert_int_equal(verify_app(s, &e->app), ERR_OK);
    assert_int_equal(verify_app(s, &begun.app), ERR_CODE_REJECTED);
    service_advance(s, 30);
    confirmed = EXPECT(ERR_OK, confirm(s, &begun, false));
    assert_int_equal(confirmed.state, CONFIRMED);
    assert_int_equal(confirmed.n_codes, 10);
    assert_int_equal(verify_app(s, &e->app), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "ada", confirmed.codes[0]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", e->codes[1]), ERR_OK);

    EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", begun.token}));
    service_advance(s, 60);
    assert_int_equal(verify_app(s, &e->app), ERR_CODE_REJECTED);
    assert_int_equal(verify_app(s, &begun.app), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "ada", e->codes[2]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", confirmed.codes[0]), ERR_OK);
    assert_int_equal(status(s, "ada").n_authenticators, 1);
}

static void rule_08_replaced_by_a_code(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    replaced(s, &e, BY_CODE(app_code(&e.app, s, 0, code)));
}

static void rule_08_replaced_by_a_recovery_code(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    replaced(s, &e, BY_RECOVERY(e.codes[0]));
}

/* A replacement that is not finished leaves everything as it was. */
static void rule_08_an_abandoned_replacement(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told t;

    service_enroll(s, "ada", &e);
    t = EXPECT(ERR_OK, begin(s, "ada", BY_RECOVERY(e.codes[0])));
    EXPECT(ERR_OK, confirm(s, &t, false));
    service_advance(s, 601);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.complete", {"step_token", t.token}));
    assert_int_equal(verify_app(s, &e.app), ERR_OK);
    t = EXPECT(ERR_OK, begin(s, "ada", BY_RECOVERY(e.codes[1])));
    t = EXPECT(ERR_OK, ASK(s, "enrollment.cancel", {"step_token", t.token}));
    assert_int_equal(t.state, ACTIVE);
    assert_int_equal(status(s, "ada").recovery_left, 8);
}

/* With room for more a further one is added, and the recovery codes in hand stay good. */
static void rule_08_one_more_authenticator(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told second;

    set_policy(s, "max_authenticators", 2);
    service_enroll(s, "ada", &e);
    second = add(s, &e.app);
    assert_int_equal(second.n_codes, 0);
    assert_int_equal(status(s, "ada").n_authenticators, 2);
    assert_int_equal(verify_app(s, &e.app), ERR_OK);
    assert_int_equal(verify_app(s, &second.app), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    EXPECT(ERR_ALREADY_ENROLLED, begin(s, "ada", NO_SECOND));
}

/* When all places are taken, the one that the code came from gives way. */
static void rule_08_the_one_that_was_used_gives_way(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told second, third;

    set_policy(s, "max_authenticators", 2);
    service_enroll(s, "ada", &e);
    second = add(s, &e.app);
    third = add(s, &second.app);
    assert_int_equal(status(s, "ada").n_authenticators, 2);
    assert_int_equal(verify_app(s, &e.app), ERR_OK);
    assert_int_equal(verify_app(s, &second.app), ERR_CODE_REJECTED);
    assert_int_equal(verify_app(s, &third.app), ERR_OK);
}

/* With a recovery code it is the one that was used the longest ago: most likely the lost one. */
static void rule_08_the_longest_unused_gives_way(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told second, third;

    set_policy(s, "max_authenticators", 2);
    service_enroll(s, "ada", &e);
    second = add(s, &e.app);
    assert_int_equal(verify_app(s, &e.app), ERR_OK);
    third = EXPECT(ERR_OK, begin(s, "ada", BY_RECOVERY(e.codes[0])));
    EXPECT(ERR_OK, confirm(s, &third, true));
    service_advance(s, 60);
    assert_int_equal(verify_app(s, &second.app), ERR_CODE_REJECTED);
    assert_int_equal(verify_app(s, &e.app), ERR_OK);
    assert_int_equal(verify_app(s, &third.app), ERR_OK);
}

/* The policy shrank while one more was pending: it does not get in, and nobody is thrown out. */
static void rule_08_the_last_place_is_gone(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told begun;

    set_policy(s, "max_authenticators", 2);
    service_enroll(s, "ada", &e);
    begun = EXPECT(ERR_OK, begin(s, "ada", BY_CODE(app_code(&e.app, s, 0, code))));
    EXPECT(ERR_OK, confirm(s, &begun, false));
    set_policy(s, "max_authenticators", 1);
    EXPECT(ERR_CONFLICT, ASK(s, "enrollment.complete", {"step_token", begun.token}));
    service_advance(s, 30);
    assert_int_equal(verify_app(s, &e.app), ERR_OK);
    assert_int_equal(status(s, "ada").n_authenticators, 1);
}

/* Regenerated codes take the place of the old ones at once; only a code may ask for that. */
static void rule_08_regenerated_recovery_codes(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct verb regenerate = {"enrollment.regenerate_recovery_codes", TAKES_TOKEN};
    char code[OTP_DIGITS_MAX + 1];
    struct told t;

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    t = EXPECT(ERR_OK, offer(s, &regenerate, "ada", BY_CODE(app_code(&e.app, s, 0, code))));
    assert_int_equal(t.n_codes, 10);
    assert_int_equal(status(s, "ada").recovery_left, 10);
    for (size_t i = 0; i < e.n_codes; i++) {
        for (size_t k = 0; k < t.n_codes; k++)
            assert_string_not_equal(e.codes[i], t.codes[k]);
        if (i % 3 == 1)
            assert_int_equal(service_verify_recovery(s, "ada", e.codes[i]), ERR_CODE_REJECTED);
    }
    assert_int_equal(service_verify_recovery(s, "ada", t.codes[0]), ERR_OK);
}

/* With the last authenticator its recovery codes go: an enrolment later they are still dead. */
static void rule_08_disabling_removes_the_recovery_codes(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told t;

    service_enroll(s, "ada", &e);
    EXPECT(ERR_OK, offer(s, &(struct verb){"enrollment.disable", TAKES_TOKEN}, "ada",
                         BY_RECOVERY(e.codes[0])));
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[1]), ERR_NOT_ENROLLED);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    EXPECT(ERR_OK, confirm(s, &t, true));
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[1]), ERR_CODE_REJECTED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_08_replaced_by_a_code, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_replaced_by_a_recovery_code, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_an_abandoned_replacement, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_one_more_authenticator, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_the_one_that_was_used_gives_way, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_the_longest_unused_gives_way, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_the_last_place_is_gone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_regenerated_recovery_codes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_08_disabling_removes_the_recovery_codes, set_up,
                                    tear_down),
};
RUN(tests)
