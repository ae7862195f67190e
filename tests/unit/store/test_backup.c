/* Backups: taken while others write, read back whole or refused, and never changed by reading. */
#include "unit/store/child.h"
#include "unit/store/one_place.h"

#include "base/arena.h"
#include "store/backup_lmdb.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAKEN_S = 1800000000 };

static struct diag diag;

static enum err take(const char *to, struct backup_facts *ret_facts)
{
    const struct backup_job job = {
        .folder = place.data, .size_mb = SIZE_MB, .to = to, .now_s = TAKEN_S};

    diag.text[0] = '\0';
    return backup_write(&job, ret_facts, &diag);
}

static void take_whole(const char *to, struct backup_facts *ret_facts)
{
    if (take(to, ret_facts) != ERR_OK)
        fail_msg("%s", diag.text);
}

/* The organization that every database of a service has. */
static void default_make(struct keyring *k)
{
    const struct org org = {.exists = true, .policy = policy_default()};
    struct store *s = store_fixed(&place, k);
    struct store_txn *t = NULL;

    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->save_org(t, "default", &org), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    store_close(s);
}

static void refused(const char *backup, const struct keyring *k, const char *part)
{
    struct backup_facts facts;

    diag.text[0] = '\0';
    assert_true(backup_check(backup, k, &facts, &diag) != ERR_OK);
    if (!strstr(diag.text, part))
        fail_msg("\"%s\" does not say \"%s\"", diag.text, part);
}

