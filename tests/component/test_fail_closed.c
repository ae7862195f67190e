/*
 * Rule 3: whatever breaks between decode and commit, the answer is an error and nothing has
 * happened; what breaks once is made good.
 */
#include "support/peek.h"
#include "support/runner.h"
#include "support/stage.h"

#include <stdlib.h>

/* What broke once is done again alone, and then succeeds. */
static void rule_03_a_call_that_breaks_once_is_made_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_stage_acts; i++) {
        bool reached = true;

        for (unsigned first = 1; reached; first++) {
            struct stage g;
            struct got got;
            size_t events;

            stage_set(&g);
            events = peek_events(&g.s);
            reached = stage_act_broken(&g, &stage_acts[i], first, 1, &got);
            assert_int_equal(got.err, ERR_OK);
            stage_happened_once(&g, &stage_acts[i], events);
            got_free(&got, 1);
            stage_strike(&g);
        }
    }
}

static void a_bug_is_told_as_one_and_changes_nothing(void **state)
{
    struct standing before, after;
    struct stage g;
    struct got got;

    (void)state;
    stage_set(&g);
    peek_standing(&g.s, "ada", &before);
    store_break(&g.s, 2, STORE_FOR_GOOD, ERR_INTERNAL);
    got = stage_act(&g, &stage_acts[STAGE_VERIFY], NULL);
    (void)store_mend(&g.s);
    assert_int_equal(got.err, ERR_INTERNAL);
    got_free(&got, 1);
    peek_standing(&g.s, "ada", &after);
    assert_same_standing(&before, &after);
    stage_strike(&g);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rule_03_a_call_that_breaks_once_is_made_good),
    cmocka_unit_test(a_bug_is_told_as_one_and_changes_nothing),
};
RUN(tests)
