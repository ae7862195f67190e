#include "serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "intake.h"

#include <stdlib.h>
#include <time.h>

/*
 * No timer makes batches: while one batch is being committed the next one gathers, read and
 * decoded, so throughput grows with load at the price of one commit's latency. Only where a commit
 * takes milliseconds is it worth to wait a little longer before the next: requests come in groups
 * there, which would take turns.
 */

enum {
    FLUSH_MS = 2000,
    DRAIN_MS = 5000,
    DRAIN_POLL_MS = 20,
    HASHES_MS = 10000,  /* for the passwords under way when we are asked to stop */
    TIDY_MS = 1000,     /* housekeeping at least this often, */
    PROVE_MS = 1000,    /* proofs at most so often */
    TRIM_EVENTS = 1000, /* or when this many published events can leave the outbox, */
    TIDY_SHARE = 20,    /* and never for more than one part in so many of the time */
    SLOW_US = 1000,     /* a commit that takes longer is worth waiting for company, */
    LINGER_SHARE = 10,  /* for one part in so many of it, */
    LINGER_LOOKS = 4,   /* and no longer than something comes in each such part of that */
};

struct server {
    struct server_options options;
    struct server_parts parts;
    struct bus_service service;
    struct intake intake;
    struct exchange **batch, **done;
    size_t n;
    size_t gathered;   /* requests and hashes in the last turn */
    int64_t commit_us; /* what the disk takes at least, of late */
    uint64_t trimmed;
    int64_t tidy_early_ms, tidy_ms;
    atomic_bool proof_wanted;
    int64_t prove_ms;
    _Atomic int64_t turned_ms; /* when the present turn began; 0: none has */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- Start and end --- */

DEFINE_CLEANUP(struct server, server_free);
#define auto_server CLEANUP(server_freep) struct server

enum err server_new(const struct server_options *o, struct server **ret_server)
{
    auto_server *s = calloc(1, sizeof *s);
    size_t batch = (size_t)o->batch_max + o->hash_max;
    struct intake *i = s ? &s->intake : NULL;

    if (!s)
        return ERR_UNAVAILABLE;
    s->options = *o;
    s->batch = calloc(batch, sizeof(struct exchange *));
    s->done = calloc(batch, sizeof(struct exchange *));
    /* One batch waits, one is decided, one is sent; and what is hashed. */
    pthread_mutex_init(&i->mutex, NULL);
    i->live_max = (size_t)o->batch_max * 3 + (size_t)o->hash_max * 2;
    i->in = exchange_ring_new(o->batch_max);
    i->done = exchange_ring_new(i->live_max);
    i->sent = calloc(INTAKE_SEND_MAX, sizeof(struct exchange *));
    if (!s->batch || !s->done || !i->in || !i->done || !i->sent)
        return ERR_UNAVAILABLE;
    *ret_server = STEAL(s);
    return ERR_OK;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    exchange_ring_free(s->intake.in);
    exchange_ring_free(s->intake.done);
    free(s->intake.sent);
    free(s->batch);
    free(s->done);
    free(s);
}

enum err server_open(struct server *s, const struct server_parts *parts, const char *subject,
                     const char *queue, const struct bus_shed *shed, struct diag *reterr)
{
    s->parts = *parts;
    s->intake.bus = parts->bus;
    s->intake.dispatcher = parts->dispatcher;
    s->service = (struct bus_service){.admits = intake_admits,
                                      .request = intake_request,
                                      .turn = intake_turn,
                                      .ctx = &s->intake,
                                      .queue_max = s->options.queue_max,
                                      .shed = *shed};
    return bus_serve(parts->bus, subject, queue, &s->service, reterr);
}

void server_wake(struct server *s)
{
    exchange_ring_wake(s->intake.in);
}

void server_prove(struct server *s)
{
    atomic_store(&s->proof_wanted, true);
    server_wake(s);
}

int64_t server_turn_ms(const struct server *s)
{
    int64_t began = atomic_load(&s->turned_ms);

    return began ? clock_monotonic_ms() - began : -1;
}

/* --- A turn --- */

/* While they keep coming, but not for long. */
static void linger(struct server *s)
{
    int64_t look_us = s->commit_us / LINGER_SHARE / LINGER_LOOKS;
    size_t more = 1;

    for (int i = 0; i < LINGER_LOOKS && more > 0 && s->n < s->options.batch_max; i++) {
        more =
            exchange_ring_take(s->intake.in, look_us, s->batch + s->n, s->options.batch_max - s->n);
        s->n += more;
    }
}

static void gather(struct server *s, int timeout_ms)
{
    struct exchange *x;

    s->n = exchange_ring_take(s->intake.in, timeout_ms * INT64_C(1000), s->batch,
                              s->options.batch_max);
    if (s->n > 0 && s->commit_us > SLOW_US)
        linger(s);
    for (unsigned i = 0; i < s->options.hash_max && (x = dispatcher_collect(s->parts.dispatcher));
         i++)
        s->batch[s->n++] = x;
    s->gathered = s->n;
}

/* The time in which nothing was computed: the least of late, for a busy machine adds to it. */
static void learn_commit(struct server *s, int64_t waited_us)
{
    if (waited_us < s->commit_us)
        s->commit_us = waited_us;
    else
        s->commit_us += (waited_us - s->commit_us) / 8;
}

static enum err decide(struct server *s)
{
    int64_t began = clock_us(CLOCK_MONOTONIC) - clock_us(CLOCK_THREAD_CPUTIME_ID);
    enum err err = dispatcher_run(s->parts.dispatcher, s->batch, s->n);

