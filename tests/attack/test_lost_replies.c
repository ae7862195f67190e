/* A25, A64: what was decided although the answer never arrived. */
#include "support/by_hand.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/stage.h"

#include <stdlib.h>

static void attack_A64_a_repeat_without_an_id_is_a_replay(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(REPLAYED));
    assert_false(peek_retry(s, "ada", s->now_ms));
}

/* A25: verify with A, which nobody hears of, then the process is killed and comes back. */
static enum err after_a_crash(struct stage *g, const struct stage_act *a, unsigned first,
                              bool *ret_committed)
{
    struct got unheard, got;

    *ret_committed = !stage_act_broken(g, a, first, STORE_FOR_GOOD, &unheard);
    if (!*ret_committed)
        assert_int_equal(unheard.err, ERR_UNAVAILABLE);
    service_restart(&g->s);
    got = stage_act(g, a, NULL);
    got_free(&unheard, 1);
    got_free(&got, 1);
    return got.err;
}

/* At every moment up to the commit and after it: consumed or not, and never good a second time. */
static void attack_A25_a_crash_around_the_commit(void **state)
{
    const struct stage_act *verify = &stage_acts[STAGE_VERIFY];
    bool committed = false;

    (void)state;
    for (unsigned first = 1; !committed; first++) {
        struct stage g;
        struct got again;
        enum err err;

        stage_set(&g);
        err = after_a_crash(&g, verify, first, &committed);
        assert_int_equal(err, committed ? ERR_CODE_REJECTED : ERR_OK);
        again = stage_act(&g, verify, NULL);
        assert_int_equal(again.err, ERR_CODE_REJECTED);
        got_free(&again, 1);
        stage_strike(&g);
    }
}

/* A25 for recovery codes, the answer thrown away after the commit. */
static void attack_A25_a_recovery_code_whose_answer_was_lost(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    struct exchange *x;

    service_enroll(s, "ada", &e);
    x = hand_in(s, "verification.verify",
                FIELDS({"username", "ada"}, {"recovery_code", e.codes[0]}));
    exchange_free(x); /* the request dies with the process: nothing has happened */
    service_restart(s);
    assert_int_equal(status(s, "ada").recovery_left, 10);
    x = hand_in(s, "verification.verify",
                FIELDS({"username", "ada"}, {"recovery_code", e.codes[0]}));
    hand_run(s, &x, 1);
    exchange_free(x);
    service_restart(s);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_CODE_REJECTED);
    assert_int_equal(status(s, "ada").recovery_left, 9);
}

/* A64: whoever repeats under the same id is told what the lost answer said, and nothing happens
 * again; without the id what was spent stays spent. */
static void attack_A64_a_lost_answer_is_told_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_stage_acts; i++) {
        struct got lost, again, without;
        struct stage g;
        size_t events;

        stage_set(&g);
        lost = stage_act(&g, &stage_acts[i], "id");
        assert_int_equal(lost.err, ERR_OK);
        events = peek_events(&g.s);
        again = stage_act(&g, &stage_acts[i], "id");
        assert_true(got_same(&lost, &again));
        assert_int_equal(peek_events(&g.s), events);
        without = stage_act(&g, &stage_acts[i], NULL);
        if (stage_acts[i].code && without.err == ERR_OK)
            fail_msg("%s took a code twice", stage_acts[i].method);
        got_free(&lost, 1);
        got_free(&again, 1);
        got_free(&without, 1);
        stage_strike(&g);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A64_a_repeat_without_an_id_is_a_replay, set_up,
                                    tear_down),
    cmocka_unit_test(attack_A25_a_crash_around_the_commit),
    cmocka_unit_test_setup_teardown(attack_A25_a_recovery_code_whose_answer_was_lost, set_up,
                                    tear_down),
    cmocka_unit_test(attack_A64_a_lost_answer_is_told_again),
};
RUN(tests)
