/* Events that no request caused: the service's start, an operator's command on a database. */
#ifndef TWOFOLD_RPC_OWN_EVENT_H
#define TWOFOLD_RPC_OWN_EVENT_H

#include "core/audit.h"
#include "store/store.h"

struct own_event {
    enum audit_type type;
    const char *org;
    bool makes_org;       /* ORG need not exist: it does from now on; else ERR_NOT_FOUND */
    const char *instance; /* who says so, in place of a process's id */
    int64_t now_ms;
    struct audit_span span;        /* count 0: the event stands for itself */
    const struct keyring *keyring; /* whose active key the event names; NULL: none */
};

/* Appends E to the outbox and to the organization's chain, in a transaction of its own. */
NODISCARD enum err own_event_write(struct store *store, const struct own_event *e);

#endif
