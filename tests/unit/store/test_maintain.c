/* Rotating keys: what is sealed anew, what is counted, and when a key may go. */
#include "store/maintain.h"

#include "crypto/keyring_edit.h"
#include "store/record.h"
#include "unit/store/rotated.h"

#include <stdlib.h>

static void everything_comes_under_the_active_key(void **state)
{
    struct work_done done;
    bool needed;

    (void)state;
    fill(USERS);
    rotate_to(2);
    assert_int_equal(store_lmdb_needs_reseal(store, &needed), ERR_OK);
    assert_true(needed);
    assert_int_equal(usage_of(1).rows, USERS + 2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(done.written, USERS + 2);
    assert_int_equal(done.damaged, 0);
    assert_int_equal(usage_of(1).rows, 0);
    assert_int_equal(usage_of(2).rows, USERS + 2);
    assert_all_as_before(USERS);
    assert_int_equal(store_lmdb_needs_reseal(store, &needed), ERR_OK);
    assert_false(needed);
}

/* With the old key gone for good, nothing but its pepper can have stayed under it. */
static void a_retired_key_is_not_needed(void **state)
{
    struct work_done done;
    bool pepper_needed = false;

    (void)state;
    fill(10);
    rotate_to(2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_OK);
    assert_true(pepper_needed);
    assert_int_equal(keyring_remove(keyring_path, 1, true, &diag), ERR_OK);
    close_store();
    open_store();
    assert_all_as_before(10);
    assert_int_equal(usage_of(1).recovery, 20);
}

static void a_key_that_rows_are_under_stays(void **state)
{
    bool pepper_needed;

    (void)state;
    fill(3);
    rotate_to(2);
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_CONFLICT);
    assert_int_equal(store_lmdb_retire_key(store, 2, &pepper_needed), ERR_CONFLICT);
    assert_int_equal(store_lmdb_retire_key(store, 3, &pepper_needed), ERR_NOT_FOUND);
    assert_all_as_before(3);
}

static void a_pepper_goes_with_the_last_codes(void **state)
{
    struct work_done done;
    bool pepper_needed = true;
    struct user_id id = user_of(0);
    struct user u;

    (void)state;
    fill(1);
    rotate_to(2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_OK);
    assert_int_equal(keyring_remove(keyring_path, 1, true, &diag), ERR_OK);
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    user_minimal(&u);
    put_user(store, &id, &u);
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_OK);
    assert_false(pepper_needed);
    assert_int_equal(keyring_remove(keyring_path, 1, false, &diag), ERR_OK);
    close_store();
    open_store();
}

static bool stop_at_once(void *ctx, uint64_t done, uint64_t total)
{
    (void)total;
    *(uint64_t *)ctx = done;
    return false;
}

static void work_that_was_stopped_goes_on(void **state)
{
    uint64_t seen = 0;
    const struct work_progress progress = {.call = stop_at_once, .ctx = &seen};
    struct work_done first, rest;

    (void)state;
    fill(USERS);
    rotate_to(2);
    assert_int_equal(store_lmdb_reseal(store, &progress, &first), ERR_CONFLICT);
    assert_true(seen > 0 && seen < USERS);
    assert_int_equal(usage_of(2).rows, seen + 2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &rest), ERR_OK);
    assert_int_equal(first.written + rest.written, USERS + 2);
    assert_all_as_before(USERS);
}

static void a_damaged_row_is_left_and_counted(void **state)
{
    struct work_done done;
    struct tables_txn *txn;
    struct tables *tables;
    struct bytes row;
    uint8_t copy[16384];
    bool pepper_needed, needed;

    (void)state;
    fill(3);
    close_store();
    tables = tables_under(&place, &txn);
    assert_int_equal(table_get(txn, TABLE_USERS,
                               (struct bytes){.p = (const uint8_t *)"acme\0user-0001", .n = 14},
                               &row),
                     ERR_OK);
    memcpy(copy, row.p, row.n);
    copy[row.n - 1] ^= 1;
    assert_int_equal(table_put(txn, TABLE_USERS,
                               (struct bytes){.p = (const uint8_t *)"acme\0user-0001", .n = 14},
                               (struct bytes){.p = copy, .n = row.n}),
                     ERR_OK);
    assert_int_equal(tables_commit(txn), ERR_OK);
    tables_close(tables);
    open_store();
    rotate_to(2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(done.damaged, 1);
    assert_int_equal(done.written, 2 + 2);
    assert_int_equal(usage_of(1).damaged, 1);
    /* It keeps neither the next rotation from happening, nor the old key from going. */
    assert_int_equal(store_lmdb_needs_reseal(store, &needed), ERR_OK);
    assert_false(needed);
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_OK);
}

