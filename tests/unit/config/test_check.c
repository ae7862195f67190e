/* What config_load finds on the disk: every case is a small tree, looked at as a user that is not
 * root. */
#include "config/config.h"

#include "support/runner.h"
#include "support/scratch.h"

#include <stdbool.h>
#include <sys/wait.h>

static struct config config;
static enum config_action action;
static struct config_mistakes mistakes;
static struct scratch scratch;

static int set_up(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

/* Loads with the data folder FOLDER and the keyring KEYRING (NULL: not set), names in the scratch
 * folder, and ACTION_FLAG (NULL: to run). */
static enum err load(const char *folder, const char *keyring, const char *action_flag)
{
    char data[128], keys[128], flag[32], name[] = "twofoldd", *envp[] = {NULL};
    char *argv[5] = {name, data};
    int argc = 2;

    snprintf(data, sizeof data, "--data-dir=%s/%s", scratch.folder, folder);
    snprintf(keys, sizeof keys, "--keyring-file=%s/%s", scratch.folder, keyring ? keyring : "");
    snprintf(flag, sizeof flag, "%s", action_flag ? action_flag : "");
    if (keyring)
        argv[argc++] = keys;
    if (action_flag)
        argv[argc++] = flag;
    mistakes.n = 0;
    return config_load(argc, argv, envp, &config, &action, &mistakes);
}

/* The one mistake is about KEY and says WRONG. */
static bool found(enum err err, const char *key, const char *wrong)
{
    if (err == ERR_VALIDATION && mistakes.n == 1 && strcmp(mistakes.at[0].key, key) == 0 &&
        strstr(mistakes.at[0].wrong, wrong))
        return true;
    config_mistakes_print(&mistakes, stderr);
    return false;
}

static void make_folder(const char *name, mode_t mode)
{
    assert_int_equal(mkdir(scratch_path(&scratch, name), mode), 0);
    assert_int_equal(chmod(scratch.path, mode), 0);
}

static void as_nobody(bool (*check)(void))
{
    pid_t child;
    int status;

    assert_int_equal(chmod(scratch.folder, 0755), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        _exit(check() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_place_for_everything_is_no_mistake(void **state)
{
    (void)state;
    assert_int_equal(load("data", NULL, NULL), ERR_OK);
    assert_int_equal(load("data/", "keys", "--check-config"), ERR_OK);
    make_folder("data", 0700);
    scratch_write(&scratch, "data.keyring", "x", 0600);
    assert_int_equal(load("data", NULL, NULL), ERR_OK);
}

static void nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(load("data", NULL, NULL), ERR_OK);
    assert_int_equal(load("data", NULL, "--check-config"), ERR_OK);
    assert_int_equal(scratch_count(&scratch), 0);
}

static void a_file_is_no_data_folder(void **state)
{
    (void)state;
    scratch_write(&scratch, "file", "x", 0600);
    assert_true(found(load("file", NULL, "--check-config"), "TWOFOLD_DATA_DIR", "Not a directory"));
    assert_true(found(load("file", NULL, "--check-config"), "TWOFOLD_DATA_DIR", scratch.folder));
    assert_true(
        found(load("file/data", NULL, "--check-config"), "TWOFOLD_DATA_DIR", "Not a directory"));
}

static void a_missing_parent_is_a_mistake(void **state)
{
    (void)state;
    assert_true(
        found(load("no/such/data", NULL, "--check-config"), "TWOFOLD_DATA_DIR", "to be made in"));
    assert_non_null(strstr(mistakes.at[0].wrong, "/no/such, which"));
}

static bool finds_an_unwritable_parent(void)
{
    return found(load("closed/data", NULL, "--check-config"), "TWOFOLD_DATA_DIR",
                 "Permission denied");
}

static void an_unwritable_parent_is_a_mistake(void **state)
{
    (void)state;
    make_folder("closed", 0555);
    as_nobody(finds_an_unwritable_parent);
}

static bool finds_an_unwritable_folder(void)
{
    return found(load("data", "keys", "--check-config"), "TWOFOLD_DATA_DIR", "Permission denied");
}

static void an_unwritable_folder_is_a_mistake(void **state)
{
    (void)state;
    make_folder("data", 0555);
    as_nobody(finds_an_unwritable_folder);
}

static bool finds_an_unreadable_keyring(void)
{
    return found(load("data", NULL, "--check-config"), "TWOFOLD_KEYRING_FILE", "Permission denied");
}

static void an_unreadable_keyring_is_a_mistake(void **state)
{
    (void)state;
    make_folder("data", 0777);
    scratch_write(&scratch, "data.keyring", "x", geteuid() == 0 ? 0600 : 0);
    as_nobody(finds_an_unreadable_keyring);
}

static void a_keyring_is_a_regular_file(void **state)
{
    (void)state;
    make_folder("keys", 0700);
    assert_true(found(load("data", "keys", "--check-config"), "TWOFOLD_KEYRING_FILE",
                      "not a regular file"));
    assert_int_equal(mkfifo(scratch_path(&scratch, "pipe"), 0600), 0);
    assert_true(found(load("data", "pipe", "--check-config"), "TWOFOLD_KEYRING_FILE",
                      "not a regular file"));
}

/* Settings may be printed where the service does not run; a start finds out by itself, and its exit
 * code is another one. */
static void nothing_else_looks(void **state)
{
    (void)state;
    assert_int_equal(load("no/such/data", NULL, NULL), ERR_OK);
    assert_int_equal(load("no/such/data", NULL, "--print-config"), ERR_OK);
    assert_int_equal(load("no/such/data", NULL, "--help"), ERR_OK);
}

static void all_mistakes_come_together(void **state)
{
    (void)state;
    make_folder("keys", 0700);
    assert_int_equal(load("no/such/data", "keys", "--check-config"), ERR_VALIDATION);
    assert_int_equal(mistakes.n, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_place_for_everything_is_no_mistake, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nothing_is_written, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_file_is_no_data_folder, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_missing_parent_is_a_mistake, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_unwritable_parent_is_a_mistake, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_unwritable_folder_is_a_mistake, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_unreadable_keyring_is_a_mistake, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_keyring_is_a_regular_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nothing_else_looks, set_up, tear_down),
    cmocka_unit_test_setup_teardown(all_mistakes_come_together, set_up, tear_down),
};

RUN(tests)
