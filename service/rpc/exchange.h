/*
 * One request on its way through the pipeline (private to dispatch.c and exchange.c): taken in,
 * parsed, perhaps hashing, answered.
 */
#ifndef TWOFOLD_RPC_EXCHANGE_H
#define TWOFOLD_RPC_EXCHANGE_H

#include "rpc/dispatch.h"
#include "rpc/route.h"

struct exchange {
    enum { READY, HASHING, DONE } state;
    bool settled;        /* nothing can undo the answer: refused at the door, or committed */
    struct route *route; /* NULL: the subject named none */
    struct rpc_call call;
    char org[ORG_MAX + 1];
    const char *reply_to;
    struct password_job *job;      /* finished; NULL: none yet */
    struct exchange *hashing_next; /* the dispatcher's list of those that wait for a hash */
    enum err err;
    struct bytes body;
    int64_t came_ns;
};

/* Takes IN in: everything that can be said of a request without the store. ROUTES and ENV are
 * borrowed. NULL without memory. */
struct exchange *exchange_take(struct routes *routes, const struct rpc_env *env,
                               const struct incoming *in);

/* Ends X with ERR, building the body of a refusal. */
void exchange_end(struct exchange *x, enum err err);

/* Adds a finished exchange to its route's statistics. */
void exchange_count(struct exchange *x);

#endif
