/*
 * A loop of steps: hold the lock, have a connection, know the way, send. A step that fails has
 * changed nothing, so the next one simply tries again, after a rest that depends on what was wrong.
 *
 * What the bus has taken only ever grows from outside: when the stream has lost events and they are
 * sent again, nothing is reported until the old mark is passed.
 */
#include "audit/publisher_parts.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_AGAIN_MS = 30 * 1000,
    STOPPING_REST_MS = 50,
    GATHER_MS = 5,      /* for more events, after the first */
    TELL_EVENTS = 4096, /* progress is told when so many more were taken, or */
    TELL_MS = 100,      /* when all were, and so much time has passed */
};

static const int rest_ms[] = {
    [STEP_SENT] = 0,     [STEP_EMPTY] = 100, /* other processes append as well, without a nudge */
    [STEP_PACED] = 5,    [STEP_NOT_OURS] = 500,
    [STEP_FAILED] = 100, [STEP_REFUSED] = 5000, /* until an operator has done something */
};

int64_t publisher_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct timespec timespec_of(int64_t ms)
{
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
}

int publisher_time_left(struct publisher *p, int most_ms)
{
    int64_t left;

    pthread_mutex_lock(&p->mutex);
    left = p->stopping ? p->stop_by_ms - publisher_now_ms() : most_ms;
    pthread_mutex_unlock(&p->mutex);
    if (left < 0)
        return 0;
    return left < most_ms ? (int)left : most_ms;
}

bool publisher_is_stopping(struct publisher *p)
{
    bool stopping;

    pthread_mutex_lock(&p->mutex);
    stopping = p->stopping;
    pthread_mutex_unlock(&p->mutex);
    return stopping;
}

static bool has_time_left(void *ctx)
{
    return publisher_time_left(ctx, 1) > 0;
}

/* ---- the lock ---- */

/* Whoever gets it goes on where the store says that the last one stood. */
static enum step hold_lock(struct publisher *p)
{
    struct outbox_state state;

    if (p->holds_lock)
        return STEP_SENT;
    if (flock(p->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        p->way = WAY_OTHER;
        return errno == EWOULDBLOCK ? STEP_NOT_OURS : STEP_FAILED;
    }
    if (p->options.store->ops->look_outbox(p->options.store, NULL, &state) != ERR_OK)
        return STEP_FAILED;
    p->holds_lock = true;
    p->taken = p->peak = state.marks.taken;
    p->ever_in_stream = state.marks.taken.in_stream;
    p->told_position = p->highest_sent = p->taken.position;
    way_open(p);
    return STEP_SENT;
}

/* ---- the bus ---- */

void publisher_drop_bus(struct publisher *p)
{
    stream_close(STEAL(p->stream));
    bus_close(STEAL(p->bus));
    way_open(p);
}

static enum step open_bus(struct publisher *p)
{
    struct diag diag = {0};
    enum err err = bus_open(p->options.bus, has_time_left, p, &p->bus, &diag);

    if (err == ERR_VALIDATION)
        log_at(LOG_ERROR, "audit events are kept back", FIELD("detail", (const char *)diag.text));
    if (err != ERR_OK)
        return err == ERR_VALIDATION ? STEP_REFUSED : STEP_FAILED;
    p->renewals = bus_renewals(p->bus);
    return STEP_SENT;
}

static enum step have_bus(struct publisher *p)
{
    uint64_t renewals;

    if (p->bus && bus_is_closed(p->bus))
        publisher_drop_bus(p);
    if (!p->bus)
        return open_bus(p);
    if (!bus_connected(p->bus)) {
        way_open(p);
        return STEP_FAILED;
    }
    renewals = bus_renewals(p->bus);
    if (renewals == p->renewals)
        return STEP_SENT;
    /* This flush reports the loss. What it took was not counted, so it needs no second report. */
    err_drop(bus_flush(p->bus, publisher_time_left(p, FLUSH_MS)));
    p->renewals = renewals;
    way_open(p);
    return STEP_SENT;
}

bool publisher_was_refused(struct publisher *p)
{
    char violation[256];

    bus_take_violation(p->bus, violation);
    /* Questions about the stream may be refused as well: that is no trouble. */
    if (!strstr(violation, "\"twofold.audit."))
        return false;
    log_at(LOG_ERROR,
           "audit events are kept back: allow the login of the audit trail to publish "
           "\"" AUDIT_SUBJECT_PREFIX ">\", or name the right one in TWOFOLD_AUDIT_NATS_NKEY_FILE",
           FIELD("detail", (const char *)violation));
    publisher_drop_bus(p);
    return true;
}

/* ---- events ---- */

enum step publisher_read(struct publisher *p, uint64_t after, struct outbox_entry *entries,
                         size_t max, size_t *ret_n)
{
    struct store *store = p->options.store;

    *ret_n = 0;
    arena_reset(p->batch);
    if (store->ops->read_events(store, after, p->batch, entries, max, ret_n) != ERR_OK) {
        log_at(LOG_ERROR, "the outbox cannot be read");
        return STEP_REFUSED;
    }
    return *ret_n ? STEP_SENT : STEP_EMPTY;
}

void publisher_give_up(uint64_t position, const char *why)
{
    log_at(LOG_ERROR, "an audit event can never be published: it is left out",
           FIELD("position", (unsigned long long)position), FIELD("why", why));
}

bool publisher_message(const struct outbox_entry *entry, struct cloudevent *ret)
{
    if (cloudevent_make(entry->event, ret) == ERR_OK)
        return true;
    publisher_give_up(entry->position, "it is unreadable");
    return false;
}

void publisher_count(struct publisher *p, uint64_t position)
{
    if (position <= p->highest_sent)
        p->resent++;
    else
        p->highest_sent = position;
}

void publisher_advance(struct publisher *p, const struct outbox_taken *taken)
{
    int64_t now = publisher_now_ms();

    p->taken = *taken;
    if (taken->position < p->peak.position)
        return;
    p->peak = *taken;
    pthread_mutex_lock(&p->mutex);
    p->reported = *taken;
    pthread_mutex_unlock(&p->mutex);
    if (!p->options.progress || (taken->position - p->told_position < TELL_EVENTS &&
                                 (p->run.n > 0 || now - p->told_ms < TELL_MS)))
        return;
    p->told_position = taken->position;
    p->told_ms = now;
    p->options.progress(p->options.ctx);
}

/* ---- the thread ---- */

static enum step step(struct publisher *p)
{
    const struct clock clock = clock_system();
    enum step step = hold_lock(p);

