/* The data folder: what is made, what is refused, and when it is certain to hold no database. */
#include "unit/store/one_place.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static bool exists(void)
{
    struct diag diag = {""};
    bool found = false;

    if (store_lmdb_prepare(place.data, &found, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return found;
}

static void preparing_makes_the_folder_and_finds_the_database(void **state)
{
    char path[PLACE_PATH_MAX + 16];
    struct stat folder;

    (void)state;
    assert_false(exists());
    assert_int_equal(stat(place.data, &folder), 0);
    assert_int_equal(folder.st_mode & 07777, 0700);
    database_make(&place, keyring, &alice);
    assert_true(exists());
    snprintf(path, sizeof path, "%s/data.mdb", place.data);
    assert_int_equal(unlink(path), 0);
    assert_false(exists());
    assert_int_equal(symlink("/nowhere/data.mdb", path), 0);
    assert_true(exists()); /* a disk that is not mounted */
}

static void unusable_folders_are_refused(void **state)
{
    char file[PLACE_PATH_MAX + 16], below[PLACE_PATH_MAX + 32], orphan[PLACE_PATH_MAX + 16];
    FILE *f;

    (void)state;
    snprintf(file, sizeof file, "%s/file", place.root);
    snprintf(below, sizeof below, "%s/data", file);
    snprintf(orphan, sizeof orphan, "%s/none/data", place.root);
    f = fopen(file, "w");
    assert_non_null(f);
    fclose(f);
    assert_says(store_refusal(file, keyring), "is not a folder");
    assert_says(store_refusal(below, keyring), "Not a directory");
    assert_says(store_refusal(orphan, keyring), "its parent must exist");
    assert_says(store_refusal(orphan, keyring), orphan);
    assert_says(store_refusal(orphan, keyring), "TWOFOLD_DATA_DIR");
}

/* Runs CHECK as another user than root, which may do everything; 0 when it is content. */
static int as_nobody(bool (*check)(void))
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        _exit(check() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool folder_is_refused(void)
{
    const char *text = store_refusal(place.data, keyring);

    return strstr(text, "is not writable") && strstr(text, "TWOFOLD_DATA_DIR");
}

static bool preparing_is_refused(void)
{
    struct diag diag = {""};
    bool found;

    return store_lmdb_prepare(place.data, &found, &diag) == ERR_UNAVAILABLE &&
           strstr(diag.text, place.data);
}

static bool opening_says_whose_the_files_must_be(void)
{
    return strstr(store_refusal(place.data, keyring), "data.mdb and lock.mdb there must belong to");
}

static void unwritable_folders_are_refused(void **state)
{
    (void)state;
    assert_int_equal(chmod(place.root, 0755), 0);
    assert_int_equal(mkdir(place.data, 0755), 0);
    assert_int_equal(chmod(place.data, 0555), 0);
    assert_int_equal(as_nobody(folder_is_refused), 0);
}

/* A folder that nobody may look into is not one without a database: a keyring made in that belief
 * would take the place of the lost one. */
static void what_cannot_be_looked_into_is_not_empty(void **state)
{
    (void)state;
    database_make(&place, keyring, &alice);
    assert_int_equal(chmod(place.root, 0755), 0);
    assert_int_equal(chmod(place.data, geteuid() == 0 ? 0700 : 0), 0);
    assert_int_equal(as_nobody(preparing_is_refused), 0);
    assert_int_equal(chmod(place.data, 0700), 0);
}

static void files_of_another_user_are_refused(void **state)
{
    char path[PLACE_PATH_MAX + 16];

    (void)state;
    database_make(&place, keyring, &alice);
    snprintf(path, sizeof path, "%s/data.mdb", place.data);
    assert_int_equal(chmod(place.root, 0755), 0);
    assert_int_equal(chmod(place.data, 0777), 0);
    assert_int_equal(chmod(path, geteuid() == 0 ? 0600 : 0), 0);
    assert_int_equal(as_nobody(opening_says_whose_the_files_must_be), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(preparing_makes_the_folder_and_finds_the_database, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(unusable_folders_are_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(unwritable_folders_are_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(what_cannot_be_looked_into_is_not_empty, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(files_of_another_user_are_refused, place_set_up,
                                    place_tear_down),
};

RUN(tests)
