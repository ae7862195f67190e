/*
 * A checkpoint of what is remembered and one of the outbox are the same, byte for byte: each one is
 * made both ways over the same events, in transactions that are undone, and compared. Whether the
 * outbox was read is counted.
 */
#include "support/both_ways.h"
#include "support/runner.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = 400 };

static void both_ways_give_the_same(void **state)
{
    struct rig *r = *state;
    struct rpc_env other = r->env;
    unsigned recalled = 0, from_outbox = 0;

    other.recent = NULL;
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned what = (unsigned)rand_r(&r->seed) % 16;

        r->now_ms++;
        rig_begin(r);
        rig_append_some(r, what == 0 ? &other : &r->env, 1 + (unsigned)rand_r(&r->seed) % 40);
        if (what == 1 || what == 2)
            rig_undo(r);
        else
            rig_commit(r);
        if (rig_compare(r) > 0)
            from_outbox++;
        else
            recalled++;
        if (what > 12)
            rig_sign(r);
    }
    assert_true(recalled > STEPS / 4); /* or little was compared */
    assert_true(from_outbox > STEPS / 16);
}

static void a_long_run_of_pages_is_the_same(void **state)
{
    struct rig *r = *state;

    rig_begin(r);
    rig_append_some(r, &r->env, 730);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 0);
}

static void what_was_undone_is_in_no_checkpoint(void **state)
{
    struct rig *r = *state;
    struct rpc_env other = r->env;

    other.recent = NULL;
    rig_begin(r);
    rig_append(r, &r->env, "acme", "ada", NULL);
    rig_commit(r);
    rig_begin(r);
    rig_append(r, &r->env, "acme", "undone", NULL);
    rig_undo(r);
    rig_begin(r); /* takes the position of what was undone */
    rig_append(r, &other, "acme", "eve", NULL);
    rig_commit(r);
    rig_compare(r);
    rig_begin(r); /* this one follows: but not what is remembered */
    rig_append(r, &r->env, "acme", "ada", NULL);
    rig_commit(r);
    assert_true(rig_compare(r) > 0);
}

/* As above, but the one that was undone is what the next follows. */
static void the_next_takes_the_place_of_what_was_undone(void **state)
{
    struct rig *r = *state;

    rig_begin(r);
    rig_append(r, &r->env, "acme", "undone", NULL);
    rig_undo(r);
    rig_begin(r);
    rig_append(r, &r->env, "acme", "ada", NULL);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 0);
}

static void events_of_others_are_covered_wherever_they_stand(void **state)
{
    struct rig *r = *state;
    struct rpc_env other = r->env;

    other.recent = NULL;
    for (unsigned where = 0; where < 3; where++) {
        for (unsigned i = 0; i < 3; i++) {
            rig_begin(r);
            rig_append(r, i == where ? &other : &r->env, "zoo", "ada", &r->chains[2][0]);
            rig_commit(r);
        }
        assert_true(rig_compare(r) > 0);
        rig_sign(r); /* and from then on it is known again */
        rig_begin(r);
        rig_append(r, &r->env, "zoo", "ada", &r->chains[2][0]);
        rig_commit(r);
        assert_int_equal(rig_compare(r), 0);
        rig_sign(r);
    }
}

static void a_checkpoint_that_is_undone_forgets_nothing(void **state)
{
    struct rig *r = *state;

    rig_begin(r);
    rig_append_some(r, &r->env, 20);
    rig_commit(r);
    rig_begin(r);
    assert_int_equal(checkpoint_sign(&r->env, r->txn, r->now_ms, CHECKPOINT_ALL), ERR_OK);
    rig_undo(r);
    assert_int_equal(rig_compare(r), 0);
}

/* Some of it is covered: what stays moves to the front. */
static void what_is_left_for_the_next_time_stays_known(void **state)
{
    struct rig *r = *state;

    rig_begin(r);
    rig_append_some(r, &r->env, 120);
    assert_int_equal(checkpoint_sign(&r->env, r->txn, r->now_ms, 1), ERR_OK);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 0);
    rig_begin(r);
    rig_append_some(r, &r->env, 30);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 0);
}

