/* Safe retries (DESIGN rule 9): the first answer to a request id is kept for 30 seconds, sealed. */
#ifndef TWOFOLD_RPC_RETRY_H
#define TWOFOLD_RPC_RETRY_H

#include "rpc/method.h"

/* The answer kept for this very request: same user, id, caller and content; in the call's arena.
 * NULL when there is none, as without a request id. ERR_CONFLICT when the same caller used the id
 * for another content; after RETRY_MISMATCHES_MAX of those also for the right one. */
NODISCARD enum err retry_find(struct rpc_call *call, const struct retry_answer **ret_kept);

/* Keeps ERR and REPLY for a retry, if the call has a request id and its method a lasting effect. */
NODISCARD enum err retry_keep(struct rpc_call *call, enum err err, struct bytes reply);

#endif
