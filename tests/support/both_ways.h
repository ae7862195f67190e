/* Checkpoints made both ways over the same events: of what is remembered, and of the outbox. */
#ifndef TWOFOLD_TESTS_SUPPORT_BOTH_WAYS_H
#define TWOFOLD_TESTS_SUPPORT_BOTH_WAYS_H

#include "rpc/audit_wire.h"
#include "rpc/checkpoint.h"
#include "rpc/recent.h"
#include "support/service.h"

enum { RIG_ORGS = 3, RIG_USERS = 7 };

struct rig {
    struct service s;
    struct rpc_env env; /* remembers; its copy without `recent` is another process */
    struct store_txn *txn;
    struct arena *arena;
    struct event_ids ids;
    int64_t now_ms;
    unsigned seed;
    struct audit_chain chains[RIG_ORGS][RIG_USERS], kept[RIG_ORGS][RIG_USERS];
};

/* As setup and teardown of a test: three organizations, all that there is under a checkpoint. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* The store's operations as they are, and how often the outbox was read within a transaction since
 * rig_count_reads. */
extern const struct store_ops *rig_store;
extern unsigned rig_reads;
void rig_count_reads(struct store *store);

void rig_begin(struct rig *r);
void rig_commit(struct rig *r);
void rig_undo(struct rig *r);

/* An event written by ENV; CHAIN is NULL for one in none. */
void rig_append(struct rig *r, const struct rpc_env *env, const char *org, const char *username,
                struct audit_chain *chain);
/* One of the organization's own chain, which is kept in its record. */
void rig_append_own(struct rig *r, const struct rpc_env *env, const char *name);
/* N of all kinds: of users who come and go, of nobody, and of organizations. */
void rig_append_some(struct rig *r, const struct rpc_env *env, unsigned n);

/* Signs all, lasting. */
void rig_sign(struct rig *r);

/* Makes the checkpoints that are due both ways, in transactions that are undone, and compares them.
 * How often was the outbox read for those of what is remembered? */
unsigned rig_compare(struct rig *r);

#endif
