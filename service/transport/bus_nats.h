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

struct subscription {
    struct subscription *next;
    struct bus *bus;
    natsSubscription *handle;
    const struct bus_shed *shed; /* of requests; else NULL, and */
    struct bus_answer with;
};

struct bus {
    natsOptions *options;
    natsConnection *nc;
    natsStatistics *statistics;
    uint64_t reconnects; /* at the last flush */
    struct bus_login login;
    struct bus_queue *queue;
    struct subscription *subscriptions;
    struct bus_violations violations;
    struct bus_latch callbacks; /* subscriptions, and the connection itself */
    _Atomic bool closing;
    _Atomic int64_t logged_ms;
};

/* The connection's last error, or ""; it stays until the next one. */
static inline const char *bus_last_error(const struct bus *b)
{
    const char *text = NULL;

    natsConnection_GetLastError(b->nc, &text);
    return text ? text : "";
}

#endif
