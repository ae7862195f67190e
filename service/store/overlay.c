/*
 * Two indexes. A hash finds a key, which every verification asks for twice. A tree of those keys
 * that what lies beneath has not makes it possible to walk in order: all others are met where they
 * lie beneath. So an update of a row that has long been there, which is nearly all that happens,
 * costs no tree.
 *
 * A slot takes 16 bytes and no key: the entry has it.
 */
#include "store/overlay.h"

#include "crypto/random.h"

#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <xxhash.h>

enum { UNIT = OVERLAY_UNIT, FIRST_SLOTS = 64, KEPT_SLOTS = 4096, SLAB_NODES = 256 };

/* What the library's macros generate is not all used. */
#define UNUSED __attribute__((unused))

struct slot {
    uint64_t hash;
    uint32_t at;   /* of the newest entry, in units; entries begin behind a header, so 0: free */
    uint32_t node; /* 1 + its number; 0: the key was beneath */
};

struct overlay_node {
    RB_ENTRY(overlay_node) links;
    const struct overlay *of;
    const struct bytes *sought; /* of a search: the key; NULL: the entry has it */
    uint32_t at;
};

RB_HEAD(node_tree, overlay_node);

struct overlay {
    const uint8_t *base;
    struct slot *slots;
    size_t mask, used;
    struct node_tree tree[TABLES];
    struct overlay_node **slabs;
    size_t n_nodes, n_slabs;
    int64_t rows[TABLES];
    uint64_t bytes[TABLES];
};

static void entry_in(const struct overlay *o, uint32_t at, struct entry *ret)
{
    entry_at(o->base + (size_t)at * UNIT, ret);
}

/* Names come from callers: who knew the seed could choose them so that all fall into one place. */
static uint64_t seed;

enum err overlay_seed(void)
{
    return seed ? ERR_OK : random_bytes((uint8_t *)&seed, sizeof seed);
}

struct overlay_key overlay_key(enum table table, struct bytes key)
{
    return (struct overlay_key){
        .table = table,
        .key = key,
        .hash = XXH3_64bits_withSeed(key.p, key.n, seed + (uint64_t)table),
    };
}

/* ---- keys in order ---- */

struct bytes overlay_node_key(const struct overlay_node *node)
{
    struct entry e;

    if (node->sought)
        return *node->sought;
    entry_in(node->of, node->at, &e);
    return e.key;
}

static int compare(const struct overlay_node *a, const struct overlay_node *b)
{
    return bytes_compare(overlay_node_key(a), overlay_node_key(b));
}

RB_GENERATE_INTERNAL(node_tree, overlay_node, links, compare, UNUSED static)

static struct overlay_node *node_at(const struct overlay *o, size_t i)
{
    return &o->slabs[i / SLAB_NODES][i % SLAB_NODES];
}

static enum err node_new(struct overlay *o, struct overlay_node **ret_node)
{
    if (o->n_nodes == o->n_slabs * SLAB_NODES) {
        struct overlay_node **slabs = reallocarray(o->slabs, o->n_slabs + 1, sizeof *slabs);

        if (!slabs)
            return ERR_UNAVAILABLE;
        o->slabs = slabs;
        slabs[o->n_slabs] = calloc(SLAB_NODES, sizeof **slabs);
        if (!slabs[o->n_slabs])
            return ERR_UNAVAILABLE;
        o->n_slabs++;
    }
    *ret_node = node_at(o, o->n_nodes++);
    return ERR_OK;
}

static enum err node_add(struct overlay *o, enum table table, uint32_t at, uint32_t *ret_number)
{
    struct overlay_node *node;

    TRY(node_new(o, &node));
    *node = (struct overlay_node){.of = o, .at = at};
    RB_INSERT(node_tree, &o->tree[table], node);
    *ret_number = (uint32_t)o->n_nodes;
    return ERR_OK;
}

/* The library's macros take what they only read for something to be changed. */
static struct node_tree *tree_of(const struct overlay *o, enum table table)
{
    return (struct node_tree *)(uintptr_t)&o->tree[table];
}

const struct overlay_node *overlay_first(const struct overlay *o, enum table table,
                                         struct bytes key)
{
    struct overlay_node sought = {.of = o, .sought = &key};

    return RB_NFIND(node_tree, tree_of(o, table), &sought);
}

const struct overlay_node *overlay_last(const struct overlay *o, enum table table)
{
    return RB_MAX(node_tree, tree_of(o, table));
}

static struct overlay_node *node_of(const struct overlay_node *node)
{
    return (struct overlay_node *)(uintptr_t)node;
}

const struct overlay_node *overlay_next(const struct overlay_node *node)
{
    return RB_NEXT(node_tree, NULL, node_of(node));
}

