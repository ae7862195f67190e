#include "crypto/keyring.h"
#include "crypto/keyring_edit.h"

#include "support/runner.h"
#include "support/scratch.h"

#include <pthread.h>
#include <sys/wait.h>

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define HEADER "twofold-keyring 1\n"
#define ACTIVE(id) "key " #id " active 2026-11-22 " KEY_A "\n"
#define READING(id) "key " #id " reading 2026-11-22 " KEY_A "\n"

static int setup(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);

    scratch_make(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    scratch_remove(*state);
    free(*state);
    return 0;
}

static void a_created_keyring_opens_and_is_private(void **state)
{
    struct scratch *s = *state;
    auto_keyring *k = NULL;
    struct diag diag = {""};
    struct stat is;

    assert_int_equal(keyring_create(scratch_path(s, "keyring"), &diag), ERR_OK);
    assert_int_equal(stat(s->path, &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    assert_int_equal(scratch_count(s), 1);
    assert_int_equal(keyring_open(s->path, &k, &diag), ERR_OK);
    assert_int_equal(keyring_active(k), 1);
}

static void an_existing_keyring_is_never_replaced(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_write(s, "keyring", "something else", 0600);
    struct diag diag = {""};
    char text[32] = "";
    FILE *file;

    assert_int_equal(keyring_create(path, &diag), ERR_OK);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "something else");
    assert_int_equal(scratch_count(s), 1);
}

static void what_must_be_new_is_refused_where_something_is(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "keyring");
    struct diag diag = {""};
    struct stat before, after;

    assert_int_equal(keyring_create_new(path, &diag), ERR_OK);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(keyring_create_new(path, &diag), ERR_CONFLICT);
    assert_non_null(strstr(diag.text, path));
    assert_non_null(strstr(diag.text, "TWOFOLD_KEYRING_FILE"));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(scratch_count(s), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(keyring_create_new(path, &diag), ERR_CONFLICT);
    assert_int_equal(scratch_count(s), 1);
}

static void *create(void *path)
{
    struct diag diag;

    return (void *)(intptr_t)keyring_create(path, &diag);
}

/* Several instances may start on an empty folder at once: all must end up with one keyring. */
static void racing_creators_agree_on_one_keyring(void **state)
{
    struct scratch *s = *state;
    pthread_t threads[8];
    struct diag diag = {""};
    auto_keyring *k = NULL;

    scratch_path(s, "keyring");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create, s->path), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *result = NULL;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_int_equal((intptr_t)result, ERR_OK);
    }
    assert_int_equal(scratch_count(s), 1);
    assert_int_equal(keyring_open(s->path, &k, &diag), ERR_OK);
}

static void a_keyring_that_cannot_be_created_says_why(void **state)
{
    struct scratch *s = *state;
    struct diag diag = {""};

    assert_int_equal(keyring_create(scratch_path(s, "missing/keyring"), &diag), ERR_UNAVAILABLE);
    assert_non_null(strstr(diag.text, s->path));
    assert_non_null(strstr(diag.text, "No such file"));
}

