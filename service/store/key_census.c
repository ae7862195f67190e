/*
 * Which key is needed for what: the rows that are under it, and the recovery codes that its pepper
 * is in. Codes are known to their owners alone, so they cannot be put under another pepper: that of
 * a retired key stays until the last of its codes is gone.
 */
#include "store/decoys.h"
#include "store/format.h"
#include "store/maintain.h"
#include "store/name_key.h"
#include "store/retries.h"
#include "store/store_lmdb_parts.h"

struct census {
    const struct keyring *keyring;
    struct arena *arena;
    struct key_usage *usage;
    size_t n;
};

/* False: the row cannot be read. */
static bool count_peppers(const struct census *c, const struct table_row *row)
{
    auto_codec codec = {.keyring = c->keyring, .arena = c->arena};
    char org[ORG_MAX + 1], username[USERNAME_MAX + 1];
    const struct user_id id = {.org = org, .username = username};
    uint32_t ids[2];
    size_t n = 0;

    if (!name_key_names(row->key, org, username) ||
        record_user_peppers(&codec, &id, row->value, ids, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct key_usage *usage = key_usage_find(c->usage, c->n, ids[i]);

        if (usage)
            usage->recovery++;
    }
    return true;
}

static bool is_readable_org(const struct census *c, const struct table_row *row)
{
    auto_codec codec = {.keyring = c->keyring, .arena = c->arena};
    char name[ORG_MAX + 1], none[USERNAME_MAX + 1];
    struct org org;

    return name_key_names(row->key, name, none) &&
           record_decode_org(&codec, name, row->value, &org) == ERR_OK;
}

static enum err take_census(const struct census *c, struct tables_txn *t, enum table table)
{
    struct name_key at = {0};
    struct table_row row;
    enum err err;

    while ((err = table_seek(t, table, name_key_view(&at), &row)) == ERR_OK) {
        struct key_usage *usage = NULL;
        bool readable;
        uint32_t id;

        TRY(name_key_behind(row.key, &at));
        if (row_key_id(row.value, &id) == ERR_OK)
            usage = key_usage_find(c->usage, c->n, id);
        readable = table == TABLE_USERS ? count_peppers(c, &row) : is_readable_org(c, &row);
        if (!usage)
            continue;
        usage->rows++;
        usage->damaged += !readable;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err census(struct store_lmdb *s, struct tables_txn *t, struct key_usage *ret_usage,
                       size_t *ret_n)
{
    uint32_t ids[KEYRING_KEYS_MAX];
    struct census c = {.keyring = s->keyring,
                       .arena = s->scratch,
                       .usage = ret_usage,
                       .n = keyring_ids(s->keyring, ids)};

    for (size_t i = 0; i < c.n; i++)
        ret_usage[i] = (struct key_usage){.id = ids[i]};
    *ret_n = c.n;
    TRY(take_census(&c, t, TABLE_ORGS));
    return take_census(&c, t, TABLE_USERS);
}

enum err store_lmdb_key_usage(struct store *base,
                              struct key_usage ret_usage[static KEYRING_KEYS_MAX], size_t *ret_n)
{
    struct store_lmdb *s = (struct store_lmdb *)base;
    auto_tables_txn *t = NULL;

    TRY(tables_begin_read(s->tables, &t));
    return census(s, t, ret_usage, ret_n);
}

enum err store_lmdb_needs_reseal(struct store *s, bool *ret_needed)
{
    const struct keyring *keyring = ((struct store_lmdb *)s)->keyring;
    struct key_usage usage[KEYRING_KEYS_MAX];
    size_t n;

    TRY(store_lmdb_key_usage(s, usage, &n));
    *ret_needed = false;
    for (size_t i = 0; i < n; i++)
        *ret_needed |= usage[i].rows > usage[i].damaged && usage[i].id != keyring_active(keyring);
    return ERR_OK;
}

enum err store_lmdb_keys_changed(struct store *s)
{
    auto_store_txn *t = NULL;

    TRY(s->ops->begin(s, &t));
    TRY(format_keys_changed(t->tables));
    return s->ops->commit(STEAL(t));
}

/* ERR_NOT_FOUND for a key that the keyring has not, ERR_CONFLICT for one that rows are under. */
static enum err check_unused(struct store *s, uint32_t id, bool *ret_pepper_needed)
{
    struct key_usage usage[KEYRING_KEYS_MAX];
    const struct key_usage *of_key;
    size_t n;

    TRY(store_lmdb_key_usage(s, usage, &n));
    of_key = key_usage_find(usage, n, id);
    if (!of_key)
        return ERR_NOT_FOUND;
    *ret_pepper_needed = of_key->recovery > 0;
    return of_key->rows > of_key->damaged ? ERR_CONFLICT : ERR_OK;
}

/*
 * Counting takes long, so it is done in a snapshot, beside the service. Nothing comes under the key
 * after that: it is not active, and whoever writes has read the keyring that says so (format.h).
 */
enum err store_lmdb_retire_key(struct store *s, uint32_t id, bool *ret_pepper_needed)
{
    const struct keyring *keyring = ((struct store_lmdb *)s)->keyring;
    auto_store_txn *t = NULL;

    TRY(store_lmdb_keys_changed(s));
    TRY(check_unused(s, id, ret_pepper_needed));
    TRY(s->ops->begin(s, &t));
    if (id >= keyring_active(keyring))
        return ERR_CONFLICT;
    TRY(decoys_forget(t->tables, id));
    TRY(retries_forget(t->tables, &id));
    TRY(repeats_leave_key(t, id));
    TRY(format_retire_key(t->tables, keyring, id, *ret_pepper_needed));
    return s->ops->commit(STEAL(t));
}
