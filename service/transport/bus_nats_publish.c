#include "transport/bus_nats.h"
#include "transport/bus_subject.h"

#include <limits.h>

/* Of what the server does not take at the moment. */
enum { BUFFER_MAX_BYTES = 16 * 1024 * 1024 };

static natsStatus publish_with_headers(natsConnection *nc, const char *subject,
                                       const struct bus_header *headers, size_t n_headers,
                                       struct bytes body)
{
    natsMsg *m = NULL;
    natsStatus s = natsMsg_Create(&m, subject, NULL, (const char *)body.p, (int)body.n);

    for (size_t i = 0; i < n_headers && s == NATS_OK; i++)
        s = natsMsgHeader_Set(m, headers[i].name, headers[i].value);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(nc, m);
    natsMsg_Destroy(m);
    return s;
}

/* With the lock over the connection. */
static natsStatus publish(struct bus *bus, const char *subject, const struct bus_header *headers,
                          size_t n_headers, struct bytes body)
{
    if (atomic_load(&bus->loop.stuck_ms) && natsConnection_Buffered(bus->nc) > BUFFER_MAX_BYTES)
        return NATS_INSUFFICIENT_BUFFER;
    if (n_headers)
        return publish_with_headers(bus->nc, subject, headers, n_headers, body);
    return natsConnection_Publish(bus->nc, subject, body.p, (int)body.n);
}

enum err bus_publish(struct bus *bus, const char *subject, const struct bus_header *headers,
                     size_t n_headers, struct bytes body)
{
    natsStatus s;

    if (!bus_subject_valid(subject))
        return ERR_INTERNAL;
    if (body.n > INT_MAX)
        return ERR_TOO_LARGE;
    pthread_rwlock_rdlock(&bus->renewing);
    s = publish(bus, subject, headers, n_headers, body);
    pthread_rwlock_unlock(&bus->renewing);
    if (s == NATS_MAX_PAYLOAD)
        return ERR_TOO_LARGE;
    return s == NATS_OK ? ERR_OK : ERR_UNAVAILABLE;
}

/* How often the library made the connection anew. */
static uint64_t reconnects(struct bus *bus)
{
    uint64_t n = 0;

    natsConnection_GetStats(bus->nc, bus->statistics);
    natsStatistics_GetCounts(bus->statistics, NULL, NULL, NULL, NULL, &n);
    return n;
}

uint64_t bus_renewals(struct bus *bus)
{
    return bus->serves ? atomic_load(&bus->renewals) : reconnects(bus);
}

static bool is_up(const struct bus *bus)
{
    return natsConnection_Status(bus->nc) == NATS_CONN_STATUS_CONNECTED;
}

/* With the lock over the connection. */
static natsStatus flush(struct bus *bus, int timeout_ms)
{
    natsStatus s = NATS_CONNECTION_DISCONNECTED;

    if (is_up(bus))
        s = natsConnection_FlushTimeout(bus->nc, timeout_ms);
    /* A flush that a lost connection cut off may end as if it had been answered. */
    return is_up(bus) ? s : NATS_CONNECTION_DISCONNECTED;
}

enum err bus_flush(struct bus *bus, int timeout_ms)
{
    uint64_t before = bus->reconnects;
    natsStatus s;

    if (bus->serves)
        bus_loop_turn(&bus->loop, timeout_ms);
    bus_guard_begin(&bus->guard);
    pthread_rwlock_rdlock(&bus->renewing);
    s = flush(bus, timeout_ms);
    bus->reconnects = bus_renewals(bus);
    pthread_rwlock_unlock(&bus->renewing);
    bus_guard_end(&bus->guard);
    return s == NATS_OK && bus->reconnects == before ? ERR_OK : ERR_UNAVAILABLE;
}
