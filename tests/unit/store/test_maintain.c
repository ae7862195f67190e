/* Rotating keys: what is sealed anew, what is counted, and when a key may go. */
#include "store/maintain.h"

#include "crypto/keyring_edit.h"
#include "store/record.h"
#include "unit/store/fixture.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USERS = 700 }; /* more than two batches */

static struct place place;
static char keyring_path[PLACE_PATH_MAX + 16];
static struct keyring *keyring;
static struct store *store;
static struct diag diag;

static void open_store(void)
{
    assert_int_equal(keyring_open(keyring_path, &keyring, &diag), ERR_OK);
    store = store_fixed(&place, keyring);
}

static void close_store(void)
{
    store_close(store);
    keyring_free(keyring);
}

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    snprintf(keyring_path, sizeof keyring_path, "%s/keyring", place.root);
    if (keyring_create_new(keyring_path, &diag) != ERR_OK)
        return -1;
    open_store();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_store();
    place_remove(&place);
    return 0;
}

static struct user_id user_of(unsigned i)
{
    static char name[16];

    snprintf(name, sizeof name, "user-%04u", i);
    return (struct user_id){.org = i % 2 ? "acme" : "globex", .username = name};
}

static void fill(unsigned n)
{
    struct org org = org_sample();
    struct store_txn *t;

    assert_int_equal(store->ops->begin(store, &t), ERR_OK);
    assert_int_equal(store->ops->save_org(t, "acme", &org), ERR_OK);
    assert_int_equal(store->ops->save_org(t, "globex", &org), ERR_OK);
    for (unsigned i = 0; i < n; i++) {
        struct user_id id = user_of(i);
        struct user u;

        user_maximal(&u);
        u.recovery.pepper = 1;
        u.enrollment.recovery.pepper = 1;
        assert_int_equal(store->ops->save_user(t, &id, &u), ERR_OK);
        user_wipe(&u);
    }
    assert_int_equal(store->ops->commit(t), ERR_OK);
}

/* What `twofoldd keys rotate` does before it seals anew. */
static void rotate_to(uint32_t id)
{
    uint32_t added;

    assert_int_equal(keyring_add(keyring_path, &added, &diag), ERR_OK);
    assert_int_equal(added, id);
    assert_int_equal(keyring_activate(keyring_path, id, &diag), ERR_OK);
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    /* Its own transaction was begun with the number before. */
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    assert_int_equal(keyring_active(keyring), id);
}

static struct key_usage usage_of(uint32_t id)
{
    struct key_usage usage[KEYRING_KEYS_MAX];
    size_t n;

    assert_int_equal(store_lmdb_key_usage(store, usage, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        if (usage[i].id == id)
            return usage[i];
    fail_msg("no usage of key %u", (unsigned)id);
    return (struct key_usage){0};
}

/* The sealed form is another one, what it holds is the same. */
static void take_sealed_form(struct authenticator *a, const struct authenticator *from)
{
    memcpy(a->sealed, from->sealed, sizeof a->sealed);
    a->n_sealed = from->n_sealed;
}

static void assert_all_as_before(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct user_id id = user_of(i);
        struct user expected, u;

        user_maximal(&expected);
        expected.recovery.pepper = 1;
        expected.enrollment.recovery.pepper = 1;
        get_user(store, &id, &u);
        for (unsigned j = 0; j < u.n_authenticators; j++)
            take_sealed_form(&expected.authenticators[j], &u.authenticators[j]);
        take_sealed_form(&expected.enrollment.authenticator, &u.enrollment.authenticator);
        assert_same_user(&expected, &u);
    }
}

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
    bool pepper_needed;

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
    assert_int_equal(store_lmdb_retire_key(store, 1, &pepper_needed), ERR_CONFLICT);
}

/* The other process had opened the database before the rotation, and knew one key. */
static int other_process(int ready, int go)
{
    struct user_id id = user_of(1);
    struct user u;
    char c = 'r';

    open_store();
    if (write(ready, &c, 1) != 1 || read(go, &c, 1) != 1)
        return 2;
    get_user(store, &id, &u);
    put_user(store, &id, &u);
    return keyring_active(keyring) == 2 && usage_of(1).rows == 0 ? 0 : 1;
}

static void other_processes_follow(void **state)
{
    int ready[2], go[2], status = -1;
    struct work_done done;
    pid_t pid;
    char c;

    (void)state;
    fill(3);
    close_store();
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid = fork();
    if (pid == 0)
        _exit(other_process(ready[1], go[0]));
    assert_int_equal(read(ready[0], &c, 1), 1);
    open_store();
    rotate_to(2);
    assert_int_equal(store_lmdb_reseal(store, NULL, &done), ERR_OK);
    assert_int_equal(write(go[1], &c, 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A process whose keyring cannot be read any more does nothing: it neither misreads nor writes. */
static void without_the_new_key_nothing_goes_on(void **state)
{
    struct store_txn *t = NULL;
    char hidden[sizeof keyring_path + 8];

    (void)state;
    fill(1);
    rotate_to(2);
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    snprintf(hidden, sizeof hidden, "%s.away", keyring_path);
    assert_int_equal(rename(keyring_path, hidden), 0);
    assert_int_equal(store->ops->begin(store, &t), ERR_UNAVAILABLE);
    assert_null(t);
    assert_int_equal(rename(hidden, keyring_path), 0);
    assert_int_equal(store->ops->begin(store, &t), ERR_OK);
    store->ops->abort(t);
}

static void a_transaction_that_is_undone_does_not_hide_the_change(void **state)
{
    struct store_txn *t = NULL;
    uint32_t id;

    (void)state;
    fill(1);
    assert_int_equal(keyring_add(keyring_path, &id, &diag), ERR_OK);
    assert_int_equal(keyring_activate(keyring_path, id, &diag), ERR_OK);
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store->ops->begin(store, &t), ERR_OK);
        assert_int_equal(keyring_active(keyring), 2);
        store->ops->abort(t);
    }
    put_event(store, "committed");
    close_store();
    /* The check value of key 2 came with it: the old keyring alone is refused. */
    assert_int_equal(keyring_activate(keyring_path, 1, &diag), ERR_OK);
    assert_int_equal(keyring_remove(keyring_path, 2, false, &diag), ERR_OK);
    assert_int_equal(keyring_open(keyring_path, &keyring, &diag), ERR_OK);
    assert_non_null(strstr(store_refusal(place.data, keyring), "lacks key 2"));
    keyring_free(keyring);
    assert_int_equal(unlink(keyring_path), 0);
    place_remove(&place);
    assert_int_equal(set_up(NULL), 0);
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(everything_comes_under_the_active_key, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_retired_key_is_not_needed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_key_that_rows_are_under_stays, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_pepper_goes_with_the_last_codes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(work_that_was_stopped_goes_on, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_row_is_left_and_counted, set_up, tear_down),
    cmocka_unit_test_setup_teardown(other_processes_follow, set_up, tear_down),
    cmocka_unit_test_setup_teardown(without_the_new_key_nothing_goes_on, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_transaction_that_is_undone_does_not_hide_the_change, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(failures_of_unknown_names_outlive_a_rotation, set_up,
                                    tear_down),
};

RUN(tests)