static void assert_refused(const char *path, enum err err, const char *reason)
{
    struct keyring *k = NULL;
    struct diag diag = {""};

    assert_int_equal(keyring_open(path, &k, &diag), err);
    assert_null(k);
    if (!strstr(diag.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", diag.text, reason);
    assert_null(strstr(diag.text, "AAEC"));
    assert_non_null(strstr(diag.text, path));
}

static void a_missing_keyring_says_what_to_do(void **state)
{
    const char *path = scratch_path(*state, "keyring");

    assert_refused(path, ERR_NOT_FOUND, "restore it from your backup");
    assert_refused(path, ERR_NOT_FOUND, "for a new database, make one with `twofoldd keys init`");
}

/* As another user than root, which may read everything. */
static void a_keyring_of_another_user_says_whose_it_must_be(void **state)
{
    struct scratch *s = *state;
    pid_t child;
    int status;

    assert_int_equal(chmod(s->folder, 0755), 0);
    scratch_write(s, "keyring", HEADER ACTIVE(1), geteuid() == 0 ? 0600 : 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct keyring *k = NULL;
        struct diag diag = {""};

        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        _exit(keyring_open(s->path, &k, &diag) == ERR_UNAVAILABLE &&
                      strstr(diag.text, "Permission denied; it must belong to the user")
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_keyring_open_to_others_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666, 0777};

    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        assert_refused(scratch_write(*state, "keyring", HEADER ACTIVE(1), modes[i]), ERR_VALIDATION,
                       "chmod 600");
}

static void what_is_not_a_regular_file_is_refused(void **state)
{
    struct scratch *s = *state;

    assert_refused(s->folder, ERR_VALIDATION, "not a regular file");
    assert_int_equal(mkfifo(scratch_path(s, "pipe"), 0600), 0);
    assert_refused(s->path, ERR_VALIDATION, "not a regular file");
}

static const struct {
    const char *text, *reason;
} malformed[] = {
    {"", "is empty"},
    {"\n# only a comment\n", "is empty"},
    {HEADER, "no active key"},
    {HEADER READING(1) READING(2), "no active key"},
    {HEADER ACTIVE(1) ACTIVE(2), "line 3 is a second active key"},
    {HEADER ACTIVE(1) READING(2) READING(1), "line 4 repeats the id"},
    {HEADER READING(1) ACTIVE(1), "line 3 repeats the id"},
    {ACTIVE(1), "line 1 is not"},
    {"twofold-keyring 2\n" ACTIVE(1), "line 1 is not"},
    {"twofold-keyring 1 \n" ACTIVE(1), "line 1 is not"},
    {HEADER HEADER ACTIVE(1), "line 2 does not begin with"},
    {HEADER "\n# comment\nkye 1 active 2026-11-22 " KEY_A "\n", "line 4 does not begin with"},
    {HEADER KEY_A "\n", "line 2 does not begin with"},
    {HEADER "key\n", "line 2 has no key id"},
    {HEADER "key -1 active 2026-11-22 " KEY_A "\n", "line 2 has no key id"},
    {HEADER "key 01 active 2026-11-22 " KEY_A "\n", "line 2 has no key id"},
    {HEADER "key 1x active 2026-11-22 " KEY_A "\n", "line 2 has no key id"},
    {HEADER "key 4294967296 active 2026-11-22 " KEY_A "\n", "line 2 has no key id"},
    {HEADER "key 99999999999999999999 active 2026-11-22 " KEY_A "\n", "line 2 has no key id"},
    {HEADER "key 1 Active 2026-11-22 " KEY_A "\n", "line 2 says neither"},
    {HEADER "key 1 2026-11-22 " KEY_A "\n", "line 2 says neither"},
    {HEADER "key 1 active " KEY_A "\n", "line 2 has no date"},
    {HEADER "key 1 active 22.11.2026 " KEY_A "\n", "line 2 has no date"},
    {HEADER "key 1 active 2026-11-22\n", "line 2 has no key in"},
    {HEADER "key 1 active 2026-11-22 " KEY_A "=\n", "line 2 has no key in"},
    {HEADER "key 1 active 2026-11-22 " KEY_A "A\n", "line 2 has no key in"},
    {HEADER "key 1 active 2026-11-22 " KEY_A "\r\n", "line 2 has no key in"},
    {HEADER "key 1 active 2026-11-22 AAECAwQFBgcICQoLDA0ODw\n", "line 2 has no key in"},
    {HEADER "key 1 active 2026-11-22 " KEY_A " more\n", "line 2 goes on"},
};

static void malformed_keyrings_are_refused_with_their_line(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
        assert_refused(scratch_write(*state, "keyring", malformed[i].text, 0600), ERR_VALIDATION,
                       malformed[i].reason);
}

static void sixty_four_keys_are_the_most(void **state)
{
    struct scratch *s = *state;
    char text[8192] = HEADER ACTIVE(0);
    auto_keyring *k = NULL;
    struct diag diag = {""};
    uint32_t ids[KEYRING_KEYS_MAX];
    size_t n = strlen(text);

    for (int id = 1; id <= KEYRING_KEYS_MAX; id++) {
        if (id == KEYRING_KEYS_MAX) {
            assert_int_equal(keyring_open(scratch_write(s, "k", text, 0600), &k, &diag), ERR_OK);
            assert_int_equal(keyring_ids(k, ids), KEYRING_KEYS_MAX);
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "key %d reading 2026-11-22 " KEY_A "\n",
                              id);
    }
    assert_refused(scratch_write(s, "k", text, 0600), ERR_VALIDATION,
                   "line 66 is one key too many");
}

static void a_huge_file_is_refused(void **state)
{
    char text[20000];

    memset(text, '#', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_refused(scratch_write(*state, "keyring", text, 0600), ERR_VALIDATION,
                   "larger than 16 KiB");
}

static void comments_blank_lines_and_wide_gaps_are_fine(void **state)
{
    struct scratch *s = *state;
    auto_keyring *k = NULL;
    struct diag diag = {""};

    scratch_write(s, "keyring",
                  "# ours\n\n" HEADER "\n  key\t4294967295   active  2026-11-22\t" KEY_A
                  "  # new\n" READING(0),
                  0400);
    assert_int_equal(keyring_open(s->path, &k, &diag), ERR_OK);
    assert_int_equal(keyring_active(k), UINT32_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_created_keyring_opens_and_is_private, setup, teardown),
    cmocka_unit_test_setup_teardown(an_existing_keyring_is_never_replaced, setup, teardown),
    cmocka_unit_test_setup_teardown(what_must_be_new_is_refused_where_something_is, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(racing_creators_agree_on_one_keyring, setup, teardown),
    cmocka_unit_test_setup_teardown(a_keyring_that_cannot_be_created_says_why, setup, teardown),
    cmocka_unit_test_setup_teardown(a_missing_keyring_says_what_to_do, setup, teardown),
    cmocka_unit_test_setup_teardown(a_keyring_of_another_user_says_whose_it_must_be, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(a_keyring_open_to_others_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_not_a_regular_file_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(malformed_keyrings_are_refused_with_their_line, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(sixty_four_keys_are_the_most, setup, teardown),
    cmocka_unit_test_setup_teardown(a_huge_file_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(comments_blank_lines_and_wide_gaps_are_fine, setup, teardown),
};

RUN(tests)
