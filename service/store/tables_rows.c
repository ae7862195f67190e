/* Rows, as the layers have them. */
#include "store/tables_parts.h"

#include <stdlib.h>

/* ---- one key ---- */

/* The newest entry that any layer above the tree has of KEY. */
static bool find_above(const struct tables_txn *t, const struct overlay_key *key, struct entry *ret)
{
    const struct tables *s = t->tables;

    return (t->own && overlay_find(t->own, key, ret)) ||
           (s->active.number && overlay_find(s->active.overlay, key, ret)) ||
           (s->frozen.number && overlay_find(s->frozen.overlay, key, ret));
}

static struct known_size *size_slot(struct tables_txn *t, const struct overlay_key *key)
{
    return &t->sizes[key->hash % SIZES];
}

static enum err get_beneath(struct tables_txn *t, const struct overlay_key *key,
                            struct bytes *ret_value)
{
    enum err err = tree_get(t->tree, key->table, key->key, ret_value);

    if (err == ERR_OK || err == ERR_NOT_FOUND)
        *size_slot(t, key) = (struct known_size){
            .hash = key->hash, .n = err == ERR_OK ? key->key.n + ret_value->n : 0};
    return err;
}

enum err table_get(struct tables_txn *t, enum table table, struct bytes key,
                   struct bytes *ret_value)
{
    struct overlay_key k;
    struct entry e;

    if (t->kind == BARE)
        return tree_get(t->tree, table, key, ret_value);
    if (key.n == 0)
        return ERR_UNAVAILABLE;
    k = overlay_key(table, key);
    if (!find_above(t, &k, &e))
        return get_beneath(t, &k, ret_value);
    if (e.kind == ENTRY_ERASE)
        return ERR_NOT_FOUND;
    *ret_value = e.value;
    return ERR_OK;
}

