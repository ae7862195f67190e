/* The loop of the serving thread: wait, take everything, decide, commit, reply, flush once. */
#ifndef TWOFOLD_SERVE_H
#define TWOFOLD_SERVE_H

#include "audit/publisher.h"
#include "rpc/dispatch.h"
#include "transport/bus.h"

#include <stdatomic.h>

struct server {
    struct bus *bus;
    struct dispatcher *dispatcher;
    struct publisher *publisher;
    unsigned batch_max, hash_max; /* requests and finished hashes in one batch at most */
    atomic_bool *stop;            /* set by a signal: drain and return */
    void (*tidied)(void *ctx);    /* called after housekeeping, on the serving thread */
    void *ctx;
};

/* Serves until *stop, then answers what is in flight. ERR_UNAVAILABLE when the store or the bus
 * broke for good and the process must end. */
NODISCARD enum err serve(const struct server *server);

#endif
