/*
 * Exchanges that wait for a job of the side pool. A guesser of one name gets no more jobs than can
 * be judged, and no organization more than half of a lane.
 */
#ifndef TWOFOLD_RPC_WAITING_H
#define TWOFOLD_RPC_WAITING_H

#include "rpc/exchange.h"

/* Zero but for the pool. */
struct waiting {
    struct side_pool *pool; /* borrowed */
    struct waiting_list {
        struct exchange *first, *last; /* oldest first */
    } of[SIDE_KINDS];
};

/* Makes what X waits for, from its call as it is loaded: X is WAITING. ERR_EXHAUSTED without
 * memory, ERR_UNAVAILABLE without randomness. */
NODISCARD enum err waiting_prepare(struct exchange *x);

/* Hands that to the pool. The transaction must have been committed, for nothing is undone any more.
 * ERR_EXHAUSTED when too many wait: X does not, then. */
NODISCARD enum err waiting_enter(struct waiting *w, struct exchange *x);

/* An exchange whose job is finished, X->job, and which waits no more; NULL when there is none. */
struct exchange *waiting_leave(struct waiting *w);

/* Frees all that wait; their jobs stay the pool's. */
void waiting_free(struct waiting *w);

#endif