static void more_than_fits_is_read_from_the_outbox(void **state)
{
    struct rig *r = *state;
    char name[USERNAME_MAX + 1];

    memset(name, 'x', sizeof name);
    name[USERNAME_MAX] = '\0';
    rig_begin(r);
    for (unsigned i = 0; i < 1000; i++)
        rig_append(r, &r->env, "acme", name, NULL);
    rig_commit(r);
    assert_true(rig_compare(r) > 0);
    rig_sign(r);
    rig_begin(r);
    rig_append(r, &r->env, "acme", name, NULL);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 0);
}

/* The checkpoints of the first pages are among the events of the last one, and have no room. */
static void no_room_for_checkpoints_is_no_gap_in_them(void **state)
{
    struct rig *r = *state;

    rig_begin(r);
    rig_append_some(r, &r->env, 2047);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 1);
}

static void what_follows_a_checkpoint_of_another_is_known(void **state)
{
    struct rig *r = *state;
    struct rpc_env other = r->env;
    struct outbox_state look;

    other.recent = NULL;
    rig_begin(r);
    rig_append(r, &r->env, "acme", "ada", NULL);
    rig_commit(r);
    rig_begin(r);
    rig_append(r, &other, "acme", "eve", NULL);
    assert_int_equal(rig_store->look_outbox(other.store, r->txn, &look), ERR_OK);
    look.marks.checkpointed = look.last;
    assert_int_equal(rig_store->save_marks(r->txn, &look.marks), ERR_OK);
    assert_int_equal(rig_store->commit(r->txn), ERR_OK);
    rig_begin(r);
    rig_append(r, &r->env, "acme", "ada", NULL);
    rig_commit(r);
    assert_int_equal(rig_compare(r), 0);
}

static void what_others_removed_is_in_no_checkpoint(void **state)
{
    struct rig *r = *state;
    struct outbox_state look;

    rig_begin(r);
    rig_append(r, &r->env, "acme", "gone", NULL);
    rig_append(r, &r->env, "acme", "ada", NULL);
    rig_commit(r);
    rig_begin(r);
    assert_int_equal(rig_store->look_outbox(r->env.store, r->txn, &look), ERR_OK);
    assert_int_equal(rig_store->trim_events(r->txn, look.last - 1, 1000), ERR_OK);
    rig_commit(r);
    assert_true(rig_compare(r) > 0);
}

/* The service itself, under load: after the first checkpoint the outbox is not read again. */
static void a_loaded_service_reads_nothing_back(void **state)
{
    struct service s = {0};
    Twofold__V1__VerifyRequest ask = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct bytes payloads[8];
    uint8_t text[64];
    enum err errs[8];

    (void)state;
    service_start(&s);
    service_restart_with(&s, (struct audit_limits){.checkpoint_events = 6, .checkpoint_ms = 10000});
    rig_count_reads(s.store);
    rig_reads = 0;
    ask.username = (char[]){"nobody"};
    ask.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    ask.code = (char[]){"123456"};
    for (unsigned i = 0; i < ARRAY_LEN(payloads); i++)
        payloads[i] = (struct bytes){text, twofold__v1__verify_request__pack(&ask, text)};
    for (unsigned i = 0; i < 5; i++) {
        service_batch(&s, "twofold.v1.default.verification.verify", payloads, 8, errs);
        assert_int_equal(errs[7], ERR_NOT_ENROLLED);
        if (i == 0)
            assert_true(rig_reads > 0); /* what the start wrote */
        if (i == 0)
            rig_reads = 0;
    }
    assert_int_equal(rig_reads, 0);
    service_stop(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(both_ways_give_the_same, rig_set_up, rig_tear_down),
    cmocka_unit_test_setup_teardown(a_long_run_of_pages_is_the_same, rig_set_up, rig_tear_down),
    cmocka_unit_test_setup_teardown(what_was_undone_is_in_no_checkpoint, rig_set_up, rig_tear_down),
    cmocka_unit_test_setup_teardown(the_next_takes_the_place_of_what_was_undone, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(events_of_others_are_covered_wherever_they_stand, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(a_checkpoint_that_is_undone_forgets_nothing, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(what_is_left_for_the_next_time_stays_known, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(more_than_fits_is_read_from_the_outbox, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(no_room_for_checkpoints_is_no_gap_in_them, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(what_follows_a_checkpoint_of_another_is_known, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test_setup_teardown(what_others_removed_is_in_no_checkpoint, rig_set_up,
                                    rig_tear_down),
    cmocka_unit_test(a_loaded_service_reads_nothing_back),
};

RUN(tests)
