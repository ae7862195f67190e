/*
 * Why check values: with a wrong keyring every row would look damaged, and new rows would be
 * written under keys that do not belong here. One MAC of a constant under each key tells, and
 * reveals nothing about the key.
 */
#include "store/format.h"

#include "store/backup_lmdb.h"
#include "store/big_endian.h"

#include <inttypes.h>

enum { FORMAT = FORMAT_WITH_JOURNAL, GENERATION_BYTES = 8, CHECK_KEY_MAX = 16 };

/* Two lists of keys: prefix on disk, the derived key that the check value is under, and what the
 * database has to do with a key of it. */
struct check_list {
    const char *prefix;
    enum key_purpose purpose;
    const char *reason;
};

static const struct check_list checks = {"check/", KEY_CHECK, "under which it was written"};
static const struct check_list retired = {"retired/", KEY_RECOVERY,
                                          "whose pepper its recovery codes need"};

struct check_key {
    size_t n;
    uint8_t bytes[CHECK_KEY_MAX];
};

/* The prefix and the id, big endian. */
static struct check_key check_key(const struct check_list *list, uint32_t id)
{
    struct check_key key = {.n = strlen(list->prefix) + 4};

    memcpy(key.bytes, list->prefix, key.n - 4);
    be_put(key.bytes + key.n - 4, 4, id);
    return key;
}

static struct bytes check_key_view(const struct check_key *key)
{
    return (struct bytes){.p = key->bytes, .n = key->n};
}

static enum err check_value(const struct check_list *list, const struct keyring *keyring,
                            uint32_t id, uint8_t ret_value[static SHA256_BYTES])
{
    const struct bytes constant = bytes_of_text("twofold database");
    struct bytes key;

    TRY(keyring_key(keyring, id, list->purpose, &key));
    return mac_parts(key, &constant, 1, ret_value);
}

/* ---- the format ---- */

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

/* Put in place by hand it would bring back what was used up since. */
static enum err refuse_backup(struct tables_txn *t, const char *folder, struct diag *reterr)
{
    struct bytes taken;
    enum err err = table_get(t, TABLE_META, bytes_of_text(BACKUP_MARK), &taken);

    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    diag_set(reterr,
             "the database in %s is a backup and serves nobody: move it away, and put it in place "
             "with `twofoldd restore`",
             folder);
    return ERR_UNAVAILABLE;
}

static enum err read_format(struct tables_txn *t, const char *folder, struct diag *reterr)
{
    struct bytes value;
    uint64_t format;

    if (table_get(t, TABLE_META, bytes_of_text(TABLES_FORMAT_KEY), &value) ||
        value.n != FORMAT_BYTES)
        return refuse_foreign(folder, reterr);
    format = be_get(value.p, FORMAT_BYTES);
    if (format == FORMAT || format == FORMAT_WITHOUT_JOURNAL)
        return ERR_OK;
    return refuse_format(folder, format, reterr);
}

static enum err write_format(struct tables_txn *t)
{
    uint8_t format[FORMAT_BYTES];

    be_put(format, sizeof format, FORMAT);
    return table_put(t, TABLE_META, bytes_of_text(TABLES_FORMAT_KEY),
                     (struct bytes){.p = format, .n = sizeof format});
}

/* ---- the number of the keys ---- */

enum err format_generation(struct tables_txn *t, uint64_t *ret_generation)
{
    struct bytes value;
    enum err err = table_get(t, TABLE_META, bytes_of_text("keys"), &value);

    if (err != ERR_NOT_FOUND)
        TRY(err);
    if (err == ERR_OK && value.n != GENERATION_BYTES)
        return ERR_UNAVAILABLE;
    *ret_generation = err == ERR_OK ? be_get(value.p, GENERATION_BYTES) : 0;
    return ERR_OK;
}

enum err format_keys_changed(struct tables_txn *t)
{
    uint8_t value[GENERATION_BYTES];
    uint64_t generation;

    TRY(format_generation(t, &generation));
    be_put(value, sizeof value, generation + 1);
    return table_put(t, TABLE_META, bytes_of_text("keys"),
                     (struct bytes){.p = value, .n = sizeof value});
}

