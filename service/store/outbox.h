/* The outbox: audit events in order, each under a position that is never used again. Private to
 * store/. */
#ifndef TWOFOLD_STORE_OUTBOX_H
#define TWOFOLD_STORE_OUTBOX_H

#include "base/arena.h"
#include "store/store.h"
#include "store/tables.h"

/* The position that the next event gets. */
NODISCARD enum err outbox_next(struct tables_txn *t, uint64_t *ret_position);
NODISCARD enum err outbox_append(struct tables_txn *t, uint64_t position, struct bytes event);
/* Removes entries up to and including POSITION, the oldest MAX at most, and no more than about a
 * megabyte. */
NODISCARD enum err outbox_trim(struct tables_txn *t, uint64_t position, size_t max);

NODISCARD enum err outbox_save_marks(struct tables_txn *t, const struct outbox_marks *marks);
NODISCARD enum err outbox_look(struct tables_txn *t, struct outbox_state *ret);

/* Where entries are read to: up to MAX of them, their bytes in ARENA. */
struct outbox_page {
    struct arena *arena;
    struct outbox_entry *entries;
    size_t max;
};

/* Reads entries after position AFTER; fewer when the arena is full, ERR_UNAVAILABLE when not even
 * one fits. */
NODISCARD enum err outbox_read(struct tables_txn *t, uint64_t after, const struct outbox_page *page,
                               size_t *ret_n);

#endif