static unsigned files_in(const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned n = 0;

    assert_non_null(dir);
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir))
        n += d->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void a_backup_is_read_back(void **state)
{
    char backup[PATH_BYTES], again[PATH_BYTES];
    struct backup_facts made, read;
    struct user was, is;
    struct stat st;
    struct store *s;

    (void)state;
    default_make(keyring);
    database_make(&place, keyring, &alice);
    folder_make(&place, "backup", backup);
    take_whole(backup, &made);
    assert_int_equal(made.taken_s, TAKEN_S);
    assert_int_equal(made.users, 1);
    assert_int_equal(stat(path_in(backup, "data.mdb"), &st), 0);
    assert_int_equal(made.bytes, st.st_size);
    assert_int_equal(files_in(backup), 2);
    if (backup_check(backup, keyring, &read, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    assert_int_equal(read.taken_s, TAKEN_S);
    assert_int_equal(read.users, 1);
    assert_int_equal(read.bytes, made.bytes);
    folder_make(&place, "again", again);
    assert_int_equal(backup_unpack(backup, again, &diag), ERR_OK);
    s = store_fixed(&place, keyring);
    get_user(s, &alice, &was);
    store_close(s);
    snprintf(place.data, sizeof place.data, "%.250s", again);
    s = store_fixed(&place, keyring);
    get_user(s, &alice, &is);
    assert_same_user(&was, &is);
    store_close(s);
}

/* Reading works from a medium that cannot be written, and leaves not even a lock file. */
static void reading_changes_nothing(void **state)
{
    char backup[PATH_BYTES];
    struct backup_facts facts;
    struct stat before, after;

    (void)state;
    default_make(keyring);
    folder_make(&place, "backup", backup);
    take_whole(backup, &facts);
    assert_int_equal(chmod(path_in(backup, "data.mdb"), 0400), 0);
    assert_int_equal(chmod(backup, 0500), 0);
    assert_int_equal(stat(path_in(backup, "data.mdb"), &before), 0);
    assert_int_equal(backup_check(backup, keyring, &facts, &diag), ERR_OK);
    assert_int_equal(stat(path_in(backup, "data.mdb"), &after), 0);
    assert_int_equal(files_in(backup), 2);
    assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    assert_int_equal(chmod(backup, 0700), 0);
}

static void files_belong_to_their_owner_alone(void **state)
{
    static const char *const names[] = {"data.mdb", "data.mdb.sha256"};
    char backup[PATH_BYTES];
    struct backup_facts facts;
    struct stat st;

    (void)state;
    default_make(keyring);
    folder_make(&place, "backup", backup);
    umask(077); /* as every process of the service has it */
    take_whole(backup, &facts);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(stat(path_in(backup, names[i]), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
}

/* How often TEXT occurs in FILE. */
static unsigned occurs(const char *file, const char *text)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    unsigned n = 0;
    char *bytes;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    for (const char *at = bytes; at; n += at != NULL)
        at = memmem(at + (at != bytes), (size_t)(bytes + st.st_size - at - (at != bytes)), text,
                    strlen(text));
    free(bytes);
    close(fd);
    return n;
}

/* What was erased may still lie in the database's free pages, but is in no backup. */
static void erased_rows_are_not_in_it(void **state)
{
    static const char gone[] = "this-was-erased-long-ago";
    char backup[PATH_BYTES];
    struct backup_facts facts;
    struct store_txn *t = NULL;
    struct store *s;

    (void)state;
    default_make(keyring);
    s = store_fixed(&place, keyring);
    put_event(s, gone);
    store_close(s);
    s = store_fixed(&place, keyring);
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->trim_events(t, 1, SIZE_MAX), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    store_close(s);
    assert_true(occurs(path_in(place.data, "data.mdb"), gone) > 0);
    folder_make(&place, "backup", backup);
    take_whole(backup, &facts);
    assert_int_equal(occurs(path_in(backup, "data.mdb"), gone), 0);
}

static uint64_t events_of(struct store *s)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct outbox_entry entries[64];
    uint64_t after = 0, total = 0;
    size_t n = 0;

    do {
        arena_reset(arena);
        assert_int_equal(s->ops->read_events(s, after, arena, entries, 64, &n), ERR_OK);
        if (n)
            after = entries[n - 1].position;
        total += n;
    } while (n);
    arena_free(arena);
    return total;
}

/* Each transaction of the writers adds one failure and one event: a copy has as many of both, and
 * nothing that was acknowledged before it began is missing. */
static void copies_are_whole_while_others_write(void **state)
{
    struct child writers[2];
    char backup[PATH_BYTES], opened[PATH_BYTES], name[16];
    struct backup_facts facts;
    uint32_t seen = 0, last = 0;
    const struct place here = place;

    (void)state;
    default_make(keyring);
    for (size_t i = 0; i < ARRAY_LEN(writers); i++)
        writers[i] = child_start(&here, "ledger");
    for (unsigned round = 0; round < 10; round++) {
        struct store *s;
        struct user u;

        for (unsigned i = 0; i < 5; i++)
            seen = child_report(&writers[0]);
        snprintf(name, sizeof name, "b%u", round);
        folder_make(&place, name, backup);
        take_whole(backup, &facts);
        snprintf(name, sizeof name, "o%u", round);
        folder_make(&place, name, opened);
        assert_int_equal(backup_check(backup, keyring, &facts, &diag), ERR_OK);
        assert_int_equal(backup_unpack(backup, opened, &diag), ERR_OK);
        snprintf(place.data, sizeof place.data, "%.250s", opened);
        s = store_fixed(&place, keyring);
        get_user(s, &alice, &u);
        assert_int_equal(u.code_lockout.failures, events_of(s));
        assert_true(u.code_lockout.failures >= seen && u.code_lockout.failures > last);
        last = u.code_lockout.failures;
        store_close(s);
        place = here;
    }
    for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
        child_kill(&writers[i]);
        close(writers[i].out);
    }
}

static void what_is_no_backup_is_refused(void **state)
{
    char folder[PATH_BYTES];
    struct backup_facts facts;

    (void)state;
    default_make(keyring);
    refused("/nowhere", keyring, "/nowhere is not a backup");
    folder_make(&place, "empty", folder);
    refused(folder, keyring, "is not a backup: cannot read");
    refused(place.data, keyring, "is not a backup");
    folder_make(&place, "of-a-backup", folder);
    take_whole(folder, &facts);
    snprintf(place.data, sizeof place.data, "%.250s", folder);
    folder_make(&place, "second", folder);
    assert_int_equal(take(folder, &facts), ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "is a backup already"));
}

