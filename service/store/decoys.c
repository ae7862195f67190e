/*
 * A table that invented names could fill would be a way to fill the disk. So a keyed hash of the
 * name picks one of 65536 slots; another name that falls into it takes it over, and without the key
 * nobody can choose a name that does. The next bytes of the hash say whose the slot is.
 *
 * Another active key means another slot. What was counted under an older one counts on: otherwise a
 * rotation of keys would end the waits of names that do not exist, and of no others.
 */
#include "store/decoys.h"

#include "store/name_key.h"

enum { DECOY_SLOT_BYTES = 2, DECOY_TAG_BYTES = 16 };

struct decoy_place {
    uint8_t hash[SHA256_BYTES]; /* the slot, then the tag that says whose it is */
};

static struct bytes decoy_slot(const struct decoy_place *p)
{
    return (struct bytes){.p = p->hash, .n = DECOY_SLOT_BYTES};
}

/* ERR_NOT_FOUND when of that key only the pepper is left. */
static enum err decoy_place_of(const struct codec *c, const struct user_id *id, uint32_t key_id,
                               struct decoy_place *ret_place)
{
    const struct bytes parts[] = {bytes_of_text(id->org), bytes_of_text(id->username)};
    const struct mac_key *key;

    TRY(keyring_mac_key(c->keyring, key_id, KEY_DECOY, &key));
    return mac_parts_under(key, parts, ARRAY_LEN(parts), ret_place->hash);
}

/* What lies in the slot, after the tag; ERR_NOT_FOUND when it is empty or somebody else's. */
static enum err decoy_get(struct tables_txn *t, const struct decoy_place *place,
                          struct bytes *ret_row)
{
    struct bytes value;

    TRY(table_get(t, TABLE_DECOYS, decoy_slot(place), &value));
    if (value.n < DECOY_TAG_BYTES ||
        !ct_equal(value.p, place->hash + DECOY_SLOT_BYTES, DECOY_TAG_BYTES))
        return ERR_NOT_FOUND;
    *ret_row = (struct bytes){.p = value.p + DECOY_TAG_BYTES, .n = value.n - DECOY_TAG_BYTES};
    return ERR_OK;
}

/* The key that was active before, or the active one again. */
static uint32_t key_before(const struct keyring *k)
{
    uint32_t ids[KEYRING_KEYS_MAX], active = keyring_active(k), before = active;
    size_t n = keyring_ids(k, ids);

    for (size_t i = 0; i < n; i++)
        if (ids[i] < active && (before == active || ids[i] > before))
            before = ids[i];
    return before;
}

/* What is counted takes less to open and to write than the record of somebody who has the name. */
enum { MAKE_UP_MACS = 2 };

static enum err make_up(const struct codec *c, const struct user_id *id)
{
    struct decoy_place place;

    for (int i = 0; i < MAKE_UP_MACS; i++)
        TRY(decoy_place_of(c, id, keyring_active(c->keyring), &place));
    return ERR_OK;
}

/* Under the active key or the one before; not under all, since each costs time that a name which
 * somebody has does not. */
static enum err decoy_find(const struct codec *c, struct tables_txn *t, const struct user_id *id,
                           struct decoy_place *ret_place, struct bytes *ret_row)
{
    const uint32_t ids[] = {keyring_active(c->keyring), key_before(c->keyring)};
    const size_t n = ids[0] == ids[1] ? 1 : 2;
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < n && err == ERR_NOT_FOUND; i++) {
        err = decoy_place_of(c, id, ids[i], ret_place);
        if (err == ERR_OK)
            err = decoy_get(t, ret_place, ret_row);
    }
    TRY(err);
    return make_up(c, id);
}

enum err decoy_load(const struct codec *c, struct tables_txn *t, const struct user_id *id,
                    struct lockout *ret_lockout)
{
    struct decoy_place place;
    struct bytes row;
    enum err err = decoy_find(c, t, id, &place, &row);

    if (err == ERR_NOT_FOUND) {
        *ret_lockout = (struct lockout){0};
        return ERR_OK;
    }
    TRY(err);
    return record_decode_decoy(c, id, row, ret_lockout);
}

static enum err decoy_clear(const struct codec *c, struct tables_txn *t, const struct user_id *id)
{
    struct decoy_place place;
    struct bytes row;
    enum err err = decoy_find(c, t, id, &place, &row);

    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    return table_erase(t, TABLE_DECOYS, decoy_slot(&place));
}

enum err decoy_save(const struct codec *c, struct tables_txn *t, const struct user_id *id,
                    const struct lockout *lockout)
{
    struct decoy_place place;
    struct bytes row;
    uint8_t *value;

    TRY(decoy_clear(c, t, id));
    if (lockout->failures == 0)
        return ERR_OK;
    TRY(decoy_place_of(c, id, keyring_active(c->keyring), &place));
    TRY(record_encode_decoy(c, id, lockout, &row));
    value = arena_alloc(c->arena, DECOY_TAG_BYTES + row.n);
    if (!value)
        return ERR_UNAVAILABLE;
    memcpy(value, place.hash + DECOY_SLOT_BYTES, DECOY_TAG_BYTES);
    memcpy(value + DECOY_TAG_BYTES, row.p, row.n);
    return table_put(t, TABLE_DECOYS, decoy_slot(&place),
                     (struct bytes){.p = value, .n = DECOY_TAG_BYTES + row.n});
}

enum err decoys_forget(struct tables_txn *t, uint32_t id)
{
    struct name_key at = {0};
    struct table_row row;
    enum err err;

    while ((err = table_seek(t, TABLE_DECOYS, name_key_view(&at), &row)) == ERR_OK) {
        struct bytes value = {.p = row.value.p + DECOY_TAG_BYTES,
                              .n = row.value.n - DECOY_TAG_BYTES};
        uint32_t key_id;

        TRY(name_key_behind(row.key, &at));
        if (row.value.n < DECOY_TAG_BYTES || row_key_id(value, &key_id) || key_id == id)
            TRY(table_erase(t, TABLE_DECOYS, row.key));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
