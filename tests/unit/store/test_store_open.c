/* Opening a database: what is made, what is refused, and what the operator is told. */
#include "unit/store/one_place.h"

#include "store/big_endian.h"

#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void opening_makes_folder_and_file(void **state)
{
    struct stat folder, file;
    char path[PLACE_PATH_MAX + 16];

    (void)state;
    database_make(&place, keyring, &alice);
    snprintf(path, sizeof path, "%s/data.mdb", place.data);
    assert_int_equal(stat(place.data, &folder), 0);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(folder.st_mode & 07777, 0700);
    assert_int_equal(file.st_mode & 07777, 0600);
}

static void what_is_no_database_is_refused(void **state)
{
    char path[PLACE_PATH_MAX + 16];
    FILE *f;

    (void)state;
    assert_int_equal(mkdir(place.data, 0700), 0);
    snprintf(path, sizeof path, "%s/data.mdb", place.data);
    f = fopen(path, "w");
    assert_non_null(f);
    for (unsigned i = 0; i < 4096; i++)
        fputs("junk", f);
    fclose(f);
    assert_says(store_refusal(place.data, keyring), "not a database or is damaged");
}

/* Something else's LMDB database: its tables must not get ours beside them. */
static void make_foreign(const char *table)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {.mv_data = (char[]){"key"}, .mv_size = 3}, value = key;

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 1), 0);
    assert_int_equal(mdb_env_open(env, place.data, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void foreign_databases_are_refused(void **state)
{
    const char *const tables[] = {"other", "meta", NULL}; /* NULL: LMDB's nameless one */

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        char path[PLACE_PATH_MAX + 16];

        assert_int_equal(mkdir(place.data, 0700), 0);
        make_foreign(tables[i]);
        assert_says(store_refusal(place.data, keyring), "not of twofoldd");
        snprintf(path, sizeof path, "%s/was-%zu", place.root, i);
        assert_int_equal(rename(place.data, path), 0);
    }
}

/* The file of another place has the new key, and does not say yet that it is the active one. */
static void the_newest_key_is_used_by_all(void **state)
{
    struct keyring *new = keyring_fixed(&place, "1 reading 1,2 active 2");
    struct keyring *old = keyring_fixed(&place, "1 active 1,2 reading 2");

    (void)state;
    store_close(store_fixed(&place, new));
    store_close(store_fixed(&place, old));
    assert_int_equal(keyring_active(old), 2);
    keyring_free(new);
    keyring_free(old);
}

static void newer_formats_are_refused(void **state)
{
    struct tables_txn *t;
    struct tables *tables;
    uint8_t format[4];

    (void)state;
    database_make(&place, keyring, &alice);
    tables = tables_under(&place, &t);
    be_put(format, sizeof format, 3);
    assert_int_equal(table_put(t, TABLE_META, bytes_of_text("format"),
                               (struct bytes){.p = format, .n = sizeof format}),
                     ERR_OK);
    assert_int_equal(tables_commit(t), ERR_OK);
    tables_close(tables);
    assert_says(store_refusal(place.data, keyring), "has format 3");
    assert_says(store_refusal(place.data, keyring), "newer twofoldd");
}

enum { FILE_BYTES_MAX = 1 << 20 };

/* The file's bytes; the caller frees. */
static uint8_t *file_bytes(size_t *ret_n)
{
    char path[PLACE_PATH_MAX + 16];
    uint8_t *bytes = malloc(FILE_BYTES_MAX);
    FILE *f;

    snprintf(path, sizeof path, "%s/data.mdb", place.data);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(bytes);
    *ret_n = fread(bytes, 1, FILE_BYTES_MAX, f);
    fclose(f);
    return bytes;
}

/* The refusal must say PART and leave every byte of the database as it was. */
static void assert_keyring_refused(const char *keys, const char *part)
{
    struct keyring *other = keyring_fixed(&place, keys);
    size_t n_before, n_after;
    uint8_t *before = file_bytes(&n_before), *after;

    assert_says(store_refusal(place.data, other), part);
    after = file_bytes(&n_after);
    assert_int_equal(n_before, n_after);
    assert_memory_equal(before, after, n_before);
    free(before);
    free(after);
    keyring_free(other);
}

static void wrong_keyrings_are_refused(void **state)
{
    (void)state;
    database_make(&place, keyring, &alice);
    assert_keyring_refused("1 active 2", "not the keyring of the database");
    assert_keyring_refused("2 active 1", "lacks key 1");
    assert_keyring_refused("1 reading 2,2 active 1", "not the keyring of the database");
    assert_keyring_refused("0 reading 3,2 active 2", "lacks key 1");
}

/* A key that was active is needed until it is retired; one for reading alone is not yet. */
static void new_keys_are_added(void **state)
{
    const char *const same[] = {"1 reading 1,2 active 2", "1 reading 1,2 active 2,9 reading 4"};
    struct keyring *two = keyring_fixed(&place, "1 reading 1,2 active 2,4000000000 reading 3");
    struct store *s;
    struct user u;

    (void)state;
    database_make(&place, keyring, &alice);
    s = store_fixed(&place, two);
    get_user(s, &alice, &u);
    assert_true(u.exists);
    store_close(s);
    store_close(store_fixed(&place, two));
    assert_keyring_refused("1 active 1", "lacks key 2");
    keyring_free(two);
    /* A key that was never active may go again, or come back as another one. */
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct keyring *k = keyring_fixed(&place, same[i]);

        store_close(store_fixed(&place, k));
        keyring_free(k);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(opening_makes_folder_and_file, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_database_is_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(foreign_databases_are_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(newer_formats_are_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(wrong_keyrings_are_refused, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(the_newest_key_is_used_by_all, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(new_keys_are_added, place_set_up, place_tear_down),
};

RUN(tests)
