/*
 * The way of the audit events from the outbox to the bus: a thread of its own, with a connection
 * and a login of its own. It reads and publishes; only the serving thread writes to the store, so
 * it asks how far the bus has taken them and trims the outbox itself.
 *
 * Events go out in the order of the outbox and at least once: what was not confirmed is sent again,
 * under the same Nats-Msg-Id. Of several processes on one store, the one that holds the lock file
 * publishes.
 */
#ifndef TWOFOLD_AUDIT_PUBLISHER_H
#define TWOFOLD_AUDIT_PUBLISHER_H

#include "store/store.h"
#include "transport/bus.h"

struct publisher;

/* All borrowed until publisher_stop. */
struct publisher_options {
    struct store *store;
    const struct bus_options *bus;
    const char *lock_file; /* made when it is missing */
    /* Called on the publisher's thread whenever publisher_sent has grown; NULL: not wanted. */
    void (*progress)(void *ctx);
    void *ctx;
};

/* Starts the thread; a bus that is away is no failure, its events wait. ERR_VALIDATION and RETERR
 * for what waiting cannot mend, as for bus_open, and for a lock file that cannot be opened. */
NODISCARD enum err publisher_start(const struct publisher_options *options,
                                   struct publisher **ret_publisher, struct diag *reterr);

/* Says that this process has committed new events; without it they are found a little later. From
 * any thread. */
void publisher_nudge(struct publisher *p);

/* The highest position that the bus has taken, with all before it; 0: none yet. Stays 0 while
 * another process publishes. From any thread. */
uint64_t publisher_sent(const struct publisher *p);

/* Sends what is left, for at most about TIMEOUT_MS, then ends the thread and frees; NULL is fine.
 * What was not sent stays in the outbox. */
void publisher_stop(struct publisher *p, int timeout_ms);

#endif
