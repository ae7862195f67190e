/*
 * The thread of a bus that serves. The library reads and writes when it is told that the socket is
 * ready, so one thread does both: a read brings many requests, everything that is published in a
 * turn is one write, and there is no PING to wait for. Traps of the library, each found by
 * measuring or by reading it:
 *
 * - By default it waits a millisecond before it writes, on purpose; with SendAsap and a loop it
 *   asks for a write event at once and gathers until that comes.
 * - A write event that it has not asked for finds nothing to write, which it takes for the end of
 *   the connection.
 * - When it makes a connection anew it goes on parsing where the old one ended: in the middle of a
 *   message, so that the beginning of the new connection would become the rest of that message, and
 *   then nothing is understood any more. So this thread makes a new connection of a new object.
 * - Its deadline for writes does not hold here, nor any bound of what it buffers: both are ours.
 *
 * Who publishes from another thread finds this one in poll() at times, and wakes it; while it
 * works, or is woken already, that costs no call of the kernel.
 */
#include "transport/bus_nats.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    WRITE_MS = 5000, /* in which the server must take something */
    WRITE_LOOK_MS = 500,
    RENEW_PAUSE_MS = 400,
};

/* --- What the library asks for, on any thread, with its lock on the connection --- */

static natsStatus on_attach(void **user_data, void *loop, natsConnection *nc, natsSock socket)
{
    struct bus_loop *l = loop;

    (void)nc;
    *user_data = l;
    atomic_store(&l->wants_write, false);
    atomic_store(&l->lost, false);
    atomic_store(&l->fd, (int)socket);
    bus_loop_wake(l);
    return NATS_OK;
}

static natsStatus on_read(void *user_data, bool add)
{
    struct bus_loop *l = user_data;

    if (!add)
        atomic_store(&l->fd, -1);
    return NATS_OK;
}

static natsStatus on_write(void *user_data, bool add)
{
    struct bus_loop *l = user_data;

    atomic_store(&l->wants_write, add);
    if (add && !pthread_equal(pthread_self(), l->thread))
        bus_loop_wake(l);
    return NATS_OK;
}

static natsStatus on_detach(void *user_data)
{
    struct bus_loop *l = user_data;

    atomic_store(&l->fd, -1);
    atomic_store(&l->lost, true);
    bus_loop_wake(l);
    return NATS_OK;
}

natsStatus bus_loop_attach(struct bus *b, natsOptions *o)
{
    natsStatus s = natsOptions_SetEventLoop(o, &b->loop, on_attach, on_read, on_write, on_detach);

    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(o, true);
    return s == NATS_OK ? natsOptions_SetAllowReconnect(o, false) : s;
}

/* --- Waking --- */

enum err bus_loop_init(struct bus_loop *l)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->turned, &monotonic);
    pthread_condattr_destroy(&monotonic);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return l->wake_fd >= 0 ? ERR_OK : ERR_UNAVAILABLE;
}

/* Either it sees "woken" before it sleeps, or we see that it sleeps. */
void bus_loop_wake(struct bus_loop *l)
{
    const uint64_t one = 1;

    if (!atomic_exchange(&l->woken, true) && atomic_load(&l->sleeps))
        while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
            continue;
}

/* What poll says of the socket. */
static short wait_for_work(struct bus_loop *l, int fd)
{
    struct pollfd at[] = {{.fd = l->wake_fd, .events = POLLIN},
                          {.fd = fd, .events = (short)(l->stuck_ms ? POLLIN | POLLOUT : POLLIN)}};
    int timeout_ms = l->stuck_ms ? WRITE_LOOK_MS : -1;
    uint64_t wakes;

    atomic_store(&l->sleeps, true);
    if (atomic_load(&l->woken))
        timeout_ms = 0;
    if (poll(at, ARRAY_LEN(at), timeout_ms) <= 0)
        at[0].revents = at[1].revents = 0;
    atomic_store(&l->sleeps, false);
    if (at[0].revents)
        while (read(l->wake_fd, &wakes, sizeof wakes) < 0 && errno == EINTR)
            continue;
    atomic_store(&l->woken, false);
    return at[1].revents;
}

static void tell_turned(struct bus_loop *l)
{
    if (!atomic_load(&l->watched))
        return;
    pthread_mutex_lock(&l->mutex);
    l->turns++;
    pthread_cond_broadcast(&l->turned);
    pthread_mutex_unlock(&l->mutex);
}

