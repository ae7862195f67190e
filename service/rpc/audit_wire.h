/* Facts of a decision to chained, encoded twofold.v1.AuditEvents in the outbox. */
#ifndef TWOFOLD_RPC_AUDIT_WIRE_H
#define TWOFOLD_RPC_AUDIT_WIRE_H

#include "crypto/random.h"
#include "rpc/method.h"

#include <twofold/v1/audit.pb-c.h>

/*
 * Appends an event for every fact of FACTS to the outbox, in call->txn, each chained to the one
 * before: CHAIN (of the user or of the organization) moves on, and the caller saves its owner in
 * the same transaction. CHAIN is NULL for a username that is no user's: sequence 0, no digest.
 * USERNAME is NULL for events of the organization.
 *
 * Failures past the limit of their minute are counted instead (core/repeats.h). ERR_UNAVAILABLE
 * when there is no room for events (env->audit_full).
 */
NODISCARD enum err audit_append(struct rpc_call *call, const struct audit_facts *facts,
                                const char *username, struct audit_chain *chain);

/* An event that is filled and has its id and its place in the chain, but is not written yet. Do not
 * copy it: EVENT points into it and into the call. */
struct audit_draft {
    Twofold__V1__AuditEvent event;
    Twofold__V1__AuditEvent__Span span;
    char id[UUID_TEXT_BYTES], authenticator[UUID_TEXT_BYTES], slot[2];
};

/* CHAIN and USERNAME as for audit_append; CHAIN stays as it is. */
NODISCARD enum err audit_begin(struct rpc_call *call, const struct audit_fact *fact,
                               const char *username, const struct audit_chain *chain,
                               struct audit_draft *ret);

/* Appends the event of D to the outbox and moves CHAIN on. */
NODISCARD enum err audit_write(struct rpc_call *call, const struct audit_draft *d,
                               struct audit_chain *chain);

/* Unix milliseconds of the encoded event EVENT; 0 when it is none. */
int64_t audit_time(struct bytes event);

/* Loads the organization of CALL. False when there is none, or when its record is damaged, which is
 * logged: housekeeping for one must not stop that for all. */
bool audit_load_org(struct rpc_call *call);

#endif