/* A database with a digest beside it, but never marked. */
static void an_unmarked_copy_is_refused(void **state)
{
    char backup[PATH_BYTES], copy[PATH_BYTES], command[4 * PATH_BYTES];
    struct backup_facts facts;

    (void)state;
    default_make(keyring);
    folder_make(&place, "backup", backup);
    take_whole(backup, &facts);
    folder_make(&place, "copy", copy);
    assert_int_equal(backup_unpack(backup, copy, &diag), ERR_OK);
    snprintf(command, sizeof command, "cd '%s' && sha256sum data.mdb >data.mdb.sha256", copy);
    assert_int_equal(system(command), 0);
    refused(copy, keyring, "was not made by twofoldd backup");
}

static void other_keyrings_are_refused(void **state)
{
    struct keyring *other = keyring_fixed(&place, "1 active 2"),
                   *lacking = keyring_fixed(&place, "2 active 2"),
                   *later = keyring_fixed(&place, "1 reading 1,2 active 2");
    char backup[PATH_BYTES];
    struct backup_facts facts;

    (void)state;
    default_make(keyring);
    folder_make(&place, "backup", backup);
    take_whole(backup, &facts);
    refused(backup, other, "this is not the keyring of");
    refused(backup, lacking, "the keyring lacks key 1");
    assert_int_equal(backup_check(backup, later, &facts, &diag), ERR_OK);
    keyring_free(other);
    keyring_free(lacking);
    keyring_free(later);
}

static void nothing_is_copied_where_no_database_is(void **state)
{
    char folder[PATH_BYTES];
    struct backup_facts facts;
    struct stat st;

    (void)state;
    folder_make(&place, "backup", folder);
    assert_int_equal(take(folder, &facts), ERR_NOT_FOUND);
    assert_non_null(strstr(diag.text, "there is no database in"));
    assert_int_equal(stat(place.data, &st), -1);
    assert_int_equal(files_in(folder), 0);
}

/* Copied into place it would skip the procedure. */
static void attack_A57_a_backup_itself_serves_nobody(void **state)
{
    char backup[PATH_BYTES];
    struct backup_facts facts;

    (void)state;
    default_make(keyring);
    folder_make(&place, "backup", backup);
    take_whole(backup, &facts);
    assert_non_null(strstr(store_refusal(backup, keyring), "is a backup and serves nobody"));
}

/* ---- damage ---- */

static void flip(const char *file, off_t at)
{
    int fd = open(file, O_RDWR | O_CLOEXEC);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void damage_is_refused_before_it_is_opened(void **state)
{
    char backup[PATH_BYTES];
    struct backup_facts facts;
    off_t size;

    (void)state;
    default_make(keyring);
    database_make(&place, keyring, &alice);
    folder_make(&place, "backup", backup);
    take_whole(backup, &facts);
    size = (off_t)facts.bytes;
    for (off_t at = 0; at < size; at += size / 97) {
        flip(path_in(backup, "data.mdb"), at);
        refused(backup, keyring, "is damaged");
        flip(path_in(backup, "data.mdb"), at);
    }
    assert_int_equal(backup_check(backup, keyring, &facts, &diag), ERR_OK);
    flip(path_in(backup, "data.mdb.sha256"), 3);
    refused(backup, keyring, "is damaged");
    flip(path_in(backup, "data.mdb.sha256"), 3);
    assert_int_equal(truncate(path_in(backup, "data.mdb"), size / 2), 0);
    refused(backup, keyring, "is damaged");
    assert_int_equal(truncate(path_in(backup, "data.mdb"), 0), 0);
    assert_int_equal(backup_check(backup, keyring, &facts, &diag), ERR_UNAVAILABLE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_backup_is_read_back, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(reading_changes_nothing, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(files_belong_to_their_owner_alone, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(erased_rows_are_not_in_it, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(copies_are_whole_while_others_write, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_backup_is_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(an_unmarked_copy_is_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(other_keyrings_are_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(nothing_is_copied_where_no_database_is, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(attack_A57_a_backup_itself_serves_nobody, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(damage_is_refused_before_it_is_opened, place_set_up,
                                    place_tear_down),
};

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--child") == 0)
        return child_main(argv[2], argv[3], argv[4]);
    return run_named(argc, argv, tests, ARRAY_LEN(tests));
}
