#include "serve.h"

#include "base/log.h"
#include "rpc/error_wire.h"
#include "transport/actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * No timer makes batches: while one batch is being committed the next one gathers in the bus's
 * queue, so throughput grows with load at the price of one commit's latency.
 */

enum {
    FLUSH_MS = 2000,
    DRAIN_MS = 5000,
    DRAIN_POLL_MS = 20,
    HASHES_MS = 10000,  /* for the passwords under way when we are asked to stop */
    TIDY_MS = 1000,     /* housekeeping at least this often, */
    TRIM_EVENTS = 1000, /* or when this many published events can leave the outbox, */
    TIDY_SHARE = 20,    /* and never for more than one part in so many of the time */
};

struct loop {
    const struct server *server;
    struct bus_request *requests;
    struct exchange **batch;
    size_t n;
    size_t gathered; /* requests and hashes in the last turn */
    uint64_t trimmed;
    int64_t tidy_early_ms, tidy_ms, complained_ms;
};

/* Not the clock of the service: that may jump back, and housekeeping would wait for it. */
static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Refused without an answer: there is nowhere to send one (DESIGN rule 14). */
static void complain(struct loop *l, const struct bus_request *r)
{
    if (now_ms() - l->complained_ms < 1000)
        return;
    l->complained_ms = now_ms();
    log_at(LOG_WARN, "refused a request whose reply subject is not an inbox",
           FIELD("subject", r->subject), FIELD("reply", r->reply));
}

static void take(struct loop *l, const struct bus_request *r)
{
    char actor[ACTOR_MAX + 1];
    bool doubtful = bus_actor(r, actor) != ERR_OK;
    struct incoming in = {.subject = r->subject,
                          .reply_to = r->reply,
                          .payload = r->payload,
                          .request_id = r->request_id,
                          .traceparent = r->traceparent,
                          .actor = actor,
                          .actor_doubtful = doubtful};
    struct exchange *x;

    if (!bus_reply_allowed(r->reply)) {
        complain(l, r);
        return;
    }
    x = exchange_new(l->server->dispatcher, &in);
    if (x)
        l->batch[l->n++] = x;
    else
        log_at(LOG_ERROR, "out of memory: a request was dropped");
}

static void gather(struct loop *l, int timeout_ms)
{
    const struct server *s = l->server;
    size_t n = bus_wait(s->bus, timeout_ms, l->requests, s->batch_max);
    struct exchange *x;

    for (size_t i = 0; i < n; i++) {
        take(l, &l->requests[i]);
        bus_release(l->requests[i].message);
    }
    for (unsigned i = 0; i < s->hash_max && (x = dispatcher_collect(s->dispatcher)); i++)
        l->batch[l->n++] = x;
    l->gathered = l->n;
}

static void send_reply(struct loop *l, const struct outgoing *o)
{
    struct bus_header headers[3];
    size_t n = 0;

    if (o->err != ERR_OK) {
        headers[n++] = (struct bus_header){"Nats-Service-Error-Code", error_code_text(o->err)};
        headers[n++] = (struct bus_header){"Nats-Service-Error", err_text(o->err)};
    }
    if (*o->request_id)
        headers[n++] = (struct bus_header){"Twofold-Request-Id", o->request_id};
    if (bus_publish(l->server->bus, o->reply_to, headers, n, o->body) != ERR_OK)
        log_at(LOG_WARN, "a reply could not be sent");
}

static void reply_all(struct loop *l)
{
    size_t sent = 0;

    for (size_t i = 0; i < l->n; i++) {
        struct outgoing o = exchange_answer(l->batch[i]);

        if (!o.done)
            continue;
        send_reply(l, &o);
        exchange_free(l->batch[i]);
        sent++;
    }
    l->n = 0;
    if (sent > 0)
        /* A bus that is away keeps the replies in its buffer and sends them when it is back. */
        err_drop(bus_flush(l->server->bus, FLUSH_MS));
}

/* Is it time, or are there many published events to remove? Housekeeping that takes long comes
 * seldom, whatever there is: it holds up the requests. */
static bool tidy_due(const struct loop *l)
{
    uint64_t sent = publisher_progress(l->server->publisher).position;
    bool many = sent > l->trimmed && sent - l->trimmed >= TRIM_EVENTS;

    return now_ms() >= (many ? l->tidy_early_ms : l->tidy_ms);
}

static enum err tidy(struct loop *l)
{
    struct outbox_taken taken = publisher_progress(l->server->publisher);
    int64_t began = now_ms(), took;
    enum err err = dispatcher_tidy(l->server->dispatcher, &taken);

    l->server->tidied(l->server->ctx);
    took = now_ms() - began;
    l->trimmed = taken.position;
    l->tidy_early_ms = began + took * TIDY_SHARE;
    l->tidy_ms = l->tidy_early_ms > began + TIDY_MS ? l->tidy_early_ms : began + TIDY_MS;
    return err;
}

static enum err turn(struct loop *l, int timeout_ms)
{
    const struct server *s = l->server;
    enum err err = ERR_OK;

    gather(l, timeout_ms);
    if (l->n > 0) {
        err = dispatcher_run(s->dispatcher, l->batch, l->n);
        reply_all(l);
        publisher_nudge(s->publisher);
    }
    if (err == ERR_OK && tidy_due(l))
        err = tidy(l);
    if (err != ERR_OK)
        log_at(LOG_ERROR, "the database failed while committing; ending, so that the next start "
                          "reads what is really on the disk");
    return err;
}

/* Nothing new comes in; what did is answered, and passwords under way are waited for. */
static enum err drain(struct loop *l)
{
    int64_t until = now_ms() + HASHES_MS;

    bus_drain(l->server->bus, DRAIN_MS);
    do
        TRY(turn(l, DRAIN_POLL_MS));
    while (now_ms() < until && (l->gathered > 0 || dispatcher_hashing(l->server->dispatcher) > 0));
    TRY(dispatcher_end(l->server->dispatcher));
    publisher_nudge(l->server->publisher);
    return ERR_OK;
}

static enum err run(struct loop *l)
{
    while (!atomic_load(l->server->stop)) {
        TRY(turn(l, TIDY_MS));
        if (bus_is_closed(l->server->bus)) {
            log_at(LOG_ERROR, "the bus closed the connection for good");
            return ERR_UNAVAILABLE;
        }
    }
    log_at(LOG_INFO, "stopping: answering what is in flight");
    return drain(l);
}

enum err serve(const struct server *s)
{
    size_t most = (size_t)s->batch_max + s->hash_max;
    struct loop l = {.server = s,
                     .requests = calloc(s->batch_max, sizeof *l.requests),
                     .batch = calloc(most, sizeof(struct exchange *))};
    enum err err = l.requests && l.batch ? run(&l) : ERR_UNAVAILABLE;

    free(l.requests);
    free(l.batch);
    return err;
}
