/*
 * Why check values: with a wrong keyring every row would look damaged, and new rows would be
 * written under keys that do not belong here. One MAC of a constant under each key tells, and
 * reveals nothing about the key.
 */
#include "store/format.h"

#include "store/big_endian.h"

#include <inttypes.h>

enum { FORMAT = 1, FORMAT_BYTES = 4 };

static const char check_prefix[] = "check/";

enum { CHECK_PREFIX = sizeof check_prefix - 1, CHECK_KEY = CHECK_PREFIX + 4 };

/* "check/" and the id, big endian. */
static void check_key(uint32_t id, uint8_t ret_key[static CHECK_KEY])
{
    memcpy(ret_key, check_prefix, CHECK_PREFIX);
    be_put(ret_key + CHECK_PREFIX, 4, id);
}

static enum err check_value(const struct keyring *keyring, uint32_t id,
                            uint8_t ret_value[static SHA256_BYTES])
{
    const struct bytes constant = bytes_of_text("twofold database");
    struct bytes key;

    TRY(keyring_key(keyring, id, KEY_CHECK, &key));
    return mac_parts(key, &constant, 1, ret_value);
}

static enum err refuse_foreign(const char *folder, struct diag *reterr)
{
    diag_set(reterr, "%s holds a database that is not of twofoldd; name another data folder",
             folder);
    return ERR_UNAVAILABLE;
}

static enum err refuse_format(const char *folder, uint64_t format, struct diag *reterr)
{
    diag_set(reterr,
             "the database in %s has format %" PRIu64 ", this twofoldd knows format %d: use a %s "
             "twofoldd, or another data folder",
             folder, format, FORMAT, format > FORMAT ? "newer" : "matching");
    return ERR_UNAVAILABLE;
}

static enum err read_format(struct tables_txn *t, const char *folder, struct diag *reterr)
{
    struct bytes value;
    uint64_t format;

    if (table_get(t, TABLE_META, bytes_of_text("format"), &value) || value.n != FORMAT_BYTES)
        return refuse_foreign(folder, reterr);
    format = be_get(value.p, FORMAT_BYTES);
    return format == FORMAT ? ERR_OK : refuse_format(folder, format, reterr);
}

static enum err compare_check(const struct table_row *row, const struct keyring *keyring,
                              const char *folder, struct diag *reterr)
{
    uint32_t id = (uint32_t)be_get(row->key.p + CHECK_PREFIX, 4);
    uint8_t expected[SHA256_BYTES];
    enum err err = check_value(keyring, id, expected);

    if (err == ERR_NOT_FOUND) {
        diag_set(reterr,
                 "the keyring lacks key %" PRIu32 ", under which the database in %s was written: "
                 "restore the keyring that has it",
                 id, folder);
        return ERR_UNAVAILABLE;
    }
    TRY(err);
    if (row->value.n == SHA256_BYTES && ct_equal(row->value.p, expected, SHA256_BYTES))
        return ERR_OK;
    diag_set(reterr,
             "this is not the keyring of the database in %s (key %" PRIu32 " is another one): "
             "restore the right keyring, or name another data folder",
             folder, id);
    return ERR_UNAVAILABLE;
}

static bool is_check(struct bytes key)
{
    return key.n == CHECK_KEY &&
           bytes_equal((struct bytes){.p = key.p, .n = CHECK_PREFIX}, bytes_of_text(check_prefix));
}

static enum err compare_checks(struct tables_txn *t, const struct keyring *keyring,
                               const char *folder, struct diag *reterr)
{
    uint8_t at[CHECK_KEY];
    struct table_row row;
    uint64_t id = 0;
    enum err err;

    for (check_key(0, at); id <= UINT32_MAX; check_key((uint32_t)id, at)) {
        err = table_seek(t, TABLE_META, (struct bytes){.p = at, .n = sizeof at}, &row);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && !is_check(row.key)))
            return ERR_OK;
        TRY(err);
        TRY(compare_check(&row, keyring, folder, reterr));
        id = be_get(row.key.p + CHECK_PREFIX, 4) + 1;
    }
    return ERR_OK;
}

static enum err add_checks(struct tables_txn *t, const struct keyring *keyring)
{
    uint32_t ids[KEYRING_KEYS_MAX];
    size_t n = keyring_ids(keyring, ids);

    for (size_t i = 0; i < n; i++) {
        uint8_t key[CHECK_KEY], value[SHA256_BYTES];
        struct bytes at = {.p = key, .n = sizeof key}, known;
        enum err err;

        check_key(ids[i], key);
        err = table_get(t, TABLE_META, at, &known);
        if (err == ERR_OK)
            continue;
        if (err != ERR_NOT_FOUND)
            return err;
        TRY(check_value(keyring, ids[i], value));
        TRY(table_put(t, TABLE_META, at, (struct bytes){.p = value, .n = sizeof value}));
    }
    return ERR_OK;
}

static enum err write_format(struct tables_txn *t)
{
    uint8_t format[FORMAT_BYTES];

    be_put(format, sizeof format, FORMAT);
    return table_put(t, TABLE_META, bytes_of_text("format"),
                     (struct bytes){.p = format, .n = sizeof format});
}

static enum err check(struct tables_txn *t, const struct keyring *keyring, const char *folder,
                      struct diag *reterr)
{
    enum tables_content content;

    TRY(tables_attach(t, &content));
    if (content == TABLES_FOREIGN)
        return refuse_foreign(folder, reterr);
    if (content == TABLES_EMPTY) {
        TRY(write_format(t));
    } else {
        TRY(read_format(t, folder, reterr));
        TRY(compare_checks(t, keyring, folder, reterr));
    }
    return add_checks(t, keyring);
}

enum err format_check(struct tables *tables, const struct keyring *keyring, const char *folder,
                      struct diag *reterr)
{
    auto_tables_txn *t = NULL;

    diag_set(reterr, "cannot read or write the database in %s: is it damaged, or the disk full?",
             folder);
    TRY(tables_begin_write(tables, &t));
    TRY(check(t, keyring, folder, reterr));
    TRY(tables_commit(STEAL(t)));
    reterr->text[0] = '\0';
    return ERR_OK;
}
