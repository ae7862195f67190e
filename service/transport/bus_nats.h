/*
 * Private to bus_nats*.c, and the only place that includes the client library: the connection
 * (bus_nats.c) and the traffic on it (bus_nats_serve.c) share this state.
 */
#ifndef TWOFOLD_TRANSPORT_BUS_NATS_H
#define TWOFOLD_TRANSPORT_BUS_NATS_H

#include "transport/bus_answer.h"
#include "transport/bus_latch.h"
#include "transport/bus_login.h"
#include "transport/bus_queue.h"
#include "transport/bus_violation.h"

#include <nats/nats.h>
#include <stdatomic.h>

enum { BUS_INBOX_PREFIX_MAX = 64 };

struct subscription {
    struct subscription *next;
    struct bus *bus;
    natsSubscription *handle;
    const struct bus_shed *shed; /* of requests; else NULL, and */
    struct bus_queue *inbox;     /* where all is kept, owned; else NULL, and */
    struct bus_answer with;
};

/* Ends the process when a call into the library does not return: see bus_nats.c. */
struct bus_guard {
    pthread_t thread;
    bool running;
    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t changed;
    bool ends;
    int64_t since_ms; /* of the call; 0 between calls */
    int64_t patience_ms;
};

struct bus {
    natsOptions *options;
    natsConnection *nc;
    natsStatistics *statistics;
    uint64_t reconnects; /* at the last flush */
    struct bus_login login;
    char inbox_prefix[BUS_INBOX_PREFIX_MAX + 1];
    struct bus_queue *queue;
    struct subscription *subscriptions;
    struct bus_violations violations;
    struct bus_latch callbacks; /* subscriptions, and the connection itself */
    struct bus_guard guard;
    _Atomic bool closing;
    _Atomic int64_t logged_ms;
};

/* Around calls that wait for the library's lock on the connection; of the bus's own thread. */
void bus_guard_begin(struct bus_guard *g);
void bus_guard_end(struct bus_guard *g);

/* Keeps up to MAX messages that arrive on SUBJECT; more are dropped. RET_INBOX lives until
 * bus_close. Errors as for bus_serve. */
NODISCARD enum err bus_collect(struct bus *bus, const char *subject, size_t max,
                               struct bus_queue **ret_inbox, struct diag *reterr);

/* What the library noted about the last call of this thread that failed, without the place in its
 * source, "(conn.c:733): "; ELSE_TEXT if it noted nothing. Good until the thread's next call. */
const char *bus_library_error(const char *else_text);

/* The connection's last error, or ""; it stays until the next one. */
static inline const char *bus_last_error(const struct bus *b)
{
    const char *text = NULL;

    natsConnection_GetLastError(b->nc, &text);
    return text ? text : "";
}

#endif