const struct overlay_node *overlay_previous(const struct overlay_node *node)
{
    return RB_PREV(node_tree, NULL, node_of(node));
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
        entry_in(o, s->at, &e);
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
    entry_in(o, s->at, ret);
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
    if (s->node == 0)
        return;
    if (before == ENTRY_PUT) {
        struct entry old;

        entry_in(o, s->at, &old);
        count(o, &old, -1);
    }
    if (e->kind == ENTRY_PUT)
        count(o, e, 1);
}

static enum err note(struct overlay *o, const struct overlay_key *key, uint32_t unit, bool beneath)
{
    struct entry e, before;
    struct slot *s;

    if (4 * (o->used + 1) > 3 * (o->mask + 1))
        TRY(grow(o));
    entry_in(o, unit, &e);
    s = slot_of(o, key);
    if (s->at == 0) {
        struct slot fresh = {.hash = key->hash};

        if (!beneath)
            TRY(node_add(o, e.table, unit, &fresh.node));
        count_change(o, &fresh, &e, beneath ? ENTRY_PUT : ENTRY_ERASE);
        *s = fresh;
        o->used++;
    } else {
        entry_in(o, s->at, &before);
        count_change(o, s, &e, before.kind);
    }
    s->at = unit;
    return ERR_OK;
}

enum err overlay_note(struct overlay *o, const struct overlay_key *key, size_t at, bool beneath)
{
    return note(o, key, (uint32_t)(at / UNIT), beneath);
}

enum err overlay_merge(struct overlay *o, const struct overlay *newer, size_t moved)
{
    for (size_t i = 0; i <= newer->mask; i++) {
        const struct slot *s = &newer->slots[i];
        uint32_t unit = s->at + (uint32_t)(moved / UNIT);
        struct overlay_key key = {.hash = s->hash};
        struct entry e;

        if (s->at == 0)
            continue;
        entry_in(o, unit, &e);
        key.table = e.table;
        key.key = e.key;
        TRY(note(o, &key, unit, s->node == 0));
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
    for (size_t i = 0; i < o->n_slabs; i++)
        free(o->slabs[i]);
    free(o->slabs);
    free(o->slots);
    free(o);
}

/* Clearing costs what was allocated: a large one shrinks to what is cheap. */
void overlay_clear(struct overlay *o)
{
    if (o->mask + 1 > KEPT_SLOTS)
        o->mask = KEPT_SLOTS - 1;
    if (o->used > 0)
        memset(o->slots, 0, (o->mask + 1) * sizeof *o->slots);
    o->used = o->n_nodes = 0;
    for (unsigned i = 0; i < TABLES; i++)
        RB_INIT(&o->tree[i]);
    memset(o->rows, 0, sizeof o->rows);
    memset(o->bytes, 0, sizeof o->bytes);
}

void overlay_set_base(struct overlay *o, const uint8_t *base)
{
    o->base = base;
}

/* The beginning of a key beside it: most comparisons then need no look at the entry, which lies
 * anywhere in a large file. */
enum { SORT_HEAD = 24 };

struct sort_key {
    uint8_t head[SORT_HEAD]; /* the table, and the beginning of the key */
    uint32_t at;
};

static int compare_entries(const void *left, const void *right, void *overlay)
{
    const struct sort_key *a = left, *b = right;
    int order = memcmp(a->head, b->head, SORT_HEAD);
    struct entry x, y;

    if (order)
        return order;
    entry_in(overlay, a->at, &x);
    entry_in(overlay, b->at, &y);
    return bytes_compare(x.key, y.key);
}

static struct sort_key sort_key_of(const struct overlay *o, uint32_t at)
{
    struct sort_key key = {.at = at};
    struct entry e;

    entry_in(o, at, &e);
    key.head[0] = (uint8_t)e.table;
    memcpy(key.head + 1, e.key.p, e.key.n < SORT_HEAD - 1 ? e.key.n : SORT_HEAD - 1);
    return key;
}

enum err overlay_sorted(const struct overlay *o, uint32_t **ret_units)
{
    struct sort_key *all = calloc(o->used + 1, sizeof *all);
    uint32_t *units = calloc(o->used + 1, sizeof *units);
    size_t n = 0;

    if (!all || !units) {
        free(all);
        free(units);
        return ERR_UNAVAILABLE;
    }
    for (size_t i = 0; i <= o->mask; i++)
        if (o->slots[i].at)
            all[n++] = sort_key_of(o, o->slots[i].at);
    qsort_r(all, n, sizeof *all, compare_entries, (void *)(uintptr_t)o);
    for (size_t i = 0; i < n; i++)
        units[i] = all[i].at;
    free(all);
    *ret_units = units;
    return ERR_OK;
}