/* The turn that is under way may have begun before. */
void bus_loop_turn(struct bus_loop *l, int timeout_ms)
{
    struct timespec until;
    uint64_t enough;
    int timed_out = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    atomic_fetch_add(&l->watched, 1);
    pthread_mutex_lock(&l->mutex);
    for (enough = l->turns + 2; l->turns < enough && !timed_out;) {
        bus_loop_wake(l);
        timed_out = pthread_cond_timedwait(&l->turned, &l->mutex, &until);
    }
    pthread_mutex_unlock(&l->mutex);
    atomic_fetch_sub(&l->watched, 1);
}

/* --- A turn --- */

/* The server reads no more: the connection is made anew. */
static void give_up_if_stuck(struct bus_loop *l, int fd)
{
    if (clock_monotonic_ms() - l->stuck_ms < WRITE_MS)
        return;
    l->stuck_ms = clock_monotonic_ms();
    shutdown(fd, SHUT_RDWR);
}

static void write_out(struct bus *b, short ready)
{
    struct bus_loop *l = &b->loop;
    int fd = atomic_load(&l->fd);

    if (fd < 0 || !atomic_load(&l->wants_write)) {
        l->stuck_ms = 0;
        return;
    }
    if (l->stuck_ms && !(ready & POLLOUT)) {
        give_up_if_stuck(l, fd);
        return;
    }
    natsConnection_ProcessWriteEvent(b->nc);
    l->stuck_ms = atomic_load(&l->wants_write) ? clock_monotonic_ms() : 0;
}

static bool keep_trying(void *ctx)
{
    struct bus *b = ctx;

    return !atomic_load(&b->closing);
}

/* False when there is no hope, or no wish any more. */
static bool connect_again(struct bus *b, natsConnection **ret_nc)
{
    struct bus_retry retry = {
        .login = &b->login, .keep_trying = keep_trying, .ctx = b, .pause_most_ms = RENEW_PAUSE_MS};
    struct diag diag = {0};
    natsStatus s;

    while ((s = bus_connect(b, GUARD_LOOP, ret_nc)) != NATS_OK)
        if (bus_retry_after(&retry, bus_failure_of(s), bus_failure_detail(s), &diag) != ERR_OK) {
            if (!atomic_load(&b->closing))
                log_at(LOG_ERROR, "the bus connection is closed for good",
                       FIELD("detail", (const char *)diag.text));
            return false;
        }
    return true;
}

static void renew(struct bus *b)
{
    natsConnection *nc = NULL;
    bool connected;

    bus_release_connection(b);
    connected = connect_again(b, &nc);
    pthread_rwlock_wrlock(&b->renewing);
    b->nc = nc;
    if (connected)
        bus_subscribe_again(b);
    pthread_rwlock_unlock(&b->renewing);
    b->loop.stuck_ms = 0;
    atomic_store(&b->closed, !connected);
    bus_loop_wake(&b->loop);
    if (!connected)
        return;
    atomic_fetch_add(&b->renewals, 1);
    log_at(LOG_INFO, "bus is back", FIELD("bus", (const char *)b->login.url.server));
}

static void turn(struct bus *b, short ready)
{
    bus_guard_enter(&b->guard, GUARD_LOOP);
    if (ready & (POLLIN | POLLHUP | POLLERR))
        natsConnection_ProcessReadEvent(b->nc);
    bus_serve_turn(b);
    write_out(b, ready);
    bus_guard_leave(&b->guard, GUARD_LOOP);
    if (atomic_load(&b->loop.lost) && !atomic_load(&b->closing) && !atomic_load(&b->closed))
        renew(b);
    tell_turned(&b->loop);
}

static void *run(void *ctx)
{
    struct bus *b = ctx;

    while (!atomic_load(&b->loop.ends)) {
        int fd = atomic_load(&b->loop.fd);
        short ready = wait_for_work(&b->loop, fd);

        if (ready & POLLNVAL) /* closed by the library at this moment */
            atomic_compare_exchange_strong(&b->loop.fd, &fd, -1);
        else
            turn(b, ready);
    }
    write_out(b, POLLOUT);
    return NULL;
}

enum err bus_loop_start(struct bus *b)
{
    b->loop.running = pthread_create(&b->loop.thread, NULL, run, b) == 0;
    return b->loop.running ? ERR_OK : ERR_UNAVAILABLE;
}

void bus_loop_stop(struct bus *b)
{
    if (b->loop.running) {
        atomic_store(&b->loop.ends, true);
        bus_loop_wake(&b->loop);
        pthread_join(b->loop.thread, NULL);
    }
    close(b->loop.wake_fd);
}
