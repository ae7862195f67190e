/*
 * Two indexes. A hash finds a key, which every verification asks for twice. An order of those keys
 * that what lies beneath has not makes it possible to walk: all others are met where they lie
 * beneath. So an update of a row that has long been there, which is half of what happens, costs no
 * order.
 *
 * A slot takes 16 bytes and no key: the entry has it.
 */
#include "store/overlay_parts.h"

#include "crypto/random.h"

#include <stdlib.h>
#include <xxhash.h>

enum { UNIT = OVERLAY_UNIT, FIRST_SLOTS = 64, KEPT_SLOTS = 4096, SPARSE = 16 };

/* Names come from callers: who knew the seed could choose them so that all fall into one place. */
static uint64_t seed;

enum err overlay_seed(void)
{
    return seed ? ERR_OK : random_bytes((uint8_t *)&seed, sizeof seed);
}

/* Not in the seed: of short keys, neighbours with neighbouring seeds have the same hash. */
#define BETWEEN_TABLES UINT64_C(0x9e3779b97f4a7c15)

struct overlay_key overlay_key(enum table table, struct bytes key)
{
    return (struct overlay_key){
        .table = table,
        .key = key,
        .hash = XXH3_64bits_withSeed(key.p, key.n, seed) + (uint64_t)table * BETWEEN_TABLES,
    };
}

/* ---- keys by hash ---- */

/* The slot of KEY, or the free one where it belongs. */
static struct slot *slot_of(const struct overlay *o, const struct overlay_key *key)
{
    size_t i = key->hash & o->mask;
    struct entry e;

    for (;; i = (i + 1) & o->mask) {
        struct slot *s = &o->slots[i];

        if (s->at == 0)
            return s;
        if (s->hash != key->hash)
            continue;
        overlay_entry(o, s->at, &e);
        if (e.table == key->table && bytes_equal(e.key, key->key))
            return s;
    }
}

static enum err grow(struct overlay *o)
{
    size_t n = o->slots ? 2 * (o->mask + 1) : FIRST_SLOTS;
    struct slot *old = o->slots, *slots = calloc(n, sizeof *slots);

    if (!slots)
        return ERR_UNAVAILABLE;
    for (size_t i = 0; old && i <= o->mask; i++) {
        size_t to = old[i].hash & (n - 1);

        if (old[i].at == 0)
            continue;
        while (slots[to].at)
            to = (to + 1) & (n - 1);
        slots[to] = old[i];
    }
    free(old);
    o->slots = slots;
    o->mask = n - 1;
    return ERR_OK;
}

bool overlay_find(const struct overlay *o, const struct overlay_key *key, struct entry *ret)
{
    const struct slot *s = slot_of(o, key);

    if (s->at == 0)
        return false;
    overlay_entry(o, s->at, ret);
    return true;
}

static void count(struct overlay *o, const struct entry *e, int sign)
{
    if (sign > 0)
        o->bytes[e->table] += e->key.n + e->value.n;
    else
        o->bytes[e->table] -= e->key.n + e->value.n;
}

/* A key that was beneath is one row less while it is erased; one that was not, one more while it is
 * not. */
static void count_change(struct overlay *o, const struct slot *s, const struct entry *e,
                         enum entry_kind before)
{
    o->rows[e->table] += (int)(e->kind == ENTRY_PUT) - (int)(before == ENTRY_PUT);
    if (s->place == BENEATH)
        return;
    if (before == ENTRY_PUT) {
        struct entry old;

        overlay_entry(o, s->at, &old);
        count(o, &old, -1);
    }
    if (e->kind == ENTRY_PUT)
        count(o, e, 1);
}

static enum err place(struct overlay *o, const struct entry *e, uint32_t unit, struct slot *s)
{
    enum place where;

    TRY(overlay_order_add(o, e, unit, &where));
    s->place = (uint32_t)where;
    return ERR_OK;
}

static enum err note(struct overlay *o, const struct overlay_key *key, uint32_t unit, bool beneath)
{
    struct entry e, before;
    struct slot *s;

