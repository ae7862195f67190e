/* Counts what is still under way, so that its owner can wait for the end of it. */
#ifndef TWOFOLD_TRANSPORT_BUS_LATCH_H
#define TWOFOLD_TRANSPORT_BUS_LATCH_H

#include "base/attr.h"

#include <pthread.h>
#include <stdbool.h>

struct bus_latch {
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    unsigned under_way;
};

/* An empty latch; needs no freeing. */
void bus_latch_init(struct bus_latch *l);

/* One more is under way; one has ended. From any thread. */
void bus_latch_begin(struct bus_latch *l);
void bus_latch_end(struct bus_latch *l);

/* Waits until nothing is under way; false after TIMEOUT_S seconds. */
NODISCARD bool bus_latch_wait(struct bus_latch *l, int timeout_s);

#endif
