/*
 * What every store must do, whatever it is made of. An implementation's test file hands a struct
 * contract to the setup and lists these functions as its tests.
 */
#ifndef TWOFOLD_TESTS_STORE_CONTRACT_H
#define TWOFOLD_TESTS_STORE_CONTRACT_H

#include "unit/store/fixture.h"

struct contract {
    /* Makes an empty place and keyring, and removes them. */
    void (*prepare)(struct contract *);
    void (*clean)(struct contract *);
    /* Opens the store that lies there: new, or with what was committed before. */
    struct store *(*open)(struct contract *);
    struct place place;
    struct keyring *keyring;
    struct store *store;
    struct store_txn *txn; /* one that a test left open is aborted */
};

/* A test of the contract as kept by the implementation that CONTRACT describes. The build takes the
 * test's name from what follows the bracket. */
#define cmocka_unit_test_kept(test, contract) \
    cmocka_unit_test_prestate_setup_teardown(test, contract_set_up, contract_tear_down, contract)

/* The state is a struct contract. */
int contract_set_up(void **state);
int contract_tear_down(void **state);

/* One step each; they fail the test if it fails. */
void contract_begin(struct contract *c);
void contract_commit(struct contract *c);
void contract_roll_back(struct contract *c);
void contract_open_again(struct contract *c);

#define CONTRACT_LIST(X)                          \
    X(saved_users_are_loaded)                     \
    X(unknown_users_do_not_exist)                 \
    X(last_save_counts)                           \
    X(aborted_changes_are_gone)                   \
    X(erased_users_are_gone)                      \
    X(users_of_orgs_are_apart)                    \
    X(failures_of_unknown_users_are_kept)         \
    X(creating_a_user_leaves_failures)            \
    X(orgs_begin_with_the_default_policy)         \
    X(saved_orgs_are_loaded)                      \
    X(an_org_is_what_was_saved_last)              \
    X(users_are_listed_in_pages)                  \
    X(listing_knows_the_state)                    \
    X(events_are_read_in_order)                   \
    X(uncommitted_events_are_not_read)            \
    X(events_that_fit_are_read)                   \
    X(positions_grow_for_ever)                    \
    X(aborted_events_use_no_position)             \
    X(looking_tells_what_is_kept)                 \
    X(looking_sees_its_transaction_or_a_snapshot) \
    X(reading_within_sees_its_transaction)        \
    X(the_oldest_are_trimmed_first)               \
    X(large_outboxes_are_trimmed_in_steps)        \
    X(marks_begin_at_nothing_and_are_kept)        \
    X(what_was_removed_counts_as_taken)           \
    X(aborted_marks_are_gone)                     \
    X(marks_behind_the_newest_event_are_refused)  \
    X(repeats_are_kept_by_user_and_minute)        \
    X(repeats_are_taken_oldest_first)             \
    X(taking_repeats_can_be_undone)               \
    X(repeats_far_ahead_are_taken)                \
    X(repeats_of_the_longest_names_are_kept)      \
    X(answers_are_kept_until_they_expire)         \
    X(one_answer_a_user)                          \
    X(sweeping_erases_what_expired)               \
    X(a_commit_that_writes_is_a_proof)            \
    X(what_writes_nothing_is_no_proof)

#define X(name) void name(void **state);
CONTRACT_LIST(X)
#undef X

#endif
