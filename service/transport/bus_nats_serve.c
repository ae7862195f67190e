/*
 * Requests, on the thread of the library that delivers. Taking them from a subscription without a
 * callback would save that thread; but there the library looks into the headers of every message
 * without data, before anybody can say how long they are, and its time for that grows with the
 * square of their number: a single message of a caller would stop the service for seconds.
 *
 * What the service does not admit yet waits as the message it is; what finds no room to wait is
 * refused at once, before anything of it is decoded, so that an overload is answered and not merely
 * late.
 */
#include "base/secret.h"
#include "transport/bus_nats.h"
#include "transport/bus_shed.h"

#include <malloc.h>
#include <stdlib.h>

enum {
    /* The library's time grows with the square of how often a name is repeated. */
    HEADERS_MAX_BYTES = 8 * 1024,
    SPENT_MAX_BYTES = 4 * 1024,
};

size_t bus_size_of(natsMsg *m)
{
    size_t data = (size_t)natsMsg_GetDataLength(m), block = malloc_usable_size(m);

    return block > data ? block : data;
}

static const char *header(natsMsg *m, const char *name, const char *if_doubtful)
{
    const char **values = NULL;
    const char *value;
    int n = 0;
    natsStatus s = natsMsgHeader_Values(m, name, &values, &n);

    value = s == NATS_OK && n == 1 ? values[0] : if_doubtful;
    free(values);
    return s == NATS_NOT_FOUND ? "" : value;
}

static bool has_controls(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || (unsigned char)*s == 0x7f)
            return true;
    return false;
}

/* Is every name and value on a line of its own? The library takes a line without a colon for the
 * beginning of the next one's name, and a bare LF for a part of a value: a caller could so hide the
 * header that the server appends, behind one of its own making. */
static bool headers_are_plain(natsMsg *m)
{
    const char **names = NULL, **values;
    int n = 0, n_values;
    natsStatus s = natsMsgHeader_Keys(m, &names, &n);
    bool plain = s == NATS_OK || s == NATS_NOT_FOUND;

    for (int i = 0; i < n && plain; i++) {
        values = NULL;
        n_values = 0;
        plain = !has_controls(names[i]) &&
                natsMsgHeader_Values(m, names[i], &values, &n_values) == NATS_OK;
        for (int k = 0; k < n_values && plain; k++)
            plain = !has_controls(values[k]);
        free(values);
    }
    free(names);
    return plain;
}

/* A message of ours is one of the library's: the type only keeps its name out of the port. */
static struct bus_request request_of(natsMsg *m)
{
    const char *reply = natsMsg_GetReply(m);
    size_t beside_data = bus_size_of(m) - (size_t)natsMsg_GetDataLength(m);
    bool plain = beside_data <= HEADERS_MAX_BYTES && headers_are_plain(m);

    return (struct bus_request){
        .subject = natsMsg_GetSubject(m),
        .reply = reply ? reply : "",
        .payload = {.p = (const uint8_t *)natsMsg_GetData(m),
                    .n = (size_t)natsMsg_GetDataLength(m)},
        /* Two ids are no id: this one cannot pass for valid. */
        .request_id = plain ? header(m, "Twofold-Request-Id", "\x01") : "\x01",
        .traceparent = plain ? header(m, "traceparent", "") : "",
        /* One of two is smuggled: no JSON, so that it is refused where it matters. */
        .request_info = plain ? header(m, "Nats-Request-Info", "\x01") : "\x01",
    };
}

void bus_destroy_spent(struct bus *b)
{
    while (b->n_spent > 0)
        natsMsg_Destroy(b->spent[--b->n_spent]);
}

/* The payload is memory of the message's own, and may hold a password. */
static void wipe_payload(natsMsg *m)
{
    wipe((void *)(uintptr_t)natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m));
}

/* To destroy one wakes a thread of the library, so a few small ones are destroyed together. */
static void spend(struct bus *b, natsMsg *m)
{
    wipe_payload(m);
    b->spent[b->n_spent++] = m;
    if (b->n_spent == BUS_SPENT_MAX || bus_size_of(m) > SPENT_MAX_BYTES)
        bus_destroy_spent(b);
}

static void hand_over(struct subscription *s, natsMsg *m)
{
    struct bus_request request = request_of(m);

    s->service->request(s->service->ctx, &request);
    spend(s->bus, m);
}

static void shed(struct subscription *s, natsMsg *m)
{
    const char *reply = natsMsg_GetReply(m);
    size_t beside_data = bus_size_of(m) - (size_t)natsMsg_GetDataLength(m);
    const char *id = beside_data <= HEADERS_MAX_BYTES ? header(m, "Twofold-Request-Id", "") : "";

    bus_shed_answer(s->bus, &s->service->shed, reply ? reply : "", id);
    bus_release((struct bus_message *)m);
}

/* With the lock: in the order in which they came. */
static void hand_over_waiting(struct subscription *s)
{
    struct bus_message *m;

    while (s->service->admits(s->service->ctx) && bus_queue_take(s->waiting, 0, &m, 1))
        hand_over(s, (natsMsg *)m);
}

/* With the lock: while some wait, none goes before them. False: there is no room. */
static bool take_in(struct subscription *s, natsMsg *m)
{
    hand_over_waiting(s);
    if (!bus_queue_empty(s->waiting) || !s->service->admits(s->service->ctx))
        return bus_queue_put(s->waiting, (struct bus_message *)m, bus_size_of(m));
    hand_over(s, m);
    return true;
}

void bus_on_request(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *closure)
{
    struct subscription *s = closure;
    bool taken;

    (void)nc;
    (void)sub;
    pthread_mutex_lock(&s->bus->intake);
    taken = take_in(s, m);
    pthread_mutex_unlock(&s->bus->intake);
    if (!taken)
        shed(s, m);
}

void bus_serve_turn(struct bus *b)
{
    for (struct subscription *s = atomic_load(&b->subscriptions); s; s = s->next) {
        if (!s->service)
            continue;
        s->service->turn(s->service->ctx);
        if (bus_queue_empty(s->waiting))
            continue;
        pthread_mutex_lock(&b->intake);
        hand_over_waiting(s);
        pthread_mutex_unlock(&b->intake);
    }
}

void bus_release(struct bus_message *message)
{
    natsMsg *m = (natsMsg *)message;

    wipe_payload(m);
    natsMsg_Destroy(m);
}