/* A password that nobody can open cannot come under another key: the rest goes on. */
static void a_damaged_password_is_left_and_counted(void **state)
{
    struct work_done done;
    struct user_id id;
    struct user u;

    (void)state;
    fill(3);
    id = user_of(1);
    get_user(store, &id, &u);
    u.sealed_password[20] ^= 1;
    put_user(store, &id, &u);
    rotate_to(2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(done.damaged, 1);
    assert_int_equal(done.written, 2 + 2);
    assert_int_equal(usage_of(1).rows, 1);
}

static void failures_of_unknown_names_outlive_a_rotation(void **state)
{
    const struct user_id nobody = {.org = "acme", .username = "nobody"};
    struct user u = {.password_lockout = {.failures = 7, .until_s = 1800000000}};

    (void)state;
    fill(1);
    put_user(store, &nobody, &u);
    rotate_to(2);
    get_user(store, &nobody, &u);
    assert_false(u.exists);
    assert_int_equal(u.password_lockout.failures, 7);
    u.password_lockout.failures = 8;
    put_user(store, &nobody, &u);
    get_user(store, &nobody, &u);
    assert_int_equal(u.password_lockout.failures, 8);
    u.password_lockout = (struct lockout){0};
    put_user(store, &nobody, &u);
    get_user(store, &nobody, &u);
    assert_int_equal(u.password_lockout.failures, 0);
}

/* Rows of the minutes before a key goes: none is lost, and none is left under it. A damaged one
 * stays for whoever takes it. */
static void counted_failures_outlive_a_retired_key(void **state)
{
    enum { MINUTE = 30000000, ROWS = 5 };
    const struct repeats sample = repeats_sample();
    struct repeats_owner owner;
    struct store_txn *t;
    struct work_done done;
    struct repeats got;
    bool pepper_needed;

    (void)state;
    fill(1);
    for (unsigned i = 0; i < ROWS; i++) {
        const struct user_id id = user_of(i);

        if (i == ROWS - 1)
            rotate_to(2);
        assert_int_equal(store->ops->begin(store, &t), ERR_OK);
        assert_int_equal(store->ops->save_repeats(t, &id, MINUTE + i, &sample), ERR_OK);
        assert_int_equal(store->ops->commit(t), ERR_OK);
    }
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_OK);
    assert_int_equal(keyring_remove(keyring_path, 1, true, &diag), ERR_OK);
    close_store();
    open_store();
    for (unsigned i = 0; i < ROWS; i++) {
        assert_int_equal(store->ops->begin(store, &t), ERR_OK);
        assert_int_equal(store->ops->take_repeats(t, MINUTE + ROWS, &owner, &got), ERR_OK);
        assert_int_equal(store->ops->commit(t), ERR_OK);
        assert_string_equal(owner.username, user_of(i).username);
        assert_string_equal(owner.org, user_of(i).org);
        assert_same_repeats(&sample, &got);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(everything_comes_under_the_active_key, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_retired_key_is_not_needed, rotated_set_up, rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_key_that_rows_are_under_stays, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_pepper_goes_with_the_last_codes, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(work_that_was_stopped_goes_on, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_password_is_left_and_counted, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_row_is_left_and_counted, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(counted_failures_outlive_a_retired_key, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(failures_of_unknown_names_outlive_a_rotation, rotated_set_up,
                                    rotated_tear_down),
};

RUN(tests)