    if (4 * (o->used + 1) > 3 * (o->mask + 1))
        TRY(grow(o));
    overlay_entry(o, unit, &e);
    s = slot_of(o, key);
    if (s->at == 0) {
        struct slot fresh = {.hash = key->hash};

        if (!beneath)
            TRY(place(o, &e, unit, &fresh));
        count_change(o, &fresh, &e, beneath ? ENTRY_PUT : ENTRY_ERASE);
        *s = fresh;
        o->used++;
    } else {
        overlay_entry(o, s->at, &before);
        count_change(o, s, &e, before.kind);
    }
    s->at = unit;
    return ERR_OK;
}

enum err overlay_note(struct overlay *o, const struct overlay_key *key, size_t at, bool beneath)
{
    return note(o, key, (uint32_t)(at / UNIT), beneath);
}

static enum err merge_slot(struct overlay *o, const struct slot *s, size_t moved)
{
    uint32_t unit = s->at + (uint32_t)(moved / UNIT);
    struct overlay_key key = {.hash = s->hash};
    struct entry e;

    overlay_entry(o, unit, &e);
    key.table = e.table;
    key.key = e.key;
    return note(o, &key, unit, s->place == BENEATH);
}

/* In their order, so that they come to the tail again. */
static enum err merge_tail(struct overlay *o, const struct overlay *newer, enum table table,
                           size_t moved)
{
    const struct tail *tail = &newer->tail[table];

    for (size_t i = 0; i < tail->n; i++) {
        struct overlay_key key;
        struct entry e;

        overlay_entry(newer, tail->at[i], &e);
        key = overlay_key(table, e.key);
        TRY(merge_slot(o, slot_of(newer, &key), moved));
    }
    return ERR_OK;
}

/* They lie anywhere in a large table: let them come to the cache at the same time. */
static void prefetch_slots(const struct overlay *o, const struct overlay *newer)
{
    for (size_t i = 0; i <= newer->mask; i++)
        if (newer->slots[i].at)
            __builtin_prefetch(&o->slots[newer->slots[i].hash & o->mask], 1);
}

enum err overlay_merge(struct overlay *o, const struct overlay *newer, size_t moved)
{
    prefetch_slots(o, newer);
    for (unsigned i = 0; i < TABLES; i++)
        TRY(merge_tail(o, newer, (enum table)i, moved));
    for (size_t i = 0; i <= newer->mask; i++) {
        const struct slot *s = &newer->slots[i];

        if (s->at && s->place != IN_TAIL)
            TRY(merge_slot(o, s, moved));
    }
    return ERR_OK;
}

size_t overlay_keys(const struct overlay *o)
{
    return o->used;
}

int64_t overlay_rows(const struct overlay *o, enum table table)
{
    return o->rows[table];
}

uint64_t overlay_bytes(const struct overlay *o, enum table table)
{
    return o->bytes[table];
}

/* ---- all of it ---- */

struct overlay *overlay_new(void)
{
    struct overlay *o = calloc(1, sizeof *o);

    if (o && grow(o) != ERR_OK) {
        free(o);
        return NULL;
    }
    return o;
}

void overlay_free(struct overlay *o)
{
    if (!o)
        return;
    overlay_order_free(o);
    free(o->slots);
    free(o);
}

/* Clearing and merging cost what was allocated: a large one shrinks to what is cheap, and one that
 * is nearly empty each time to what it needs. */
static void shrink(struct overlay *o)
{
    size_t n = o->mask + 1;
    struct slot *fewer;

    if (n > KEPT_SLOTS)
        n = KEPT_SLOTS;
    else if (n > FIRST_SLOTS && SPARSE * o->used < n)
        n /= 2;
    if (n == o->mask + 1)
        return;
    o->mask = n - 1;
    fewer = realloc(o->slots, n * sizeof *fewer);
    if (fewer)
        o->slots = fewer;
}

void overlay_clear(struct overlay *o)
{
    size_t used = o->used;

    shrink(o);
    if (used > 0)
        memset(o->slots, 0, (o->mask + 1) * sizeof *o->slots);
    o->used = 0;
    overlay_order_clear(o);
    memset(o->rows, 0, sizeof o->rows);
    memset(o->bytes, 0, sizeof o->bytes);
}

void overlay_set_base(struct overlay *o, const uint8_t *base)
{
    o->base = base;
}
