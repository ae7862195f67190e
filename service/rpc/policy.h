/* Policy on the wire and in the core. */
#ifndef TWOFOLD_RPC_POLICY_H
#define TWOFOLD_RPC_POLICY_H

#include "rpc/method.h"

#include <twofold/v1/admin.pb-c.h>

/* POLICY as a message in the arena. */
NODISCARD enum err policy_fill(struct rpc_call *call, const struct policy *policy,
                               Twofold__V1__Policy **ret);

/*
 * Sets in POLICY the fields of call->ask.policy that the update mask names; with an empty mask
 * those that are not their zero value. ERR_VALIDATION with all violations: unknown names, values
 * out of bounds. POLICY is changed only on ERR_OK.
 */
NODISCARD enum err policy_merge(struct rpc_call *call, struct policy *policy);

#endif
