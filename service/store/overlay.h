/*
 * What a generation of the journal, or a transaction, has changed: where the newest entry of a key
 * is. The entries themselves stay where they were written. Private to tables*.c.
 */
#ifndef TWOFOLD_STORE_OVERLAY_H
#define TWOFOLD_STORE_OVERLAY_H

#include "store/entry.h"

/* A key and its hash, which all that is asked about it shares. */
struct overlay_key {
    enum table table;
    struct bytes key;
    uint64_t hash;
};
struct overlay_key overlay_key(enum table table, struct bytes key);
/* To be called before the first of them is made: draws the hash's seed, once a process. */
NODISCARD enum err overlay_seed(void);

struct overlay;
struct overlay_node;

/* NULL without memory. */
struct overlay *overlay_new(void);
void overlay_free(struct overlay *o);
/* Forgets all of it, and keeps some memory. */
void overlay_clear(struct overlay *o);
/* Where the offsets of entries count from. */
void overlay_set_base(struct overlay *o, const uint8_t *base);

/* How many keys it has. */
size_t overlay_keys(const struct overlay *o);

/* The newest entry of KEY; false when it has none. */
bool overlay_find(const struct overlay *o, const struct overlay_key *key, struct entry *ret);

/* Notes the entry of KEY at AT. BENEATH: what lies beneath has the key; counts for a key's first
 * entry alone. */
NODISCARD enum err overlay_note(struct overlay *o, const struct overlay_key *key, size_t at,
                                bool beneath);

/* Notes all that NEWER has, whose entries lie MOVED bytes further on in O. */
NODISCARD enum err overlay_merge(struct overlay *o, const struct overlay *newer, size_t moved);

/* A walk over the keys that were not beneath, in order: from the first at or after KEY onwards, or
 * from the last backwards. O must not change meanwhile. The newest entry of a key may erase it. */
struct overlay_cursor {
    const struct overlay *of;
    enum table table;
    bool backwards;
    size_t tail;                     /* the next in the tail; backwards: how many are left there */
    const struct overlay_node *node; /* the next in the tree */
};
struct overlay_cursor overlay_first(const struct overlay *o, enum table table, struct bytes key);
struct overlay_cursor overlay_last(const struct overlay *o, enum table table);
/* The next key; false at the end. */
bool overlay_next(struct overlay_cursor *c, struct bytes *ret_key);

/* Where the newest entries of all keys are, in units of OVERLAY_UNIT bytes, in the order of tables
 * and keys; an array that is the caller's to free. */
enum { OVERLAY_UNIT = 8 };
NODISCARD enum err overlay_sorted(const struct overlay *o, uint32_t **ret_units);

/* What it adds to the rows of TABLE beneath, and to their bytes: about so much. */
int64_t overlay_rows(const struct overlay *o, enum table table);
uint64_t overlay_bytes(const struct overlay *o, enum table table);

#endif
