/* Databases and backups of before there were marks and counted failures, and of now. */
#include "unit/store/one_place.h"

#include "store/backup_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MINUTE = 30000000 };

static const struct user_id bob = {.org = "acme", .username = "bob"};

/* ---- backups ---- */

static void back_up(const char *to)
{
    const struct backup_job job = {.folder = place.data, .size_mb = SIZE_MB, .to = to, .now_s = 1};
    struct diag diag = {0};
    struct backup_facts facts;

    if (backup_write(&job, &facts, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
}

/* Events, sent and unsent, how far they had come, and failures that nobody was told of yet. */
static void a_backup_has_the_outbox_and_its_marks(void **state)
{
    const struct outbox_marks marks = {.taken = {.position = 3, .sequence = 77, .in_stream = true},
                                       .checkpointed = 4,
                                       .dropped = 2};
    char backup[PATH_BYTES], copy[PATH_BYTES];
    struct repeats_owner owner;
    struct outbox_state now;
    struct store_txn *t;
    struct diag diag;
    struct store *s = store_fixed(&place, keyring);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        put_event(s, "event");
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->trim_events(t, 1, 1), ERR_OK);
    assert_int_equal(s->ops->save_marks(t, &marks), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    put_sample(s, &alice, MINUTE);
    store_close(s);
    folder_make(&place, "backup", backup);
    back_up(backup);
    folder_make(&place, "copy", copy);
    assert_int_equal(backup_unpack(backup, copy, &diag), ERR_OK);
    snprintf(place.data, sizeof place.data, "%.250s", copy);
    s = store_fixed(&place, keyring);
    assert_int_equal(look_outbox(s, &now), ERR_OK);
    assert_true(now.first == 2 && now.last == 5);
    assert_true(now.marks.taken.position == 3 && now.marks.taken.sequence == 77 &&
                now.marks.taken.in_stream && now.marks.checkpointed == 4 && now.marks.dropped == 2);
    assert_int_equal(take_sample(s, MINUTE + 1, &owner), ERR_OK);
    store_close(s);
}

/* ---- databases of before ---- */

/* Makes the database in FOLDER one that has neither the table nor marks. */
static void make_old(const char *folder, unsigned size_mb)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi meta, repeats;
    MDB_val key = {.mv_data = (char[]){"outbox/marks"}, .mv_size = 12};

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)size_mb << 20), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
    assert_int_equal(mdb_dbi_open(txn, "repeats", 0, &repeats), 0);
    assert_int_equal(mdb_drop(txn, repeats, 1), 0);
    assert_true(mdb_del(txn, meta, &key, NULL) != EINVAL);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* All of it works: what was there, and what is new. */
static void assert_works(struct store *s)
{
    const struct outbox_marks marks = {.taken = {.position = 1}};
    struct outbox_state now;
    struct repeats_owner owner;
    struct store_txn *t;
    struct user u;

    get_user(s, &alice, &u);
    assert_true(u.exists);
    assert_int_equal(look_outbox(s, &now), ERR_OK);
    assert_true(now.first == 1 && now.last == 1 && now.marks.taken.position == 0);
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->save_marks(t, &marks), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    put_sample(s, &bob, MINUTE);
    assert_int_equal(take_sample(s, MINUTE + 1, &owner), ERR_OK);
}

static void old_databases_are_opened(void **state)
{
    struct store *s;

    (void)state;
    database_make(&place, keyring, &alice);
    s = store_fixed(&place, keyring);
    put_event(s, "before");
    store_close(s);
    make_old(place.data, SIZE_MB);
    s = store_fixed(&place, keyring);
    assert_works(s);
    store_close(s);
}

/* The events of a year would look like a backlog that is full. */
static void what_old_databases_removed_was_sent(void **state)
{
    struct store *s = store_fixed(&place, keyring);
    struct outbox_state now;
    struct store_txn *t;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        put_event(s, "before");
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->trim_events(t, 3, SIZE_MAX), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    store_close(s);
    make_old(place.data, SIZE_MB);
    s = store_fixed(&place, keyring);
    assert_int_equal(look_outbox(s, &now), ERR_OK);
    assert_true(now.last == 3 && now.marks.taken.position == 3);
    store_close(s);
}

