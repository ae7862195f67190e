/*
 * What a checkpoint says of events, remembered from when they were appended, so that it need not be
 * read and hashed again: those that this process has appended since the last checkpoint, in one run
 * of positions. Events of other processes, or of before the start, are not here; then the outbox
 * itself is read (checkpoint.c). Bounded, one piece of memory, nothing allocated later.
 *
 * What is added counts when its transaction is committed, and is taken back when it is undone.
 */
#ifndef TWOFOLD_RPC_RECENT_H
#define TWOFOLD_RPC_RECENT_H

#include "rpc/method.h"

/* What a checkpoint needs of one event; texts are borrowed. */
struct recent_event {
    struct bytes org, username; /* the latter empty: an event of the organization */
    uint64_t sequence;          /* 0: in no chain */
    uint8_t digest[SHA256_BYTES];
};

struct recent_events;

/* NULL without memory. The caller frees. */
struct recent_events *recent_new(void);
/* NULL is fine, here and below: then nothing is remembered. */
void recent_free(struct recent_events *r);

/* Adds the event appended at POSITION. When it does not follow the newest, those before are
 * forgotten; when there is no room, it is not remembered. */
void recent_add(struct recent_events *r, uint64_t position, const struct recent_event *event);

/* Are all from FROM to LAST, the newest of all, remembered? */
bool recent_covers(const struct recent_events *r, uint64_t from, uint64_t last);

/* How many from FROM on are at hand, MAX at most; 0 when fewer than MAX are, but one that followed
 * had no room. FROM must be remembered, or be the next. */
size_t recent_count(const struct recent_events *r, uint64_t from, size_t max);

/* The event at POSITION, which must be remembered; texts are valid until the transaction ends. */
struct recent_event recent_at(const struct recent_events *r, uint64_t position);

/* A checkpoint of this transaction covers all up to POSITION: they are forgotten with its commit.
 */
void recent_forget(struct recent_events *r, uint64_t position);

/* Ends TXN, and what was remembered in it alike. As the store's commit and abort. */
NODISCARD enum err recent_commit(const struct rpc_env *env, struct store_txn *txn);
void recent_abort(const struct rpc_env *env, struct store_txn *txn);

#endif
