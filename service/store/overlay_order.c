/*
 * Keys in order, of those that what lies beneath has not. Most of them are numbers that only grow
 * (the outbox): a key greater than the last one of the tail is appended there, which costs four
 * bytes and one comparison with what was written just now. Any other new key goes to a tree. A walk
 * takes the nearer of both.
 */
#include "store/overlay_parts.h"

#include <stdlib.h>

enum { FIRST_TAIL = 64, KEPT_TAIL = 4096, SLAB_NODES = 256, KEPT_SLABS = 4 };

/* What the library's macros generate is not all used. */
#define UNUSED __attribute__((unused))

struct overlay_node {
    RB_ENTRY(overlay_node) links;
    const struct overlay *of;
    const struct bytes *sought; /* of a search: the key; NULL: the entry has it */
    uint32_t at;
};

static struct bytes key_at(const struct overlay *o, uint32_t at)
{
    struct entry e;

    overlay_entry(o, at, &e);
    return e.key;
}

/* ---- the tail ---- */

static bool fits_tail(const struct overlay *o, const struct entry *e)
{
    const struct tail *tail = &o->tail[e->table];

    return tail->n == 0 || bytes_compare(key_at(o, tail->at[tail->n - 1]), e->key) < 0;
}

static enum err tail_add(struct tail *tail, uint32_t at)
{
    if (tail->n == tail->room) {
        size_t room = tail->room ? 2 * tail->room : FIRST_TAIL;
        uint32_t *more = reallocarray(tail->at, room, sizeof *more);

        if (!more)
            return ERR_UNAVAILABLE;
        tail->at = more;
        tail->room = room;
    }
    tail->at[tail->n++] = at;
    return ERR_OK;
}

/* The first at or after KEY. */
static size_t tail_find(const struct overlay *o, enum table table, struct bytes key)
{
    const struct tail *tail = &o->tail[table];
    size_t low = 0, high = tail->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (bytes_compare(key_at(o, tail->at[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void tail_clear(struct tail *tail)
{
    if (tail->room > KEPT_TAIL) {
        free(tail->at);
        *tail = (struct tail){0};
    }
    tail->n = 0;
}

/* ---- the tree ---- */

static struct bytes node_key(const struct overlay_node *node)
{
    return node->sought ? *node->sought : key_at(node->of, node->at);
}

static int compare(const struct overlay_node *a, const struct overlay_node *b)
{
    return bytes_compare(node_key(a), node_key(b));
}

RB_GENERATE_INTERNAL(node_tree, overlay_node, links, compare, UNUSED static)

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
    *ret_node = &o->slabs[o->n_nodes / SLAB_NODES][o->n_nodes % SLAB_NODES];
    o->n_nodes++;
    return ERR_OK;
}

static enum err tree_add(struct overlay *o, enum table table, uint32_t at)
{
    struct overlay_node *node;

    TRY(node_new(o, &node));
    *node = (struct overlay_node){.of = o, .at = at};
    RB_INSERT(node_tree, &o->tree[table], node);
    return ERR_OK;
}

/* The library's macros take what they only read for something to be changed. */
static struct node_tree *tree_of(const struct overlay *o, enum table table)
{
    return (struct node_tree *)(uintptr_t)&o->tree[table];
}

static struct overlay_node *node_of(const struct overlay_node *node)
{
    return (struct overlay_node *)(uintptr_t)node;
}

/* ---- both ---- */

enum err overlay_order_add(struct overlay *o, const struct entry *e, uint32_t at,
                           enum place *ret_place)
{
    bool fits = fits_tail(o, e);

    TRY(fits ? tail_add(&o->tail[e->table], at) : tree_add(o, e->table, at));
    *ret_place = fits ? IN_TAIL : IN_TREE;
    return ERR_OK;
}

static void free_slabs(struct overlay *o, size_t kept)
{
    while (o->n_slabs > kept)
        free(o->slabs[--o->n_slabs]);
}

void overlay_order_clear(struct overlay *o)
{
    o->n_nodes = 0;
    free_slabs(o, KEPT_SLABS);
    for (unsigned i = 0; i < TABLES; i++) {
        RB_INIT(&o->tree[i]);
        tail_clear(&o->tail[i]);
    }
}

void overlay_order_free(struct overlay *o)
{
    free_slabs(o, 0);
    free(o->slabs);
    for (unsigned i = 0; i < TABLES; i++)
        free(o->tail[i].at);
}

/* ---- walks ---- */

struct overlay_cursor overlay_first(const struct overlay *o, enum table table, struct bytes key)
{
    struct overlay_node sought = {.of = o, .sought = &key};

    return (struct overlay_cursor){
        .of = o,
        .table = table,
        .tail = tail_find(o, table, key),
        .node = RB_NFIND(node_tree, tree_of(o, table), &sought),
    };
}

struct overlay_cursor overlay_last(const struct overlay *o, enum table table)
{
    return (struct overlay_cursor){
        .of = o,
        .table = table,
        .backwards = true,
        .tail = o->tail[table].n,
        .node = RB_MAX(node_tree, tree_of(o, table)),
    };
}

static bool tail_key(const struct overlay_cursor *c, struct bytes *ret)
{
    const struct tail *tail = &c->of->tail[c->table];

    if (c->tail == (c->backwards ? 0 : tail->n))
        return false;
    *ret = key_at(c->of, tail->at[c->backwards ? c->tail - 1 : c->tail]);
    return true;
}

static bool is_nearer(const struct overlay_cursor *c, struct bytes key, struct bytes other)
{
    int order = bytes_compare(key, other);

    return c->backwards ? order > 0 : order < 0;
}

bool overlay_next(struct overlay_cursor *c, struct bytes *ret_key)
{
    struct overlay_node *node = node_of(c->node);
    struct bytes key;
    bool in_tail = tail_key(c, &key);

    if (node && (!in_tail || is_nearer(c, node_key(node), key))) {
        *ret_key = node_key(node);
        c->node = c->backwards ? RB_PREV(node_tree, NULL, node) : RB_NEXT(node_tree, NULL, node);
        return true;
    }
    if (!in_tail)
        return false;
    *ret_key = key;
    c->tail = c->backwards ? c->tail - 1 : c->tail + 1;
    return true;
}
