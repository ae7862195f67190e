/*
 * A backup is put in place again: nothing that was used up after it was taken may be good once
 * more. A backup is taken, something is used, the database is lost, and the backup restored.
 */
#include "attack/restored_ground.h"

#include <stdlib.h>

enum { STEP_S = 30, WAIT_S = 2 * STEP_S /* skew + 1 steps of the default policy */ };

static void attack_A57_consumed_code(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    char now[OTP_DIGITS_MAX + 1], next[OTP_DIGITS_MAX + 1], later[OTP_DIGITS_MAX + 1];
    struct enrolled e;

    service_enroll(s, "ada", &e);
    take_backup(g);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, now)), ERR_OK);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 1, next)), ERR_OK);
    restore(g, false);
    assert_int_equal(service_verify(s, "ada", now), ERR_CODE_REJECTED);
    assert_int_equal(service_verify(s, "ada", next), ERR_CODE_REJECTED);
    service_advance(s, STEP_S);
    assert_int_equal(service_verify(s, "ada", next), ERR_CODE_REJECTED);
    service_advance(s, WAIT_S - STEP_S);
    assert_int_equal(service_verify(s, "ada", next), ERR_CODE_REJECTED);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, later)), ERR_OK);
}

/* The window of the organization counts, not that of the default. */
static void attack_A57_consumed_code_of_a_wide_window(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;

    set_policy(s, "skew_steps", 2);
    service_enroll(s, "ada", &e);
    take_backup(g);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 2, code)), ERR_OK);
    restore(g, false);
    for (unsigned i = 0; i < 4; i++, service_advance(s, STEP_S))
        assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
}

static void attack_A57_clock_that_ran_ahead_before(void **state)
{
    struct ground *g = *state;
    static struct user ada;
    struct enrolled e;

    service_enroll(&g->s, "ada", &e);
    peek_user(&g->s, "ada", &ada);
    ada.authenticators[0].last_step += 1000000;
    poke_user(&g->s, "ada", &ada);
    take_backup(g);
    restore(g, false);
    ada.authenticators[0].last_step = 0;
    peek_user(&g->s, "ada", &ada);
    assert_true(ada.authenticators[0].last_step > 1000000 + (uint64_t)g->s.now_ms / 30000 - 10);
}

static void attack_A57_consumed_recovery_code(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    char code[OTP_DIGITS_MAX + 1];
    struct restored_report report;
    struct enrolled e;
    struct told made;
    char *token;

    service_enroll(s, "ada", &e);
    service_put_user(s, "eve", PASSWORD);
    take_backup(g);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[3]), ERR_OK);
    report = restore(g, false);
    assert_int_equal(report.ended.users, 2);
    assert_int_equal(report.ended.recovery_sets, 1);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[3]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[4]), ERR_CODE_REJECTED);
    assert_int_equal(status(s, "ada").recovery_left, 0);
    service_advance(s, WAIT_S);
    token = service_token(s, "ada");
    made = EXPECT(ERR_OK, ASK(s, "enrollment.regenerate_recovery_codes", {"step_token", token},
                              {"code", app_code(&e.app, s, 0, code)}));
    free(token);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[3]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", made.codes[3]), ERR_OK);
}

/* The operator who says that none was used is taken at their word: also this is a promise. */
static void recovery_codes_are_kept_on_demand(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    struct restored_report report;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    take_backup(g);
    report = restore(g, true);
    assert_int_equal(report.ended.recovery_sets, 0);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_CODE_REJECTED);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[1]), ERR_OK);
}

static void attack_A57_step_tokens_of_before_and_after(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    static struct user was, is;
    char *before, *after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    service_put_user(s, "eve", PASSWORD);
    before = service_token(s, "eve");
    peek_user(s, "ada", &was);
    take_backup(g);
    EXPECT(ERR_OK, ASK(s, "enrollment.begin", {"step_token", before}));
    after = service_token(s, "eve");
    restore(g, false);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", before}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", after}));
    peek_user(s, "ada", &is);
    assert_true(is.credential_version > was.credential_version);
    assert_int_equal(is.n_tokens, 0);
    free(before);
    free(after);
}

static void attack_A57_pending_enrolment(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    struct restored_report report;
    struct told begun;

    service_put_user(s, "eve", PASSWORD);
    begun = EXPECT(ERR_OK, begin(s, "eve", NO_SECOND));
    take_backup(g);
    EXPECT(ERR_OK, ASK(s, "enrollment.cancel", {"step_token", begun.token}));
    report = restore(g, false);
    assert_int_equal(report.ended.enrollments, 1);
    assert_int_equal(report.ended.tokens, 1);
    assert_int_equal(confirm(s, &begun, true).err, ERR_INVALID_TOKEN);
    assert_int_equal(status(s, "eve").state, NOT_ENROLLED);
}

/* Without this the answer "authenticated" of an id that was used again since would be given. */
static void attack_A57_kept_answer(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;

    service_enroll(s, "ada", &e);
    s->request_id = "again";
    EXPECT(ERR_OK, ASK(s, "verification.verify", {"username", "ada"},
                       {"code", app_code(&e.app, s, 0, code)}));
    EXPECT(ERR_OK, ASK(s, "verification.verify", {"username", "ada"}, {"code", code}));
    take_backup(g);
    restore(g, false);
    EXPECT(ERR_CODE_REJECTED, ASK(s, "verification.verify", {"username", "ada"}, {"code", code}));
    s->request_id = NULL;
}

static void counters_stay_as_they_were(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    static struct user was, is;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    fail_codes(s, "ada", &e, 7);
    peek_user(s, "ada", &was);
    assert_int_equal(was.code_lockout.failures, 7);
    take_backup(g);
    restore(g, false);
    peek_user(s, "ada", &is);
    assert_int_equal(is.code_lockout.failures, 7);
    assert_int_equal(is.code_lockout.until_s, was.code_lockout.until_s);
    assert_string_equal(is.password_phc, was.password_phc);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A57_consumed_code, ground_set_up, ground_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_consumed_code_of_a_wide_window, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_clock_that_ran_ahead_before, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_consumed_recovery_code, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(recovery_codes_are_kept_on_demand, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_step_tokens_of_before_and_after, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_pending_enrolment, ground_set_up, ground_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_kept_answer, ground_set_up, ground_tear_down),
    cmocka_unit_test_setup_teardown(counters_stay_as_they_were, ground_set_up, ground_tear_down),
};
RUN(tests)
