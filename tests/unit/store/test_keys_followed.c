/* Processes that have a database open while its keys change. */
#include "crypto/keyring_edit.h"
#include "store/maintain.h"
#include "unit/store/rotated.h"

#include <sys/wait.h>
#include <unistd.h>

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
    struct store_proof proof;
    char hidden[sizeof keyring_path + 8];

    (void)state;
    fill(1);
    rotate_to(2);
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    snprintf(hidden, sizeof hidden, "%s.away", keyring_path);
    assert_int_equal(rename(keyring_path, hidden), 0);
    assert_int_equal(store->ops->begin(store, &t), ERR_UNAVAILABLE);
    assert_null(t);
    assert_int_equal(store->ops->prove(store), ERR_UNAVAILABLE);
    store->ops->look_proof(store, &proof);
    assert_non_null(strstr(proof.trouble, "TWOFOLD_KEYRING_FILE"));
    assert_int_equal(rename(hidden, keyring_path), 0);
    assert_int_equal(store->ops->begin(store, &t), ERR_OK);
    store->ops->abort(t);
    assert_int_equal(store->ops->prove(store), ERR_OK);
    store->ops->look_proof(store, &proof);
    assert_null(proof.trouble);
}

/* Tells the database of the new key, as another process that has the right keyring. */
static int announce_with(const char *path, int go)
{
    char c;

    if (read(go, &c, 1) != 1 || keyring_open(path, &keyring, &diag) != ERR_OK)
        return 2;
    store = store_fixed(&place, keyring);
    return 0;
}

/*
 * A process follows a change, and undoes that transaction; then its keyring file is exchanged for a
 * foreign one, and the database comes to the very number that the process has seen. It must not
 * take the foreign keys for known.
 */
static void a_wrong_keyring_never_writes(void **state)
{
    char right[sizeof keyring_path + 8];
    int go[2], status = -1;
    struct store_txn *t = NULL;
    uint32_t id;
    pid_t pid;

    (void)state;
    fill(1);
    close_store();
    assert_int_equal(pipe(go), 0);
    snprintf(right, sizeof right, "%s.right", keyring_path);
    pid = fork();
    if (pid == 0)
        _exit(announce_with(right, go[0]));
    open_store();
    assert_int_equal(store_lmdb_keys_changed(store), ERR_OK);
    assert_int_equal(keyring_add(keyring_path, &id, &diag), ERR_OK);
    assert_int_equal(keyring_activate(keyring_path, id, &diag), ERR_OK);
    assert_int_equal(store->ops->begin(store, &t), ERR_OK);
    store->ops->abort(t);
    assert_int_equal(rename(keyring_path, right), 0);
    assert_int_equal(keyring_create_new(keyring_path, &diag), ERR_OK);
    assert_int_equal(store->ops->begin(store, &t), ERR_UNAVAILABLE);
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store->ops->begin(store, &t), ERR_UNAVAILABLE);
    assert_int_equal(rename(right, keyring_path), 0);
    assert_int_equal(store->ops->begin(store, &t), ERR_OK);
    store->ops->abort(t);
    assert_all_as_before(1);
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
    assert_int_equal(rotated_set_up(NULL), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(other_processes_follow, rotated_set_up, rotated_tear_down),
    cmocka_unit_test_setup_teardown(without_the_new_key_nothing_goes_on, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_wrong_keyring_never_writes, rotated_set_up,
                                    rotated_tear_down),
    cmocka_unit_test_setup_teardown(a_transaction_that_is_undone_does_not_hide_the_change,
                                    rotated_set_up, rotated_tear_down),
};

RUN(tests)
