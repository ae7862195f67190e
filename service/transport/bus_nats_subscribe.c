/*
 * Subscriptions. One thread of the library delivers to all of them. A bus that serves makes all of
 * them again on a new connection.
 */
#include "base/clock.h"
#include "base/log.h"
#include "transport/bus_nats.h"
#include "transport/bus_subject.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    /* What the library may hold before it drops without an answer: more than a read can bring. */
    PENDING_MESSAGES = 64 * 1024,
    PENDING_BYTES = 64 * 1024 * 1024,
    SUBSCRIBE_MS = 5000,
};

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *closure)
{
    struct subscription *s = closure;
    const char *reply = natsMsg_GetReply(m);

    (void)nc;
    (void)sub;
    if (s->waiting && bus_queue_put(s->waiting, (struct bus_message *)m, bus_size_of(m)))
        return;
    if (!s->waiting && reply && bus_reply_allowed(reply))
        s->with.answer(s->with.ctx, s->bus, reply);
    bus_release((struct bus_message *)m);
}

static void on_subscription_ended(void *closure)
{
    bus_latch_end(closure);
}

/* Has the server taken the subscription? It says no before it answers a flush. */
static enum err check_accepted(struct bus *b, const struct subscription *s, struct diag *reterr)
{
    const char *queue = s->queue;
    char refusal[512];
    bool refused, lost;

    snprintf(refusal, sizeof refusal, "Permissions Violation for Subscription to \"%s\"",
             s->subject);
    pthread_rwlock_rdlock(&b->renewing);
    lost = natsConnection_FlushTimeout(b->nc, SUBSCRIBE_MS) != NATS_OK;
    refused = strstr(bus_last_error(b->nc), refusal);
    pthread_rwlock_unlock(&b->renewing);
    if (lost) {
        diag_set(reterr, "the bus was lost while subscribing to \"%s\"", s->subject);
        return ERR_UNAVAILABLE;
    }
    if (!refused)
        return ERR_OK;
    diag_set(reterr,
             "the bus refuses the subscription to \"%s\"%s%s%s: name the service's login in "
             "TWOFOLD_NATS_NKEY_FILE (or _CREDS), or allow this one to subscribe to \"%s%s%s\"",
             s->subject, *queue ? " (queue \"" : "", queue, *queue ? "\")" : "", s->subject,
             *queue ? " " : "", queue);
    return ERR_VALIDATION;
}

static natsStatus make_handle(struct subscription *s)
{
    natsConnection *nc = s->bus->nc;
    natsMsgHandler on = s->service ? bus_on_request : on_message;

    if (*s->queue)
        return natsConnection_QueueSubscribe(&s->handle, nc, s->subject, s->queue, on, s);
    return natsConnection_Subscribe(&s->handle, nc, s->subject, on, s);
}

/* With the lock over the connection. */
static natsStatus make(struct subscription *s)
{
    natsStatus status = make_handle(s);

    if (status != NATS_OK)
        return status;
    natsSubscription_SetPendingLimits(s->handle, PENDING_MESSAGES, PENDING_BYTES);
    bus_latch_begin(&s->bus->callbacks);
    if (natsSubscription_SetOnCompleteCB(s->handle, on_subscription_ended, &s->bus->callbacks))
        bus_latch_end(&s->bus->callbacks); /* it is over already */
    return NATS_OK;
}

void bus_subscribe_again(struct bus *b)
{
    for (struct subscription *s = atomic_load(&b->subscriptions); s; s = s->next)
        if (!(s->service && atomic_load(&b->draining)) && make(s) != NATS_OK)
            log_at(LOG_ERROR, "cannot subscribe again", FIELD("subject", (const char *)s->subject));
}

/* Consumes the queue of WISH. */
static enum err subscribe(const struct subscription *wish, const char *subject, const char *queue,
                          struct diag *reterr)
{
    struct bus *b = wish->bus;
    struct subscription *s = calloc(1, sizeof *s);
    natsStatus status = NATS_NO_MEMORY;

    if (s) {
        *s = *wish;
        s->subject = strdup(subject);
        s->queue = strdup(queue);
    }
    pthread_rwlock_wrlock(&b->renewing);
    if (s && s->subject && s->queue)
        status = make(s);
    if (status == NATS_OK) {
        s->next = b->subscriptions;
        atomic_store(&b->subscriptions, s);
    }
    pthread_rwlock_unlock(&b->renewing);
    if (status == NATS_OK)
        return check_accepted(b, s, reterr);
    if (s) {
        free(s->subject);
        free(s->queue);
    }
    free(s);
    bus_queue_free(wish->waiting);
    diag_set(reterr, "cannot subscribe to \"%s\": %s", subject, natsStatus_GetText(status));
    return ERR_UNAVAILABLE;
}

static enum err subscribe_waiting(struct subscription wish, size_t max, const char *subject,
                                  const char *queue, struct diag *reterr)
{
    wish.waiting = bus_queue_new(max, max * REQUEST_BYTES);
    return wish.waiting ? subscribe(&wish, subject, queue, reterr) : ERR_UNAVAILABLE;
}

enum err bus_serve(struct bus *bus, const char *subject, const char *queue,
                   const struct bus_service *service, struct diag *reterr)
{
    assert(bus->serves);
    return subscribe_waiting((struct subscription){.bus = bus, .service = service},
                             service->queue_max, subject, queue, reterr);
}

enum err bus_answer(struct bus *bus, const char *subject, struct bus_answer with,
                    struct diag *reterr)
{
    return subscribe(&(struct subscription){.bus = bus, .with = with}, subject, "", reterr);
}

enum err bus_collect(struct bus *bus, const char *subject, size_t max, struct bus_queue **ret_inbox,
                     struct diag *reterr)
{
    TRY(subscribe_waiting((struct subscription){.bus = bus}, max, subject, "", reterr));
    *ret_inbox = atomic_load(&bus->subscriptions)->waiting;
    return ERR_OK;
}

void bus_wake(struct bus *bus)
{
    bus_loop_wake(&bus->loop);
}

/* With the lock, so that the handles stay. */
static void drain_handles(struct bus *bus, int timeout_ms)
{
    int64_t end = clock_monotonic_ms() + timeout_ms;

    for (struct subscription *s = atomic_load(&bus->subscriptions); s; s = s->next)
        if (s->service && s->handle)
            natsSubscription_DrainTimeout(s->handle, timeout_ms);
    for (struct subscription *s = atomic_load(&bus->subscriptions); s; s = s->next) {
        int64_t left = end - clock_monotonic_ms();

        if (s->service && s->handle)
            natsSubscription_WaitForDrainCompletion(s->handle, left > 0 ? left : 1);
    }
}

void bus_drain(struct bus *bus, int timeout_ms)
{
    atomic_store(&bus->draining, true);
    pthread_rwlock_rdlock(&bus->renewing);
    drain_handles(bus, timeout_ms);
    pthread_rwlock_unlock(&bus->renewing);
    bus_loop_turn(&bus->loop, timeout_ms);
}