/* ---- comparing ---- */

/* Where a keyring is looked at for a database. */
struct comparison {
    const struct keyring *keyring;
    const char *folder;
    struct diag *reterr;
};

static enum err compare_check(const struct check_list *list, const struct comparison *c,
                              const struct table_row *row)
{
    uint32_t id = (uint32_t)be_get(row->key.p + row->key.n - 4, 4);
    uint8_t expected[SHA256_BYTES];
    enum err err;

    if (row->value.n == 0)
        return ERR_OK; /* retired, and nothing of it is needed */
    err = check_value(list, c->keyring, id, expected);
    if (err == ERR_NOT_FOUND) {
        diag_set(c->reterr,
                 "the keyring lacks key %" PRIu32 " of the database in %s, %s; restore the keyring "
                 "that has it",
                 id, c->folder, list->reason);
        return ERR_UNAVAILABLE;
    }
    TRY(err);
    if (row->value.n == SHA256_BYTES && ct_equal(row->value.p, expected, SHA256_BYTES))
        return ERR_OK;
    diag_set(c->reterr,
             "this is not the keyring of the database in %s (key %" PRIu32 " is another one): "
             "restore the right keyring, or name another data folder",
             c->folder, id);
    return ERR_UNAVAILABLE;
}

static bool is_of(const struct check_list *list, struct bytes key)
{
    struct bytes prefix = bytes_of_text(list->prefix);

    return key.n == prefix.n + 4 && bytes_equal((struct bytes){.p = key.p, .n = prefix.n}, prefix);
}

static enum err compare_list(struct tables_txn *t, const struct check_list *list,
                             const struct comparison *c)
{
    struct table_row row;
    enum err err;

    for (uint64_t id = 0; id <= UINT32_MAX;) {
        struct check_key at = check_key(list, (uint32_t)id);

        err = table_seek(t, TABLE_META, check_key_view(&at), &row);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && !is_of(list, row.key)))
            return ERR_OK;
        TRY(err);
        TRY(compare_check(list, c, &row));
        id = be_get(row.key.p + row.key.n - 4, 4) + 1;
    }
    return ERR_OK;
}

/* ---- adding and removing ---- */

static enum err put_check(struct tables_txn *t, const struct check_list *list,
                          const struct keyring *keyring, uint32_t id)
{
    struct check_key key = check_key(list, id);
    uint8_t value[SHA256_BYTES];

    TRY(check_value(list, keyring, id, value));
    return table_put(t, TABLE_META, check_key_view(&key),
                     (struct bytes){.p = value, .n = sizeof value});
}

