/* Which events the outbox keeps: those not sent up to a bound, those sent for a while (the tail).
 */
#ifndef TWOFOLD_RPC_RETENTION_H
#define TWOFOLD_RPC_RETENTION_H

#include "rpc/method.h"

struct retained {
    bool full; /* unsent events have reached their bound: no more may be written */
    bool more; /* not all that can go is gone: again, in another transaction */
};

/*
 * Marks what the bus has TAKEN and removes, within TXN, what need not be kept by env->audit: some
 * thousand events at most. Unsent events beyond their bound are dropped if that is the policy, and
 * counted in an event audit.dropped of each organization.
 */
NODISCARD enum err retention_apply(const struct rpc_env *env, struct store_txn *txn,
                                   const struct outbox_taken *taken, int64_t now_ms,
                                   struct retained *ret);

#endif
