/* What has to be done whether requests come or not, in transactions of its own. */
#ifndef TWOFOLD_RPC_HOUSEKEEPING_H
#define TWOFOLD_RPC_HOUSEKEEPING_H

#include "rpc/method.h"

/* Marks what the bus has TAKEN, removes events and answers that need not be kept any more. Alone in
 * its transaction: the store keeps room for what only removes, even when it is full. RET_FULL is
 * set on success, see retention.h. */
NODISCARD enum err housekeeping_remove(const struct rpc_env *env, const struct outbox_taken *taken,
                                       bool *ret_full);

/* Tells failures that were counted in minutes that are over, and signs checkpoints that are due;
 * ALL: also those that are not. */
NODISCARD enum err housekeeping_tell(const struct rpc_env *env, bool all);

#endif
