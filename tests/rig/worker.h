/* A caller of the service: one call after the other, at the common pace. */
#ifndef TWOFOLD_RIG_WORKER_H
#define TWOFOLD_RIG_WORKER_H

#include "people.h"
#include "tally.h"

#include <pthread.h>
#include <stdatomic.h>

/* What all workers share. */
struct run {
    const struct options *options;
    struct twofold_client *client;
    struct tally *tally;
    int64_t end_us; /* monotonic; calls begin before it */
    atomic_bool stop;

    pthread_mutex_t lock; /* of what follows */
    int64_t due_us;       /* when the next call may begin */
    uint64_t n, n_wrong;  /* calls begun, and those of them that are to be wrong */
};

struct worker {
    struct run *run;
    struct people people;
};

/* Asks the service for each user: active, not waiting, and when a code was last used, so that one
 * run may follow another. False: it has said on standard error what is wrong. */
bool worker_meet(struct worker *worker);

/* Works until the run's end, then shows that accepted codes are spent. */
void worker_work(struct worker *worker);

#endif