/* The new table takes pages: they must be there when there are no others. */
static void full_old_databases_are_opened(void **state)
{
    struct store *s = store_sized(&place, keyring, 1);
    struct repeats_owner owner;
    struct store_txn *t;
    enum err err = ERR_OK;
    unsigned n;

    (void)state;
    for (n = 0; err == ERR_OK && n < 100000; n++) {
        assert_int_equal(s->ops->begin(s, &t), ERR_OK);
        assert_int_equal(s->ops->append_event(t, bytes_of_text("some more")), ERR_OK);
        err = s->ops->commit(t);
    }
    assert_int_equal(err, ERR_UNAVAILABLE);
    store_close(s);
    make_old(place.data, 1);
    s = store_sized(&place, keyring, 1);
    assert_int_equal(take_sample(s, UINT32_MAX, &owner), ERR_NOT_FOUND);
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->trim_events(t, UINT64_MAX, 1000), ERR_OK);
    assert_int_equal(s->ops->commit(t), ERR_OK);
    put_sample(s, &alice, MINUTE);
    assert_int_equal(take_sample(s, UINT32_MAX, &owner), ERR_OK);
    store_close(s);
}

/* Reading does not write, so it has to do without the new table. */
static void old_backups_are_read_and_unpacked(void **state)
{
    char backup[PATH_BYTES], copy[PATH_BYTES], command[3 * PATH_BYTES];
    struct diag diag = {0};
    struct backup_facts facts;
    struct store *s;

    (void)state;
    database_make(&place, keyring, &alice);
    s = store_fixed(&place, keyring);
    put_event(s, "before");
    store_close(s);
    folder_make(&place, "backup", backup);
    back_up(backup);
    make_old(backup, SIZE_MB);
    assert_int_equal(unlink(path_in(backup, "lock.mdb")), 0);
    snprintf(command, sizeof command, "cd '%s' && sha256sum data.mdb >data.mdb.sha256", backup);
    assert_int_equal(system(command), 0);
    assert_int_equal(chmod(backup, 0500), 0);
    if (backup_check(backup, keyring, &facts, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    assert_int_equal(facts.users, 1);
    folder_make(&place, "copy", copy);
    assert_int_equal(backup_unpack(backup, copy, &diag), ERR_OK);
    assert_int_equal(chmod(backup, 0700), 0);
    snprintf(place.data, sizeof place.data, "%.250s", copy);
    s = store_fixed(&place, keyring);
    assert_works(s);
    store_close(s);
}

/* It must not be taken for LMDB's own list of free pages, which lies where table 0 would. */
static void a_missing_table_cannot_be_read(void **state)
{
    struct tables_options frozen = {.size_mb = 1, .frozen = true};
    enum tables_content content;
    struct tables *tables;
    struct tables_txn *t;
    struct table_row row;
    struct bytes value;
    struct diag diag;

    (void)state;
    database_make(&place, keyring, &alice);
    make_old(place.data, SIZE_MB);
    frozen.folder = place.data;
    assert_int_equal(tables_open(&frozen, &tables, &diag), ERR_OK);
    assert_int_equal(tables_begin_read(tables, &t), ERR_OK);
    assert_int_equal(tables_attach(t, &content), ERR_OK);
    assert_int_equal(content, TABLES_OURS);
    assert_int_equal(table_seek(t, TABLE_USERS, (struct bytes){0}, &row), ERR_OK);
    assert_int_equal(table_seek(t, TABLE_REPEATS, (struct bytes){0}, &row), ERR_UNAVAILABLE);
    assert_int_equal(table_last(t, TABLE_REPEATS, &row), ERR_UNAVAILABLE);
    assert_int_equal(table_get(t, TABLE_REPEATS, bytes_of_text("key"), &value), ERR_UNAVAILABLE);
    assert_false(tables_broken(tables));
    tables_abort(t);
    tables_close(tables);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_backup_has_the_outbox_and_its_marks, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(old_databases_are_opened, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(what_old_databases_removed_was_sent, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(full_old_databases_are_opened, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(old_backups_are_read_and_unpacked, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(a_missing_table_cannot_be_read, place_set_up, place_tear_down),
};

RUN(tests)
