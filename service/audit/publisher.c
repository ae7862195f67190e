/*
 * A loop of steps: hold the lock, have a connection, send the next batch. A step that fails has
 * changed nothing, so the next one simply tries again, after a rest that depends on what was wrong.
 *
 * A batch counts as sent when the server has answered a flush on the same connection and has
 * refused nothing. One event that was refused holds back its whole batch: the trail has no gaps.
 */
#include "audit/publisher.h"

#include "audit/cloudevent.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH_MAX = 256,
    BATCH_BYTES = 1024 * 1024,
    EVENT_BYTES = 16 * 1024,
    FLUSH_MS = 2000,
    STOPPING_REST_MS = 50,
};

enum outcome { SENT, EMPTY, NOT_OURS, FAILED, REFUSED };

static const int rest_ms[] = {
    [SENT] = 0,       [EMPTY] = 100, /* other processes append as well, and do not nudge us */
    [NOT_OURS] = 500, [FAILED] = 100, [REFUSED] = 5000, /* until an operator has done something */
};

struct publisher {
    struct publisher_options options;
    _Atomic uint64_t sent;
    pthread_t thread;

    /* of the thread alone */
    struct bus *bus;
    bool bus_was_lost;
    int lock_fd;
    struct arena *batch, *event;

    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t changed;
    bool nudged, stopping;
    int64_t stop_by_ms;
};

static int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct timespec timespec_of(int64_t ms)
{
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
}

/* Milliseconds that a step may still take. */
static int time_left(struct publisher *p, int most_ms)
{
    int64_t left;

    pthread_mutex_lock(&p->mutex);
    left = p->stopping ? p->stop_by_ms - monotonic_ms() : most_ms;
    pthread_mutex_unlock(&p->mutex);
    if (left < 0)
        return 0;
    return left < most_ms ? (int)left : most_ms;
}

static bool has_time_left(void *ctx)
{
    return time_left(ctx, 1) > 0;
}

static enum outcome hold_lock(struct publisher *p)
{
    /* Taking again what one holds is free. */
    if (flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return SENT;
    return errno == EWOULDBLOCK ? NOT_OURS : FAILED;
}

static void drop_bus(struct publisher *p)
{
    bus_close(STEAL(p->bus));
}

static enum outcome open_bus(struct publisher *p)
{
    struct diag diag = {0};
    enum err err = bus_open(p->options.bus, has_time_left, p, &p->bus, &diag);

    if (err == ERR_VALIDATION)
        log_at(LOG_ERROR, "audit events are kept back", FIELD("detail", (const char *)diag.text));
    if (err != ERR_OK)
        return err == ERR_VALIDATION ? REFUSED : FAILED;
    return SENT;
}

static enum outcome have_bus(struct publisher *p)
{
    if (p->bus && bus_is_closed(p->bus))
        drop_bus(p);
    if (!p->bus)
        return open_bus(p);
    if (!bus_connected(p->bus)) {
        p->bus_was_lost = true;
        return FAILED;
    }
    /* This flush reports the loss. What it took was not counted, so it needs no second report. */
    if (p->bus_was_lost)
        err_drop(bus_flush(p->bus, time_left(p, FLUSH_MS)));
    p->bus_was_lost = false;
    return SENT;
}

static enum outcome publish(struct publisher *p, const struct outbox_entry *entry)
{
    struct cloudevent c;
    enum err err;

    arena_reset(p->event);
    err = cloudevent_make(entry->event, p->event, &c);
    if (err == ERR_VALIDATION) {
        /* It will never be readable, and all that follow would wait for it. */
        log_at(LOG_ERROR, "an audit event is unreadable and cannot be published",
               FIELD("position", (unsigned long long)entry->position));
        return SENT;
    }
    if (err == ERR_OK)
        err = bus_publish(p->bus, c.subject, c.headers, c.n_headers, c.body);
    if (err == ERR_OK)
        return SENT;
    if (err == ERR_UNAVAILABLE)
        return FAILED;
    log_at(LOG_ERROR, "audit events are kept back: the bus does not take one",
           FIELD("position", (unsigned long long)entry->position), FIELD("error", err_name(err)));
    return REFUSED;
}

/* Did the server refuse any of what was flushed? Then the connection goes too: on a new one, the
 * next refusal is told from this one. */
static enum outcome check_permission(struct publisher *p)
{
    char violation[256];

