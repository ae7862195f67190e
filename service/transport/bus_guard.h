/*
 * Ends the process when a call into the client library does not return: versions before 3.8 ask a
 * server that falls silent between its greeting and the end of the login for the rest for ever, at
 * full speed, with the connection's lock held. Nothing of ours gets past that lock again, not even
 * to stop. Whoever supervises the process starts it anew; the store does not mind.
 */
#ifndef TWOFOLD_TRANSPORT_BUS_GUARD_H
#define TWOFOLD_TRANSPORT_BUS_GUARD_H

#include "base/attr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Who is in a call: two threads may be at a time. */
enum bus_guarded { GUARD_CALLER, GUARD_LOOP, GUARDED_MAX };

struct bus_guard {
    pthread_t thread;
    bool running;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ends; /* under the mutex */
    int64_t patience_ms;
    _Atomic int64_t since_ms[GUARDED_MAX]; /* of the call; 0 between calls */
};

/* Starts the thread that watches; it exits with code 1, and says so in the log, when a call takes
 * longer than PATIENCE_MS. False without memory or threads. */
NODISCARD bool bus_guard_start(struct bus_guard *g, int64_t patience_ms);

/* Ends the thread, if it was started. */
void bus_guard_stop(struct bus_guard *g);

/* A call of WHO begins; it has ended. */
void bus_guard_enter(struct bus_guard *g, enum bus_guarded who);
void bus_guard_leave(struct bus_guard *g, enum bus_guarded who);

/* The same for the bus's callers. */
static inline void bus_guard_begin(struct bus_guard *g)
{
    bus_guard_enter(g, GUARD_CALLER);
}

static inline void bus_guard_end(struct bus_guard *g)
{
    bus_guard_leave(g, GUARD_CALLER);
}

#endif