enum err tables_has_beneath(struct tables *s, struct tree_txn *t, const struct overlay_key *key,
                            bool *ret_has)
{
    struct bytes value;
    struct entry e;
    enum err err;

    *ret_has = true;
    if ((s->active.number && overlay_find(s->active.overlay, key, &e)) ||
        (s->frozen.number && overlay_find(s->frozen.overlay, key, &e))) {
        *ret_has = e.kind == ENTRY_PUT;
        return ERR_OK;
    }
    err = tree_get(t, key->table, key->key, &value);
    *ret_has = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- writing ---- */

/* A page may have to be split for a row that is new or has grown: more room than the bytes alone.
 */
enum { NEW_SHARE = 2, GROWN_SHARE = 12 };

static uint64_t growth_of(size_t before, size_t now)
{
    uint64_t all = (uint64_t)now * NEW_SHARE, more;

    if (before >= now)
        return 0;
    more = (uint64_t)(now - before) * GROWN_SHARE;
    return before == 0 || more > all ? all : more;
}

static enum err reserve(struct tables_txn *t, size_t n)
{
    size_t room = t->room ? t->room : 16 * 1024;
    uint8_t *record;

    if (t->n + n <= t->room)
        return ERR_OK;
    while (room < t->n + n)
        room *= 2;
    record = realloc(t->record, room);
    if (!record)
        return ERR_UNAVAILABLE;
    t->record = record;
    t->room = room;
    overlay_set_base(t->own, record);
    return ERR_OK;
}

/* What was read from the record moves with it. */
static struct bytes moved(const struct tables_txn *t, struct bytes b, const uint8_t *from)
{
    if (from && b.p >= from && b.p < from + t->n)
        b.p = t->record + (b.p - from);
    return b;
}

static enum err write_entry(struct tables_txn *t, const struct overlay_key *key,
                            const struct entry *e, bool beneath)
{
    size_t n = entry_bytes(e->key.n, e->value.n), at = t->n;
    const uint8_t *from = t->record;
    struct overlay_key moved_key = *key;
    struct entry here = *e;

    if (e->key.n == 0 || e->key.n > TREE_KEY_MAX || e->value.n > UINT32_MAX)
        return ERR_UNAVAILABLE;
    TRY(reserve(t, n));
    here.key = moved_key.key = moved(t, e->key, from);
    here.value = moved(t, e->value, from);
    memset(t->record + at, 0, n);
    entry_write(&here, t->record + at);
    t->n += n;
    size_slot(t, key)->hash = 0; /* a layer above the tree knows it from now on */
    return overlay_note(t->own, &moved_key, at, beneath);
}

/* What the tree has of KEY, which no layer above it knows. */
static enum err look_beneath(struct tables_txn *t, const struct overlay_key *key, size_t *ret_n)
{
    struct bytes value;
    enum err err = get_beneath(t, key, &value);

    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *ret_n = size_slot(t, key)->n;
    return ERR_OK;
}

/* Is KEY in a row of the tree, or nowhere, as it was found just now? */
static bool is_known(struct tables_txn *t, const struct overlay_key *key, size_t *ret_n)
{
    const struct known_size *known = size_slot(t, key);

    if (known->hash != key->hash)
        return false;
    *ret_n = known->n;
    return true;
}

static enum err put(struct tables_txn *t, const struct entry *e, bool is_new)
{
    struct overlay_key key = overlay_key(e->table, e->key);
    struct entry before;
    size_t n = 0;

    tables_fill_gap(t->tables, e->table, e->key);
    if (!is_known(t, &key, &n)) {
        if (find_above(t, &key, &before))
            return write_entry(t, &key, e, before.kind == ENTRY_PUT);
        if (!is_new)
            TRY(look_beneath(t, &key, &n));
    }
    t->growth += growth_of(n, e->key.n + e->value.n);
    return write_entry(t, &key, e, n > 0);
}

enum err table_put(struct tables_txn *t, enum table table, struct bytes key, struct bytes value)
{
    const struct entry e = {.kind = ENTRY_PUT, .table = table, .key = key, .value = value};

    return t->kind == BARE ? tree_put(t->tree, table, key, value) : put(t, &e, false);
}

enum err table_append(struct tables_txn *t, enum table table, struct bytes key, struct bytes value)
{
    const struct entry e = {.kind = ENTRY_PUT, .table = table, .key = key, .value = value};

    return t->kind == BARE ? tree_append(t->tree, table, key, value) : put(t, &e, true);
}

enum err table_erase(struct tables_txn *t, enum table table, struct bytes key)
{
    const struct entry e = {.kind = ENTRY_ERASE, .table = table, .key = key};
    struct overlay_key k;
    struct entry before;
    size_t n = 0;

    if (t->kind == BARE)
        return tree_erase(t->tree, table, key);
    k = overlay_key(table, key);
    if (!is_known(t, &k, &n)) {
        if (find_above(t, &k, &before))
            return before.kind == ENTRY_PUT ? write_entry(t, &k, &e, true) : ERR_OK;
        TRY(look_beneath(t, &k, &n));
    }
    return n > 0 ? write_entry(t, &k, &e, true) : ERR_OK;
}

/* ---- how much ---- */

/* The sum of what the layers add; a row may have been counted where it has gone meanwhile. */
static uint64_t added(const struct tables_txn *t, enum table table, uint64_t n,
                      int64_t (*of)(const struct overlay *, enum table))
{
    const struct tables *s = t->tables;
    int64_t sum = (int64_t)n;

    sum += t->own ? of(t->own, table) : 0;
    sum += s->active.number ? of(s->active.overlay, table) : 0;
    sum += s->frozen.number ? of(s->frozen.overlay, table) : 0;
    return sum > 0 ? (uint64_t)sum : 0;
}

static int64_t bytes_in(const struct overlay *o, enum table table)
{
    return (int64_t)overlay_bytes(o, table);
}

enum err table_count(struct tables_txn *t, enum table table, uint64_t *ret_rows)
{
    TRY(tree_count(t->tree, table, ret_rows));
    if (t->kind != BARE)
        *ret_rows = added(t, table, *ret_rows, overlay_rows);
    return ERR_OK;
}

enum err table_bytes(struct tables_txn *t, enum table table, uint64_t *ret_bytes)
{
    TRY(tree_bytes(t->tree, table, ret_bytes));
    if (t->kind != BARE)
        *ret_bytes = added(t, table, *ret_bytes, bytes_in);
    return ERR_OK;
}