    bus_take_violation(p->bus, violation);
    if (!*violation)
        return SENT;
    log_at(LOG_ERROR,
           "audit events are kept back: allow the login of the audit trail to publish "
           "\"twofold.audit.v1.>\", or name the right one in TWOFOLD_AUDIT_NATS_NKEY_FILE",
           FIELD("detail", (const char *)violation));
    drop_bus(p);
    return REFUSED;
}

static enum outcome confirm(struct publisher *p)
{
    if (bus_flush(p->bus, time_left(p, FLUSH_MS)) != ERR_OK)
        return FAILED;
    return check_permission(p);
}

static enum outcome send_batch(struct publisher *p)
{
    struct store *store = p->options.store;
    struct outbox_entry entries[BATCH_MAX];
    enum outcome outcome = SENT;
    size_t n = 0;

    arena_reset(p->batch);
    if (store->ops->read_events(store, p->sent, p->batch, entries, BATCH_MAX, &n) != ERR_OK) {
        log_at(LOG_ERROR, "the outbox cannot be read");
        return REFUSED;
    }
    if (n == 0)
        return EMPTY;
    for (size_t i = 0; i < n && outcome == SENT; i++)
        outcome = publish(p, &entries[i]);
    if (outcome == SENT)
        outcome = confirm(p);
    if (outcome != SENT)
        return outcome;
    p->sent = entries[n - 1].position;
    if (p->options.progress)
        p->options.progress(p->options.ctx);
    return SENT;
}

static enum outcome step(struct publisher *p)
{
    enum outcome outcome = hold_lock(p);

    if (outcome == SENT)
        outcome = have_bus(p);
    if (outcome == SENT)
        outcome = send_batch(p);
    return outcome;
}

/* Rests as OUTCOME demands; a stop ends the rest, a nudge only that after EMPTY. False when the
 * thread shall end: it was stopped and another step would send nothing, or there is no time. */
static bool rest(struct publisher *p, enum outcome outcome)
{
    struct timespec until;
    bool was_stopping, go_on;
    int timed_out = 0;

    pthread_mutex_lock(&p->mutex);
    was_stopping = p->stopping;
    until = timespec_of(monotonic_ms() + (was_stopping ? STOPPING_REST_MS : rest_ms[outcome]));
    while (outcome != SENT && p->stopping == was_stopping && !(p->nudged && outcome == EMPTY) &&
           !timed_out)
        timed_out = pthread_cond_timedwait(&p->changed, &p->mutex, &until);
    p->nudged = false;
    go_on =
        !was_stopping || ((outcome == SENT || outcome == FAILED) && monotonic_ms() < p->stop_by_ms);
    pthread_mutex_unlock(&p->mutex);
    return go_on;
}

static void *run(void *ctx)
{
    struct publisher *p = ctx;

    while (rest(p, step(p)))
        continue;
    return NULL;
}

static void publisher_free(struct publisher *p)
{
    if (!p)
        return;
    drop_bus(p);
    if (p->lock_fd >= 0)
        close(p->lock_fd);
    arena_free(p->batch);
    arena_free(p->event);
    free(p);
}
DEFINE_CLEANUP(struct publisher, publisher_free);
#define auto_publisher CLEANUP(publisher_freep) struct publisher

static bool do_not_wait(void *ctx)
{
    (void)ctx;
    return false;
}

static void init_waiting(struct publisher *p)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* Signals are for the threads that serve and wait. */
static int start_thread(struct publisher *p)
{
    sigset_t all, before;
    int failure;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

enum err publisher_start(const struct publisher_options *options, struct publisher **ret_publisher,
                         struct diag *reterr)
{
    auto_publisher *p = calloc(1, sizeof *p);
    enum err err;

    if (!p)
        return ERR_UNAVAILABLE;
    p->options = *options;
    init_waiting(p);
    p->lock_fd = open(options->lock_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (p->lock_fd < 0) {
        diag_set(reterr, "cannot open \"%s\", the lock of the audit trail: %s", options->lock_file,
                 strerror(errno));
        return ERR_VALIDATION;
    }
    p->batch = arena_new(BATCH_BYTES);
    p->event = arena_new(EVENT_BYTES);
    if (!p->batch || !p->event)
        return ERR_UNAVAILABLE;
    err = bus_open(options->bus, do_not_wait, NULL, &p->bus, reterr);
    if (err != ERR_OK && err != ERR_UNAVAILABLE)
        return err;
    if (start_thread(p) != 0)
        return ERR_UNAVAILABLE;
    *ret_publisher = STEAL(p);
    return ERR_OK;
}

void publisher_nudge(struct publisher *p)
{
    pthread_mutex_lock(&p->mutex);
    p->nudged = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

uint64_t publisher_sent(const struct publisher *p)
{
    return p->sent;
}

void publisher_stop(struct publisher *p, int timeout_ms)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    p->stop_by_ms = monotonic_ms() + timeout_ms;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    publisher_free(p);
}