    if (step == STEP_SENT)
        step = have_bus(p);
    if (step == STEP_SENT)
        step = way_decide(p);
    if (step == STEP_SENT)
        step = p->way == WAY_STREAM ? run_step(p) : plain_step(p);
    if (p->holds_lock)
        backlog_watch_look(&p->watch, p->options.store, clock_unix_ms(&clock), p->resent);
    return step;
}

static int rest_of(const struct publisher *p, enum step step)
{
    return rest_ms[step] < p->options.look_again_ms ? rest_ms[step] : (int)p->options.look_again_ms;
}

/* Waits; the mutex is held. A stop ends it, and a nudge if NUDGES. */
static void wait_ms(struct publisher *p, int ms, bool nudges)
{
    struct timespec until = timespec_of(publisher_now_ms() + ms);
    bool was_stopping = p->stopping;
    int timed_out = 0;

    p->waits = nudges;
    while (p->stopping == was_stopping && !(nudges && p->nudged) && !timed_out)
        timed_out = pthread_cond_timedwait(&p->changed, &p->mutex, &until);
    p->waits = false;
}

/* Rests as STEP demands; a stop ends the rest, a nudge only that after EMPTY, and not at once: one
 * event seldom comes alone. False when the thread shall end: it was stopped and another step would
 * send nothing, or there is no time. */
static bool rest(struct publisher *p, enum step step)
{
    bool was_stopping, go_on;

    pthread_mutex_lock(&p->mutex);
    was_stopping = p->stopping;
    if (step != STEP_SENT)
        wait_ms(p, was_stopping ? STOPPING_REST_MS : rest_of(p, step), step == STEP_EMPTY);
    if (step == STEP_EMPTY && p->nudged && !p->stopping)
        wait_ms(p, GATHER_MS, false);
    p->nudged = false;
    go_on = !was_stopping ||
            ((step == STEP_SENT || step == STEP_FAILED) && publisher_now_ms() < p->stop_by_ms);
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
    publisher_drop_bus(p);
    if (p->lock_fd >= 0)
        close(p->lock_fd);
    arena_free(p->batch);
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
    if (p->options.look_again_ms == 0)
        p->options.look_again_ms = LOOK_AGAIN_MS;
    if (p->options.remembers_ms == 0)
        p->options.remembers_ms = publisher_wish(options->stream).duplicate_window_ms;
    init_waiting(p);
    p->lock_fd = open(options->lock_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (p->lock_fd < 0) {
        diag_set(reterr, "cannot open \"%s\", the lock of the audit trail: %s", options->lock_file,
                 strerror(errno));
        return ERR_VALIDATION;
    }
    p->batch = arena_new(BATCH_BYTES);
    if (!p->batch)
        return ERR_UNAVAILABLE;
    err = bus_open(options->bus, do_not_wait, NULL, &p->bus, reterr);
    if (err != ERR_OK && err != ERR_UNAVAILABLE)
        return err;
    if (start_thread(p) != 0)
        return ERR_UNAVAILABLE;
    *ret_publisher = STEAL(p);
    return ERR_OK;
}

/* Who waits says so before it looks whether it was nudged: one of the two sees the other. */
void publisher_nudge(struct publisher *p)
{
    p->nudged = true;
    if (!p->waits)
        return;
    pthread_mutex_lock(&p->mutex);
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

struct outbox_taken publisher_progress(struct publisher *p)
{
    struct outbox_taken taken;

    pthread_mutex_lock(&p->mutex);
    taken = p->reported;
    pthread_mutex_unlock(&p->mutex);
    return taken;
}

struct publisher_stats publisher_stats(struct publisher *p)
{
    return (struct publisher_stats){.way = (enum publisher_way)p->way, .resent = p->resent};
}

struct outbox_taken publisher_stop(struct publisher *p, int timeout_ms)
{
    struct outbox_taken taken;

    if (!p)
        return (struct outbox_taken){0};
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    p->stop_by_ms = publisher_now_ms() + timeout_ms;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    taken = p->reported;
    publisher_free(p);
    return taken;
}
