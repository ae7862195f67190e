/*
 * Private to bus_nats*.c and bus_loop.c, and the only place that includes the client library: the
 * connection (bus_nats.c), the thread of one that serves (bus_loop.c) and the traffic
 * (bus_nats_serve.c) share this state.
 */
#ifndef TWOFOLD_TRANSPORT_BUS_NATS_H
#define TWOFOLD_TRANSPORT_BUS_NATS_H

#include "transport/bus_answer.h"
#include "transport/bus_guard.h"
#include "transport/bus_latch.h"
#include "transport/bus_login.h"
#include "transport/bus_queue.h"
#include "transport/bus_retry.h"
#include "transport/bus_violation.h"

#include <nats/nats.h>

enum { BUS_INBOX_PREFIX_MAX = 64, BUS_SPENT_MAX = 32 };

struct subscription {
    struct subscription *next;
    struct bus *bus;
    natsSubscription *handle;
    char *subject, *queue;
    const struct bus_service *service; /* of requests; else NULL, and */
    struct bus_queue *waiting;         /* of messages: for the service, or all there are; else */
    struct bus_answer with;
};

/* The thread of a bus that serves, and what the library asked it for. */
struct bus_loop {
    pthread_t thread;
    bool running;
    int wake_fd;
    atomic_bool ends;
    atomic_bool woken, sleeps;
    _Atomic int fd; /* of the connection; -1: there is none */
    atomic_bool wants_write, lost;
    _Atomic int64_t stuck_ms; /* since when the server takes nothing; 0: it does */
    pthread_mutex_t mutex;    /* over what follows */
    pthread_cond_t turned;
    uint64_t turns;
    atomic_uint watched; /* by so many threads */
};

struct bus {
    natsOptions *options;
    pthread_rwlock_t renewing; /* over the connection and the handles of subscriptions */
    natsConnection *nc;        /* NULL while the thread of a bus that serves makes a new one */
    natsStatistics *statistics;
    uint64_t reconnects; /* at the last flush */
    _Atomic uint64_t renewals;
    struct bus_login login;
    char inbox_prefix[BUS_INBOX_PREFIX_MAX + 1];
    _Atomic(struct subscription *) subscriptions;
    pthread_mutex_t intake; /* over what is handed over, what waits for that, and */
    natsMsg *spent[BUS_SPENT_MAX];
    unsigned n_spent;
    struct bus_violations violations;
    struct bus_latch callbacks; /* subscriptions, and the connection itself */
    struct bus_guard guard;
    bool serves;
    struct bus_loop loop;
    atomic_bool closing, closed, draining;
    _Atomic int64_t logged_ms;
};

/* One try. RET_NC is then B's, or replaces it. */
natsStatus bus_connect(struct bus *b, enum bus_guarded who, natsConnection **ret_nc);

/* Why a try failed, for bus_retry_after. */
enum bus_failure bus_failure_of(natsStatus s);
const char *bus_failure_detail(natsStatus s);

/* Frees the connection and the handles of subscriptions, when all their callbacks have ended; false
 * if one hangs, and then they stay in memory: it may use them. */
bool bus_release_connection(struct bus *b);

/* The bus's own thread, of one that serves: prepares; has the library tell it what to do; starts
 * with a connection; ends. */
NODISCARD enum err bus_loop_init(struct bus_loop *l);
natsStatus bus_loop_attach(struct bus *b, natsOptions *options);
NODISCARD enum err bus_loop_start(struct bus *b);
void bus_loop_stop(struct bus *b);
void bus_loop_wake(struct bus_loop *l);

/* Waits for a turn that began after this call, at most TIMEOUT_MS. */
void bus_loop_turn(struct bus_loop *l, int timeout_ms);

/* Of the bus's own thread: calls turn, and hands over what waits. */
void bus_serve_turn(struct bus *b);

/* Hands a request over, has it wait or sheds it. */
void bus_on_request(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *closure);

/* Of the bus's own thread, with a new connection: makes all subscriptions again. */
void bus_subscribe_again(struct bus *b);

/* What M holds in memory. The library has no word for the length of headers, which may be a hundred
 * times the data; but a message is one block of its own. */
size_t bus_size_of(natsMsg *m);

/* With the lock of the intake: destroys what was spent. */
void bus_destroy_spent(struct bus *b);

/* Gives a message back. */
void bus_release(struct bus_message *message);

/* Keeps up to MAX messages that arrive on SUBJECT; more are dropped. RET_INBOX lives until
 * bus_close. Errors as for bus_serve. */
NODISCARD enum err bus_collect(struct bus *bus, const char *subject, size_t max,
                               struct bus_queue **ret_inbox, struct diag *reterr);

/* What the library noted about the last call of this thread that failed, without the place in its
 * source, "(conn.c:733): "; ELSE_TEXT if it noted nothing. Good until the thread's next call. */
const char *bus_library_error(const char *else_text);

/* The connection's last error, or ""; it stays until the next one. */
static inline const char *bus_last_error(natsConnection *nc)
{
    const char *text = NULL;

    if (nc)
        natsConnection_GetLastError(nc, &text);
    return text ? text : "";
}

#endif
