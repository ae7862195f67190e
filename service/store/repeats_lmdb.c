/*
 * Counted failures lie in the order of their minutes, the minute first in the key: what is due is
 * at the front, and nobody has to look through the rest for it. A minute far ahead can only come
 * from a clock that was set back; such a row is due as well, or it would lie there until that time.
 *
 * A row that cannot be read is removed and said in the log. It stands for failures that nobody will
 * be told of, but kept it would stand before all others for ever.
 */
#include "base/log.h"
#include "store/big_endian.h"
#include "store/name_key.h"
#include "store/store_lmdb_parts.h"

enum {
    MINUTE_BYTES = 4,
    PLACE_BYTES = MINUTE_BYTES + NAME_KEY_BYTES,
    AHEAD_MINUTES = 1, /* another process may have begun the next minute already */
    DAMAGED_AT_ONCE = 1000,
};

/* The key of a row. */
struct place {
    size_t n;
    uint8_t bytes[PLACE_BYTES];
};

static struct bytes place_view(const struct place *p)
{
    return (struct bytes){.p = p->bytes, .n = p->n};
}

static enum err place_of(const struct repeats_id *id, struct place *ret_place)
{
    struct name_key name;

    TRY(name_key_of(id->user.org, id->user.username, &name));
    be_put(ret_place->bytes, MINUTE_BYTES, id->minute);
    memcpy(ret_place->bytes + MINUTE_BYTES, name.bytes, name.n);
    ret_place->n = MINUTE_BYTES + name.n;
    return ERR_OK;
}

/* The minute that KEY begins with; of one that is too short: the first of all. */
static uint32_t minute_of(struct bytes key)
{
    return key.n < MINUTE_BYTES ? 0 : (uint32_t)be_get(key.p, MINUTE_BYTES);
}

static enum err row_read(const struct codec *c, const struct table_row *row,
                         struct repeats_owner *ret_owner, struct repeats *ret)
{
    const struct repeats_id id = {.user = {.org = ret_owner->org, .username = ret_owner->username},
                                  .minute = minute_of(row->key)};
    struct bytes names = {.p = row->key.p + MINUTE_BYTES, .n = row->key.n - MINUTE_BYTES};

    if (row->key.n < MINUTE_BYTES || !name_key_names(names, ret_owner->org, ret_owner->username))
        return ERR_UNAVAILABLE;
    return record_decode_repeats(c, &id, row->value, ret);
}

/* ---- of one user ---- */

enum err repeats_load(struct store_txn *t, const struct user_id *id, uint32_t minute,
                      struct repeats *ret)
{
    const struct repeats_id repeats_id = {.user = *id, .minute = minute};
    auto_codec codec = codec_of(t);
    struct place place;
    struct bytes row;
    enum err err;

    TRY(place_of(&repeats_id, &place));
    err = table_get(t->tables, TABLE_REPEATS, place_view(&place), &row);
    if (err == ERR_NOT_FOUND) {
        *ret = (struct repeats){0};
        return ERR_OK;
    }
    TRY(err);
    return record_decode_repeats(&codec, &repeats_id, row, ret);
}

enum err repeats_save(struct store_txn *t, const struct user_id *id, uint32_t minute,
                      const struct repeats *repeats)
{
    const struct repeats_id repeats_id = {.user = *id, .minute = minute};
    auto_codec codec = codec_of(t);
    struct place place;
    struct bytes row;

    TRY(place_of(&repeats_id, &place));
    TRY(record_encode_repeats(&codec, &repeats_id, repeats, &row));
    return table_put(t->tables, TABLE_REPEATS, place_view(&place), row);
}

/* ---- what is due ---- */

/* ERR_NOT_FOUND: nothing is. */
static enum err find_due(struct store_txn *t, uint32_t minute, struct table_row *ret_row)
{
    TRY(table_seek(t->tables, TABLE_REPEATS, (struct bytes){0}, ret_row));
    if (minute_of(ret_row->key) < minute)
        return ERR_OK;
    TRY(table_last(t->tables, TABLE_REPEATS, ret_row));
    return minute_of(ret_row->key) > (uint64_t)minute + AHEAD_MINUTES ? ERR_OK : ERR_NOT_FOUND;
}

/* Removes the row that is due; RET_READ: it could be read. */
static enum err take_one(struct store_txn *t, uint32_t minute, struct repeats_owner *ret_owner,
                         struct repeats *ret, bool *ret_read)
{
    auto_codec codec = codec_of(t);
    struct table_row row;

    TRY(find_due(t, minute, &row));
    tables_use_reserve(t->tables, RESERVE_FOR_REMOVING);
    *ret_read = row_read(&codec, &row, ret_owner, ret) == ERR_OK;
    return table_erase(t->tables, TABLE_REPEATS, row.key);
}

enum err repeats_take(struct store_txn *t, uint32_t minute, struct repeats_owner *ret_owner,
                      struct repeats *ret)
{
    struct repeats_owner owner;
    struct repeats repeats;
    unsigned damaged = 0;
    bool was_read = false;
    enum err err = ERR_OK;

    while (!was_read && damaged < DAMAGED_AT_ONCE && err == ERR_OK) {
        err = take_one(t, minute, &owner, &repeats, &was_read);
        damaged += err == ERR_OK && !was_read;
    }
    if (damaged)
        log_at(LOG_ERROR,
               "removed damaged counts of repeated failures: nobody will be told of those failures",
               FIELD("rows", damaged));
    TRY(err);
    if (!was_read)
        return ERR_NOT_FOUND;
    *ret_owner = owner;
    *ret = repeats;
    return ERR_OK;
}

/* ---- keys that go ---- */

/* ROW under the active key; ERR_UNAVAILABLE when it cannot be read. */
static enum err row_anew(const struct codec *c, const struct table_row *row, struct bytes *ret_row)
{
    struct repeats_owner owner;
    const struct repeats_id id = {.user = {.org = owner.org, .username = owner.username},
                                  .minute = minute_of(row->key)};
    struct repeats repeats;

    TRY(row_read(c, row, &owner, &repeats));
    return record_encode_repeats(c, &id, &repeats, ret_row);
}

/* The place right behind KEY. */
static enum err place_behind(struct bytes key, struct place *ret_place)
{
    if (key.n >= sizeof ret_place->bytes)
        return ERR_UNAVAILABLE;
    memcpy(ret_place->bytes, key.p, key.n);
    ret_place->bytes[key.n] = 0;
    ret_place->n = key.n + 1;
    return ERR_OK;
}

enum err repeats_leave_key(struct store_txn *t, uint32_t key_id)
{
    struct place at = {0}, here;
    struct table_row row;
    enum err err;

    while ((err = table_seek(t->tables, TABLE_REPEATS, place_view(&at), &row)) == ERR_OK) {
        auto_codec codec = codec_of(t);
        struct bytes anew;
        uint32_t id;

        TRY(place_behind(row.key, &at));
        here = (struct place){.n = at.n - 1};
        memcpy(here.bytes, at.bytes, here.n);
        if (row_key_id(row.value, &id) || id != key_id || row_anew(&codec, &row, &anew))
            continue;
        TRY(table_put(t->tables, TABLE_REPEATS, place_view(&here), anew));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
