/* What has to be done whether requests come or not, in transactions of its own. */
#ifndef TWOFOLD_RPC_HOUSEKEEPING_H
#define TWOFOLD_RPC_HOUSEKEEPING_H

#include "rpc/retention.h"

/* Marks what the bus has TAKEN, removes events and answers that need not be kept any more. Alone in
 * its transaction: the store keeps room for what only removes, even when it is full. RET is
 * set on success, see retention.h. What takes longer than some milliseconds is left to the next
 * time.
 */
NODISCARD enum err housekeeping_remove(const struct rpc_env *env, const struct outbox_taken *taken,
                                       struct retained *ret);

/* Tells failures that were counted in minutes that are over, and signs checkpoints that are due;
 * ALL: also those that are not. RET_MORE: there was no time to tell all. */
NODISCARD enum err housekeeping_tell(const struct rpc_env *env, bool all, bool *ret_more);

#endif
