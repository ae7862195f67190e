/*
 * Private to overlay*.c: keys by hash (overlay.c), keys in order (overlay_order.c), all entries in
 * order (overlay_sorted.c).
 */
#ifndef TWOFOLD_STORE_OVERLAY_PARTS_H
#define TWOFOLD_STORE_OVERLAY_PARTS_H

#include "store/overlay.h"

#include <bsd/sys/tree.h>

/* Where a key is met on a walk. */
enum place { BENEATH, IN_TREE, IN_TAIL };

struct slot {
    uint64_t hash;
    uint32_t at;    /* of the newest entry, in units; entries begin behind a header, so 0: free */
    uint32_t place; /* enum place */
};

/* Keys of which each is greater than the one before it: where any entry of each is, in units. */
struct tail {
    uint32_t *at;
    size_t n, room;
};

RB_HEAD(node_tree, overlay_node);

struct overlay {
    const uint8_t *base;
    struct slot *slots;
    size_t mask, used;
    struct tail tail[TABLES];
    struct node_tree tree[TABLES];
    struct overlay_node **slabs;
    size_t n_nodes, n_slabs;
    int64_t rows[TABLES];
    uint64_t bytes[TABLES];
};

/* The entry at AT, in units. */
static inline void overlay_entry(const struct overlay *o, uint32_t at, struct entry *ret)
{
    entry_at(o->base + (size_t)at * OVERLAY_UNIT, ret);
}

/* ---- overlay_order.c ---- */

/* Adds the key of E, the entry at AT, which O does not have. */
NODISCARD enum err overlay_order_add(struct overlay *o, const struct entry *e, uint32_t at,
                                     enum place *ret_place);
/* Forgets all keys, and keeps some memory. */
void overlay_order_clear(struct overlay *o);
void overlay_order_free(struct overlay *o);

#endif
