/* Facts of a decision to chained, encoded twofold.v1.AuditEvents in the outbox. */
#ifndef TWOFOLD_RPC_AUDIT_WIRE_H
#define TWOFOLD_RPC_AUDIT_WIRE_H

#include "rpc/method.h"

/*
 * Appends an event for every fact of FACTS to the outbox, in call->txn, each chained to the one
 * before: CHAIN (of the user or of the organization) moves on, and the caller saves its owner in
 * the same transaction. CHAIN is NULL for a username that is no user's: sequence 0, no digest.
 * USERNAME is NULL for events of the organization.
 */
NODISCARD enum err audit_append(struct rpc_call *call, const struct audit_facts *facts,
                                const char *username, struct audit_chain *chain);

#endif
