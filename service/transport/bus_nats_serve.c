/*
 * The bus port on NATS: the traffic.
 *
 * One thread of the library delivers to all subscriptions. For requests it does nothing but put the
 * message into our own queue, from which the serving thread takes everything that waits: that makes
 * a batch, and with it one commit and one flush for many requests. What does not fit is refused at
 * once by the delivering thread, so that an overload is answered and not merely late.
 */
#include "base/secret.h"
#include "transport/bus_nats.h"
#include "transport/bus_retry.h"
#include "transport/bus_shed.h"
#include "transport/bus_subject.h"

#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    /* What the library may hold before it drops without an answer: more than the queue, so that
     * we shed first, whatever the size of the queue. */
    PENDING_MESSAGES = 64 * 1024,
    PENDING_BYTES = 64 * 1024 * 1024,
    SUBSCRIBE_MS = 5000,
    TAKE_AT_ONCE = 256,
    /* The library's time grows with the square of how often a name is repeated. */
    HEADERS_MAX_BYTES = 8 * 1024,
};

/* What M holds in memory. The library has no word for the length of headers, which may be a hundred
 * times the data; but a message is one block of its own. */
static size_t size_of(natsMsg *m)
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
static struct bus_request request_of(struct bus_message *message)
{
    natsMsg *m = (natsMsg *)message;
    const char *reply = natsMsg_GetReply(m);
    size_t beside_data = size_of(m) - (size_t)natsMsg_GetDataLength(m);
    bool plain = beside_data <= HEADERS_MAX_BYTES && headers_are_plain(m);

    return (struct bus_request){
        .message = message,
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

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *closure)
{
    struct subscription *s = closure;
    struct bus_message *message = (struct bus_message *)m;
    struct bus_request request;

    (void)nc;
    (void)sub;
    if (s->inbox) {
        if (!bus_queue_put(s->inbox, message, size_of(m)))
            bus_release(message);
        return;
    }
    if (s->shed && bus_queue_put(s->bus->queue, message, size_of(m)))
        return;
    request = request_of(message);
    if (s->shed)
        bus_shed_answer(s->bus, s->shed, &request);
    else if (bus_reply_allowed(request.reply))
        s->with.answer(s->with.ctx, s->bus, request.reply);
    bus_release(message);
}

static void on_subscription_ended(void *closure)
{
    bus_latch_end(closure);
}

/* Has the server taken the subscription? It says no before it answers a flush. */
static enum err check_accepted(struct bus *b, const char *subject, const char *queue,
                               struct diag *reterr)
{
    char refusal[512];

    snprintf(refusal, sizeof refusal, "Permissions Violation for Subscription to \"%s\"", subject);
    if (natsConnection_FlushTimeout(b->nc, SUBSCRIBE_MS) != NATS_OK) {
        diag_set(reterr, "the bus was lost while subscribing to \"%s\"", subject);
        return ERR_UNAVAILABLE;
    }
    if (!strstr(bus_last_error(b), refusal))
        return ERR_OK;
    diag_set(reterr,
             "the bus refuses the subscription to \"%s\"%s%s%s: name the service's login in "
             "TWOFOLD_NATS_NKEY_FILE (or _CREDS), or allow this one to subscribe to \"%s%s%s\"",
             subject, *queue ? " (queue \"" : "", queue, *queue ? "\")" : "", subject,
             *queue ? " " : "", queue);
    return ERR_VALIDATION;
}

/* Consumes S. */
static enum err subscribe(struct subscription *s, const char *subject, const char *queue,
                          struct diag *reterr)
{
    struct bus *b = s->bus;
    natsStatus status =
        *queue ? natsConnection_QueueSubscribe(&s->handle, b->nc, subject, queue, on_message, s)
               : natsConnection_Subscribe(&s->handle, b->nc, subject, on_message, s);

    if (status != NATS_OK) {
        bus_queue_free(s->inbox);
        free(s);
        diag_set(reterr, "cannot subscribe to \"%s\": %s", subject, natsStatus_GetText(status));
        return ERR_UNAVAILABLE;
    }
    s->next = b->subscriptions;
    b->subscriptions = s;
    bus_latch_begin(&b->callbacks);
    if (natsSubscription_SetOnCompleteCB(s->handle, on_subscription_ended, &b->callbacks))
        bus_latch_end(&b->callbacks); /* it is over already */
    natsSubscription_SetPendingLimits(s->handle, PENDING_MESSAGES, PENDING_BYTES);
    return check_accepted(b, subject, queue, reterr);
}

enum err bus_serve(struct bus *bus, const char *subject, const char *queue,
                   const struct bus_shed *shed, struct diag *reterr)
{
    struct subscription *s = calloc(1, sizeof *s);

    if (!s)
        return ERR_UNAVAILABLE;
    *s = (struct subscription){.bus = bus, .shed = shed};
    return subscribe(s, subject, queue, reterr);
}

enum err bus_answer(struct bus *bus, const char *subject, struct bus_answer with,
                    struct diag *reterr)
{
    struct subscription *s = calloc(1, sizeof *s);

