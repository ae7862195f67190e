/* Signed checkpoints of the audit trail: what the chains of events have come to, so that nothing
 * can be cut off their ends unseen. */
#ifndef TWOFOLD_RPC_CHECKPOINT_H
#define TWOFOLD_RPC_CHECKPOINT_H

#include "rpc/method.h"

#include <limits.h>

enum { CHECKPOINT_SOME = 8, CHECKPOINT_ALL = INT_MAX };

/*
 * Covers events of the outbox that no checkpoint covers yet, those of TXN among them: the next
 * PAGES times env->audit.checkpoint_events (1 to 500) of them. Appends, for each page, an event
 * audit.checkpoint to the chain of each organization that has any in it, and moves the mark.
 * Nothing to do without such events.
 */
NODISCARD enum err checkpoint_sign(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms,
                                   int pages);

/* How many events of the outbox no checkpoint covers, those of TXN among them. */
NODISCARD enum err checkpoint_missing(const struct rpc_env *env, struct store_txn *txn,
                                      uint64_t *ret_events);

#endif
