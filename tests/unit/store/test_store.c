/* The store's contract, kept by the LMDB store. */
#include "unit/store/store_contract.h"

static void prepare(struct contract *c)
{
    place_make(&c->place);
    c->keyring = keyring_fixed(&c->place, "1 active 1");
}

static void clean(struct contract *c)
{
    keyring_free(c->keyring);
    place_remove(&c->place);
}

static struct store *open_store(struct contract *c)
{
    return store_fixed(&c->place, c->keyring);
}

static struct contract contract = {.prepare = prepare, .clean = clean, .open = open_store};

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_kept(saved_users_are_loaded, &contract),
    cmocka_unit_test_kept(unknown_users_do_not_exist, &contract),
    cmocka_unit_test_kept(last_save_counts, &contract),
    cmocka_unit_test_kept(aborted_changes_are_gone, &contract),
    cmocka_unit_test_kept(erased_users_are_gone, &contract),
    cmocka_unit_test_kept(users_of_orgs_are_apart, &contract),
    cmocka_unit_test_kept(failures_of_unknown_users_are_kept, &contract),
    cmocka_unit_test_kept(creating_a_user_leaves_failures, &contract),
    cmocka_unit_test_kept(orgs_begin_with_the_default_policy, &contract),
    cmocka_unit_test_kept(saved_orgs_are_loaded, &contract),
    cmocka_unit_test_kept(an_org_is_what_was_saved_last, &contract),
    cmocka_unit_test_kept(users_are_listed_in_pages, &contract),
    cmocka_unit_test_kept(listing_knows_the_state, &contract),
    cmocka_unit_test_kept(events_are_read_in_order, &contract),
    cmocka_unit_test_kept(uncommitted_events_are_not_read, &contract),
    cmocka_unit_test_kept(events_that_fit_are_read, &contract),
    cmocka_unit_test_kept(positions_grow_for_ever, &contract),
    cmocka_unit_test_kept(aborted_events_use_no_position, &contract),
    cmocka_unit_test_kept(looking_tells_what_is_kept, &contract),
    cmocka_unit_test_kept(looking_sees_its_transaction_or_a_snapshot, &contract),
    cmocka_unit_test_kept(reading_within_sees_its_transaction, &contract),
    cmocka_unit_test_kept(the_oldest_are_trimmed_first, &contract),
    cmocka_unit_test_kept(large_outboxes_are_trimmed_in_steps, &contract),
    cmocka_unit_test_kept(marks_begin_at_nothing_and_are_kept, &contract),
    cmocka_unit_test_kept(what_was_removed_counts_as_taken, &contract),
    cmocka_unit_test_kept(aborted_marks_are_gone, &contract),
    cmocka_unit_test_kept(marks_behind_the_newest_event_are_refused, &contract),
    cmocka_unit_test_kept(repeats_are_kept_by_user_and_minute, &contract),
    cmocka_unit_test_kept(repeats_are_taken_oldest_first, &contract),
    cmocka_unit_test_kept(taking_repeats_can_be_undone, &contract),
    cmocka_unit_test_kept(repeats_far_ahead_are_taken, &contract),
    cmocka_unit_test_kept(repeats_of_the_longest_names_are_kept, &contract),
    cmocka_unit_test_kept(answers_are_kept_until_they_expire, &contract),
    cmocka_unit_test_kept(one_answer_a_user, &contract),
    cmocka_unit_test_kept(sweeping_erases_what_expired, &contract),
    cmocka_unit_test_kept(a_commit_that_writes_is_a_proof, &contract),
    cmocka_unit_test_kept(what_writes_nothing_is_no_proof, &contract),
};

RUN(tests)
