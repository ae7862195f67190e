/*
 * The bus's threads read, decode and send (intake.h); the one that runs the server decides and
 * commits. What comes in while it does makes its next batch.
 */
#ifndef TWOFOLD_SERVE_H
#define TWOFOLD_SERVE_H

#include "audit/publisher.h"
#include "rpc/dispatch.h"
#include "transport/bus.h"

#include <stdatomic.h>

struct server;

struct server_options {
    unsigned batch_max, hash_max; /* requests and finished jobs in one batch at most */
    unsigned queue_max;           /* requests that wait to be decoded; more are shed */
    atomic_bool *stop;            /* set by a signal: drain and return */
    void (*tidied)(void *ctx);    /* called after housekeeping, on the thread that decides */
    void *ctx;
};

/* A server that has nothing to serve yet, but can be woken. ERR_UNAVAILABLE without memory. */
NODISCARD enum err server_new(const struct server_options *options, struct server **ret_server);

/* Frees it and what was not sent, when the bus is closed. NULL is fine. */
void server_free(struct server *s);

struct server_parts { /* all borrowed */
    struct bus *bus;
    struct dispatcher *dispatcher;
    struct publisher *publisher;
};

/* Opens the door: requests on SUBJECT are taken in from now on, and wait for server_run. Errors as
 * for bus_serve; SHED answers those for which there is no room. */
NODISCARD enum err server_open(struct server *s, const struct server_parts *parts,
                               const char *subject, const char *queue, const struct bus_shed *shed,
                               struct diag *reterr);

/* Serves until *stop, then answers what is in flight. ERR_UNAVAILABLE when the store or the bus
 * broke for good and the process must end. */
NODISCARD enum err server_run(struct server *s);

/* Asks for a proof that the store can write, from the thread that decides; it comes soon, and at
 * most once a second. From any thread. */
void server_prove(struct server *s);

/* For how long the thread that decides has been in its present turn; idle, it begins one about once
 * a second. -1: it has not begun yet. From any thread. */
int64_t server_turn_ms(const struct server *s);

/* A hash is ready, events were sent, or it is time to stop. From any thread. */
void server_wake(struct server *s);

#endif
