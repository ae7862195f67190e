/*
 * One request on its way through the pipeline (private to dispatch.c, exchange.c and waiting.c):
 * taken in, parsed, perhaps waiting for a job of the side pool, answered.
 */
#ifndef TWOFOLD_RPC_EXCHANGE_H
#define TWOFOLD_RPC_EXCHANGE_H

#include "rpc/dispatch.h"
#include "rpc/route.h"

/* Exchanges that were freed, with their arenas, wiped, for the next to come: a request in steady
 * state allocates nothing. As many are kept as may well be on their way at once, about 10 MB; more
 * than that come and go. Empty: all zero. Of the thread that takes and frees. */
enum { EXCHANGE_POOL_MAX = 2048 };
struct exchange_pool {
    struct exchange *first;
    unsigned n;
};

/* Frees what POOL keeps. */
void exchange_pool_empty(struct exchange_pool *pool);

/* What every request uses comes first: of the hundreds on their way few are in a cache. */
struct exchange {
    enum { READY, WAITING, DONE } state;
    enum err err;
    bool settled;        /* nothing can undo the answer: refused at the door, or committed */
    struct route *route; /* NULL: the subject named none */
    const char *reply_to;
    struct bytes body;
    int64_t came_ns;
    struct side_job *wanted;       /* with WAITING, until the pool has it */
    struct side_job *job;          /* finished; NULL: none yet */
    struct exchange *waiting_next; /* the dispatcher's list of those that wait (waiting.h) */
    struct exchange_pool *home;
    struct exchange *next_free; /* the pool's */
    char org[ORG_MAX + 1];
    struct rpc_call call;
};

/* Takes IN in: everything that can be said of a request without the store. POOL, which
 * exchange_free gives it back to, ROUTES and ENV are borrowed. NULL without memory. */
struct exchange *exchange_take(struct exchange_pool *pool, struct routes *routes,
                               const struct rpc_env *env, const struct incoming *in);

/* Ends X with ERR, building the body of a refusal. */
void exchange_end(struct exchange *x, enum err err);

/* Adds an exchange that is finished, since NOW_NS, to its route's statistics. */
void exchange_count(struct exchange *x, int64_t now_ns);

/* The clock of the statistics. */
int64_t exchange_clock_ns(void);

#endif