    learn_commit(s, clock_us(CLOCK_MONOTONIC) - clock_us(CLOCK_THREAD_CPUTIME_ID) - began);
    return err;
}

static void hand_back(struct server *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (exchange_answer(s->batch[i]).done)
            s->done[n++] = s->batch[i];
    s->n = 0;
    exchange_ring_put(s->intake.done, s->done, n);
    if (n > 0)
        bus_wake(s->parts.bus);
}

/* By a clock that nobody sets: that of the service may jump back, and housekeeping would wait for
 * it. Is it time, or are there many published events to remove? Housekeeping that takes long comes
 * seldom, whatever there is: it holds up the requests. */
static bool tidy_due(const struct server *s)
{
    uint64_t sent = publisher_progress(s->parts.publisher).position;
    bool many = sent > s->trimmed && sent - s->trimmed >= TRIM_EVENTS;

    return clock_monotonic_ms() >= (many ? s->tidy_early_ms : s->tidy_ms);
}

static enum err tidy(struct server *s)
{
    struct outbox_taken taken = publisher_progress(s->parts.publisher);
    int64_t began = clock_monotonic_ms(), took;
    enum err err = dispatcher_tidy(s->parts.dispatcher, &taken);

    s->options.tidied(s->options.ctx);
    took = clock_monotonic_ms() - began;
    s->trimmed = taken.position;
    s->tidy_early_ms = began + took * TIDY_SHARE;
    s->tidy_ms = began + TIDY_MS;
    if (s->tidy_ms < s->tidy_early_ms || dispatcher_untidy(s->parts.dispatcher))
        s->tidy_ms = s->tidy_early_ms;
    return err;
}

/* A wish that comes too soon is kept for the next turn. */
static enum err prove_if_asked(struct server *s)
{
    if (clock_monotonic_ms() < s->prove_ms || !atomic_exchange(&s->proof_wanted, false))
        return ERR_OK;
    s->prove_ms = clock_monotonic_ms() + PROVE_MS;
    return dispatcher_prove(s->parts.dispatcher);
}

static enum err turn(struct server *s, int timeout_ms)
{
    enum err err = ERR_OK;

    atomic_store(&s->turned_ms, clock_monotonic_ms());
    gather(s, timeout_ms);
    if (s->n > 0) {
        err = decide(s);
        hand_back(s);
        publisher_nudge(s->parts.publisher);
    }
    if (err == ERR_OK && tidy_due(s))
        err = tidy(s);
    if (err == ERR_OK)
        err = prove_if_asked(s);
    if (err != ERR_OK)
        log_at(LOG_ERROR, "the database failed while committing; ending, so that the next start "
                          "reads what is really on the disk");
    return err;
}

/* --- Until the end --- */

/* Nothing new comes in; what did is answered, and passwords under way are waited for. */
static enum err drain(struct server *s)
{
    int64_t until = clock_monotonic_ms() + HASHES_MS;

    bus_drain(s->parts.bus, DRAIN_MS);
    do
        TRY(turn(s, DRAIN_POLL_MS));
    while (clock_monotonic_ms() < until &&
           (s->gathered > 0 || dispatcher_waiting(s->parts.dispatcher) > 0));
    TRY(dispatcher_end(s->parts.dispatcher));
    publisher_nudge(s->parts.publisher);
    return ERR_OK;
}

static enum err run(struct server *s)
{
    while (!atomic_load(s->options.stop)) {
        TRY(turn(s, TIDY_MS));
        if (bus_is_closed(s->parts.bus)) {
            log_at(LOG_ERROR, "the bus closed the connection for good");
            return ERR_UNAVAILABLE;
        }
    }
    log_at(LOG_INFO, "stopping: answering what is in flight");
    return drain(s);
}

enum err server_run(struct server *s)
{
    enum err err = run(s);

    /* What could not be sent, the bus being away, is told by nobody. */
    err_drop(bus_flush(s->parts.bus, FLUSH_MS));
    return err;
}