    if (!s)
        return ERR_UNAVAILABLE;
    *s = (struct subscription){.bus = bus, .with = with};
    return subscribe(s, subject, "", reterr);
}

enum err bus_collect(struct bus *bus, const char *subject, size_t max, struct bus_queue **ret_inbox,
                     struct diag *reterr)
{
    struct subscription *s = calloc(1, sizeof *s);
    struct bus_queue *inbox = bus_queue_new(max, max * REQUEST_BYTES);

    if (!s || !inbox) {
        free(s);
        bus_queue_free(inbox);
        return ERR_UNAVAILABLE;
    }
    *s = (struct subscription){.bus = bus, .inbox = inbox};
    TRY(subscribe(s, subject, "", reterr));
    *ret_inbox = inbox;
    return ERR_OK;
}

size_t bus_wait(struct bus *bus, int timeout_ms, struct bus_request *ret, size_t max)
{
    struct bus_message *messages[TAKE_AT_ONCE];
    size_t n = 0, taken, want;

    do {
        want = max - n < TAKE_AT_ONCE ? max - n : TAKE_AT_ONCE;
        taken = bus_queue_take(bus->queue, n ? 0 : timeout_ms, messages, want);
        for (size_t i = 0; i < taken; i++)
            ret[n++] = request_of(messages[i]);
    } while (taken == TAKE_AT_ONCE && n < max);
    return n;
}

void bus_wake(struct bus *bus)
{
    bus_queue_wake(bus->queue);
}

/* The payload is memory of the message's own, and may hold a password. */
void bus_release(struct bus_message *message)
{
    natsMsg *m = (natsMsg *)message;

    wipe((void *)(uintptr_t)natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m));
    natsMsg_Destroy(m);
}

void bus_drain(struct bus *bus, int timeout_ms)
{
    int64_t end = bus_monotonic_ms() + timeout_ms;

    for (struct subscription *s = bus->subscriptions; s; s = s->next)
        if (s->shed)
            natsSubscription_DrainTimeout(s->handle, timeout_ms);
    for (struct subscription *s = bus->subscriptions; s; s = s->next) {
        int64_t left = end - bus_monotonic_ms();

        if (s->shed)
            natsSubscription_WaitForDrainCompletion(s->handle, left > 0 ? left : 1);
    }
}

static natsStatus publish_with_headers(struct bus *bus, const char *subject,
                                       const struct bus_header *headers, size_t n_headers,
                                       struct bytes body)
{
    natsMsg *m = NULL;
    natsStatus s = natsMsg_Create(&m, subject, NULL, (const char *)body.p, (int)body.n);

    for (size_t i = 0; i < n_headers && s == NATS_OK; i++)
        s = natsMsgHeader_Set(m, headers[i].name, headers[i].value);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(bus->nc, m);
    natsMsg_Destroy(m);
    return s;
}

enum err bus_publish(struct bus *bus, const char *subject, const struct bus_header *headers,
                     size_t n_headers, struct bytes body)
{
    natsStatus s;

    if (!bus_subject_valid(subject))
        return ERR_INTERNAL;
    if (body.n > INT_MAX)
        return ERR_TOO_LARGE;
    if (n_headers)
        s = publish_with_headers(bus, subject, headers, n_headers, body);
    else
        s = natsConnection_Publish(bus->nc, subject, body.p, (int)body.n);
    if (s == NATS_MAX_PAYLOAD)
        return ERR_TOO_LARGE;
    return s == NATS_OK ? ERR_OK : ERR_UNAVAILABLE;
}

uint64_t bus_renewals(struct bus *bus)
{
    uint64_t n = 0;

    natsConnection_GetStats(bus->nc, bus->statistics);
    natsStatistics_GetCounts(bus->statistics, NULL, NULL, NULL, NULL, &n);
    return n;
}

enum err bus_flush(struct bus *bus, int timeout_ms)
{
    natsStatus s = NATS_CONNECTION_DISCONNECTED;
    uint64_t before = bus->reconnects;
    bool still_there;

    bus_guard_begin(&bus->guard);
    if (bus_connected(bus))
        s = natsConnection_FlushTimeout(bus->nc, timeout_ms);
    /* A flush that a lost connection cut off may end as if it had been answered. */
    still_there = bus_connected(bus);
    bus->reconnects = bus_renewals(bus);
    bus_guard_end(&bus->guard);
    return s == NATS_OK && still_there && bus->reconnects == before ? ERR_OK : ERR_UNAVAILABLE;
}
