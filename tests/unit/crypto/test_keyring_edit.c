#include "crypto/keyring_edit.h"

#include "support/runner.h"
#include "support/scratch.h"

#include <sys/wait.h>

static struct scratch scratch;
static const char *path;
static struct diag diag;

static int set_up(void **state)
{
    (void)state;
    scratch_make(&scratch);
    path = strdup(scratch_path(&scratch, "keyring"));
    diag = (struct diag){0};
    return path && keyring_create_new(path, &diag) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    free((char *)(uintptr_t)path);
    return 0;
}

static struct keyring *opened(void)
{
    struct keyring *k = NULL;

    if (keyring_open(path, &k, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return k;
}

static uint32_t added(void)
{
    uint32_t id = 0;

    if (keyring_add(path, &id, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return id;
}

/* The derived key of PURPOSE, copied; false when the keyring has none. */
static bool derived(uint32_t id, enum key_purpose purpose, uint8_t ret_key[static 32])
{
    auto_keyring *k = opened();
    struct bytes key;

    if (keyring_key(k, id, purpose, &key) != ERR_OK)
        return false;
    memcpy(ret_key, key.p, key.n);
    return true;
}

static void an_added_key_is_for_reading(void **state)
{
    auto_keyring *k = NULL;
    uint8_t key[32];

    (void)state;
    assert_int_equal(added(), 2);
    assert_int_equal(added(), 3);
    k = opened();
    assert_int_equal(keyring_active(k), 1);
    assert_true(derived(3, KEY_FIELD, key));
}

static void what_was_there_stays_the_same(void **state)
{
    uint8_t before[32], after[32];
    struct stat st;

    (void)state;
    assert_true(derived(1, KEY_FIELD, before));
    added();
    assert_int_equal(keyring_activate(path, 2, &diag), ERR_OK);
    assert_true(derived(1, KEY_FIELD, after));
    assert_memory_equal(before, after, 32);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(scratch_count(&scratch), 1);
}

static void one_key_is_active(void **state)
{
    struct key_summary keys[KEYRING_KEYS_MAX];
    size_t n;

    (void)state;
    added();
    assert_int_equal(keyring_activate(path, 2, &diag), ERR_OK);
    assert_int_equal(keyring_list(path, keys, &n, &diag), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(keys[0].state, KEY_READING);
    assert_int_equal(keys[1].state, KEY_ACTIVE);
    assert_int_equal(strlen(keys[1].date), 10);
}

static void a_removed_key_is_gone(void **state)
{
    uint8_t key[32];

    (void)state;
    added();
    assert_int_equal(keyring_remove(path, 2, false, &diag), ERR_OK);
    assert_false(derived(2, KEY_RECOVERY, key));
    assert_int_equal(added(), 2);
}

static void a_pepper_is_all_that_is_left(void **state)
{
    uint8_t before[32], after[32], key[32];

    (void)state;
    added();
    assert_true(derived(2, KEY_RECOVERY, before));
    assert_int_equal(keyring_remove(path, 2, true, &diag), ERR_OK);
    assert_true(derived(2, KEY_RECOVERY, after));
    assert_memory_equal(before, after, 32);
    for (unsigned purpose = 0; purpose < KEY_PURPOSES; purpose++)
        if (purpose != KEY_RECOVERY)
            assert_false(derived(2, (enum key_purpose)purpose, key));
    /* Again is the same; and in the end it goes altogether. */
    assert_int_equal(keyring_remove(path, 2, true, &diag), ERR_OK);
    assert_true(derived(2, KEY_RECOVERY, after));
    assert_memory_equal(before, after, 32);
    assert_int_equal(keyring_activate(path, 2, &diag), ERR_NOT_FOUND);
    assert_int_equal(keyring_remove(path, 2, false, &diag), ERR_OK);
    assert_false(derived(2, KEY_RECOVERY, key));
}

static void what_cannot_be_done_changes_nothing(void **state)
{
    struct stat before, after;

    (void)state;
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(keyring_remove(path, 1, false, &diag), ERR_CONFLICT);
    assert_int_equal(keyring_remove(path, 1, true, &diag), ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "rotate"));
    assert_int_equal(keyring_remove(path, 7, false, &diag), ERR_NOT_FOUND);
    assert_int_equal(keyring_activate(path, 7, &diag), ERR_NOT_FOUND);
    assert_non_null(strstr(diag.text, "keys list"));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void a_full_keyring_takes_no_more(void **state)
{
    uint32_t id;

    (void)state;
    for (int i = 1; i < KEYRING_KEYS_MAX; i++)
        added();
    assert_int_equal(keyring_add(path, &id, &diag), ERR_EXHAUSTED);
    keyring_free(opened());
}

static void changes_at_the_same_time_all_count(void **state)
{
    enum { CHILDREN = 8, EACH = 4 };
    struct key_summary keys[KEYRING_KEYS_MAX];
    size_t n;

    (void)state;
    for (int i = 0; i < CHILDREN; i++)
        if (fork() == 0) {
            uint32_t id;

            for (int j = 0; j < EACH; j++)
                if (keyring_add(path, &id, &diag) != ERR_OK)
                    _exit(1);
            _exit(0);
        }
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(keyring_list(path, keys, &n, &diag), ERR_OK);
    assert_int_equal(n, 1 + CHILDREN * EACH);
}

/* An administrator who rotates the keys must not take the file from the service. */
static void the_owner_stays(void **state)
{
    struct stat st;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(path, 65534, 65534), 0);
    added();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 65534);
    assert_int_equal(st.st_gid, 65534);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_symbolic_link_stays_one(void **state)
{
    char link[sizeof scratch.path];
    struct stat st;
    uint32_t id;

    (void)state;
    snprintf(link, sizeof link, "%s", scratch_path(&scratch, "link"));
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(keyring_add(link, &id, &diag), ERR_OK);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(added(), 3);
}

static void reading_again_follows_the_file(void **state)
{
    auto_keyring *k = opened();

    (void)state;
    added();
    assert_int_equal(keyring_activate(path, 2, &diag), ERR_OK);
    assert_int_equal(keyring_active(k), 1);
    assert_int_equal(keyring_reload(k, &diag), ERR_OK);
    assert_int_equal(keyring_active(k), 2);
}

static void what_cannot_be_read_again_stays_as_it_was(void **state)
{
    auto_keyring *k = opened();
    uint32_t ids[KEYRING_KEYS_MAX];

    (void)state;
    scratch_write(&scratch, "keyring", "twofold-keyring 1\nkey 1 active", 0600);
    assert_int_equal(keyring_reload(k, &diag), ERR_VALIDATION);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(keyring_reload(k, &diag), ERR_NOT_FOUND);
    assert_int_equal(keyring_active(k), 1);
    assert_int_equal(keyring_ids(k, ids), 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_added_key_is_for_reading, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_was_there_stays_the_same, set_up, tear_down),
    cmocka_unit_test_setup_teardown(one_key_is_active, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_removed_key_is_gone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_pepper_is_all_that_is_left, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_cannot_be_done_changes_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_full_keyring_takes_no_more, set_up, tear_down),
    cmocka_unit_test_setup_teardown(changes_at_the_same_time_all_count, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_owner_stays, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_symbolic_link_stays_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown(reading_again_follows_the_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_cannot_be_read_again_stays_as_it_was, set_up, tear_down),
};

RUN(tests)