static enum err is_listed(struct tables_txn *t, const struct check_list *list, uint32_t id,
                          bool *ret_listed)
{
    struct check_key key = check_key(list, id);
    struct bytes value;
    enum err err = table_get(t, TABLE_META, check_key_view(&key), &value);

    *ret_listed = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A retired key stays one, also while the keyring still has it, or has it again: nothing is written
 * under it. */
static enum err add_check(struct tables_txn *t, const struct keyring *keyring, uint32_t id,
                          bool *added)
{
    bool known, was_retired;

    TRY(is_listed(t, &checks, id, &known));
    TRY(is_listed(t, &retired, id, &was_retired));
    if (known || was_retired)
        return ERR_OK;
    *added = true;
    return put_check(t, &checks, keyring, id);
}

/* The newest key that anybody has made active, or ID if that is newer. */
static enum err newest_active(struct tables_txn *t, uint32_t id, uint32_t *ret_newest)
{
    struct table_row row;

    for (uint64_t from = (uint64_t)id + 1; from <= UINT32_MAX;) {
        struct check_key at = check_key(&checks, (uint32_t)from);
        enum err err = table_seek(t, TABLE_META, check_key_view(&at), &row);

        if (err == ERR_NOT_FOUND || (err == ERR_OK && !is_of(&checks, row.key)))
            break;
        TRY(err);
        id = (uint32_t)be_get(row.key.p + row.key.n - 4, 4);
        from = (uint64_t)id + 1;
    }
    *ret_newest = id;
    return ERR_OK;
}

/* A keyring of another place may not say yet which key became active; it has it, and that does. */
static enum err use_newest(struct tables_txn *t, struct keyring *keyring)
{
    bool added = false;
    uint32_t id;

    TRY(newest_active(t, keyring_active(keyring), &id));
    TRY(keyring_use(keyring, id));
    TRY(add_check(t, keyring, id, &added));
    return added ? format_keys_changed(t) : ERR_OK;
}

static enum err check_active(struct tables_txn *t, const struct comparison *c)
{
    bool was_retired;
    uint32_t id;

    TRY(newest_active(t, keyring_active(c->keyring), &id));
    TRY(is_listed(t, &retired, id, &was_retired));
    if (!was_retired)
        return ERR_OK;
    diag_set(c->reterr,
             "the active key %" PRIu32 " of the keyring was retired from the database in %s; make "
             "another one active",
             id, c->folder);
    return ERR_UNAVAILABLE;
}

static enum err compare_keys(struct tables_txn *t, const struct comparison *c)
{
    TRY(compare_list(t, &checks, c));
    TRY(compare_list(t, &retired, c));
    return check_active(t, c);
}

enum err format_compare(struct tables_txn *t, const struct keyring *keyring, const char *folder,
                        struct diag *reterr)
{
    const struct comparison c = {.keyring = keyring, .folder = folder, .reterr = reterr};

    TRY(read_format(t, folder, reterr));
    return compare_keys(t, &c);
}

enum err format_follow(struct tables_txn *t, struct keyring *keyring, const char *folder,
                       struct diag *reterr)
{
    const struct comparison c = {.keyring = keyring, .folder = folder, .reterr = reterr};

    TRY(compare_keys(t, &c));
    return use_newest(t, keyring);
}

enum err format_retire_key(struct tables_txn *t, const struct keyring *keyring, uint32_t id,
                           bool keep_pepper)
{
    struct check_key check = check_key(&checks, id), key = check_key(&retired, id);
    uint8_t value[SHA256_BYTES];

    if (keep_pepper)
        TRY(check_value(&retired, keyring, id, value));
    TRY(table_erase(t, TABLE_META, check_key_view(&check)));
    TRY(table_put(t, TABLE_META, check_key_view(&key),
                  (struct bytes){.p = value, .n = keep_pepper ? sizeof value : 0}));
    return format_keys_changed(t);
}

/* ---- opening ---- */

/* A rotation may have come between: the file was changed before the database was told. */
static enum err follow_or_read_again(struct tables_txn *t, struct keyring *keyring,
                                     const char *folder, struct diag *reterr)
{
    enum err err = format_follow(t, keyring, folder, reterr);
    struct diag none;

    if (err == ERR_OK || keyring_reload(keyring, &none) != ERR_OK)
        return err;
    return format_follow(t, keyring, folder, reterr);
}

static enum err check(struct tables_txn *t, struct keyring *keyring, const char *folder,
                      struct diag *reterr)
{
    enum tables_content content;

    TRY(tables_attach(t, &content));
    if (content == TABLES_FOREIGN)
        return refuse_foreign(folder, reterr);
    if (content == TABLES_EMPTY)
        TRY(write_format(t));
    else
        TRY(read_format(t, folder, reterr));
    TRY(refuse_backup(t, folder, reterr));
    return follow_or_read_again(t, keyring, folder, reterr);
}

enum err format_check(struct tables *tables, struct keyring *keyring, const char *folder,
                      uint64_t *ret_generation, struct diag *reterr)
{
    auto_tables_txn *t = NULL;

    diag_set(reterr, "cannot read or write the database in %s: is it damaged, or the disk full?",
             folder);
    TRY(tables_begin_write(tables, &t));
    TRY(check(t, keyring, folder, reterr));
    TRY(format_generation(t, ret_generation));
    TRY(tables_commit(STEAL(t)));
    reterr->text[0] = '\0';
    return ERR_OK;
}
