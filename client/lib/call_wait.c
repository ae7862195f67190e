/*
 * Waiting for a call, and sending it again meanwhile. All sendings share one entry of the table and
 * so one reply subject: whichever answer comes first is taken, also a late one to the first. Only
 * when the bus itself ends the entry (nobody serves, the connection is lost) a new one begins, at
 * the time of the next sending: a pause is due then anyway.
 */
#include "client.h"

#include "error.h"
#include "monotonic.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Less than the 30 s that the service keeps an answer for. */
enum { REPEATED_MS_MAX = 25000 };

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    ProtobufCMessage *reply;
    struct twofold_error *error;
};

static void settle_waiter(ProtobufCMessage *reply, const struct twofold_error *error,
                          struct twofold_callback then)
{
    struct waiter *waiter = then.ctx;

    pthread_mutex_lock(&waiter->lock);
    waiter->reply = reply;
    *waiter->error = *error;
    waiter->done = true;
    pthread_cond_signal(&waiter->changed); /* under the lock: the waiter may vanish after it */
    pthread_mutex_unlock(&waiter->lock);
}

static void waiter_init(struct waiter *waiter, struct twofold_error *error)
{
    pthread_condattr_t monotonic;

    *waiter = (struct waiter){.lock = PTHREAD_MUTEX_INITIALIZER, .error = error};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void waiter_destroy(struct waiter *waiter)
{
    pthread_cond_destroy(&waiter->changed);
    pthread_mutex_destroy(&waiter->lock);
}

static struct timespec time_of(int64_t us)
{
    return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = us % 1000000 * 1000};
}

/* False: it is UNTIL_US, and nothing has come. */
static bool wait_for(struct waiter *waiter, int64_t until_us)
{
    const struct timespec until = time_of(until_us);
    int timed_out = 0;
    bool done;

    pthread_mutex_lock(&waiter->lock);
    while (!waiter->done && timed_out == 0)
        timed_out = pthread_cond_timedwait(&waiter->changed, &waiter->lock, &until);
    done = waiter->done;
    pthread_mutex_unlock(&waiter->lock);
    return done;
}

/* One call on its way to its end. */
struct attempt {
    const struct twofold_call *call;
    int64_t next_us, end_us; /* when it is sent again; when it is given up. Monotonic */
    unsigned sendings;
};

/* Times that passed while the process stood still are not made up for: the others have waited, too,
 * and all would send at once. */
static void set_next(struct attempt *a)
{
    const int64_t now_us = monotonic_us(), try_us = a->call->try_ms * 1000;

    a->next_us += try_us;
    if (a->next_us < now_us)
        a->next_us = now_us + try_us;
}

/* At least one: 0 would be the client's. */
static int64_t left_ms(int64_t end_us)
{
    int64_t left_us = end_us - monotonic_us();

    return left_us < 1000 ? 1 : left_us / 1000;
}

/* Enters the table, and waits until the entry has its end. */
static void run_entry(struct twofold_client *client, struct attempt *a,
                      ProtobufCMessage **ret_reply, struct twofold_error *error)
{
    struct twofold_call call = *a->call;
    struct waiting_call waiting = {.settle = settle_waiter};
    struct twofold_error sending;
    struct waiter waiter;

    if (call.try_ms != 0)
        call.timeout_ms = left_ms(a->end_us);
    waiter_init(&waiter, error);
    waiting.then.ctx = &waiter;
    a->sendings++;
    if (client_start_call(client, &call, &waiting, &sending) != TWOFOLD_OK) {
        *error = sending;
    } else {
        for (; !wait_for(&waiter, a->next_us); set_next(a), a->sendings++)
            client_send(client, &call, waiting.token, &sending); /* in vain: the next may not be */
        if (error->status == TWOFOLD_OK)
            *ret_reply = waiter.reply;
    }
    waiter_destroy(&waiter);
}

/* The bus has ended the entry before the service could. */
static bool is_open(const struct twofold_error *error)
{
    return error->status == TWOFOLD_NO_RESPONDERS || error->status == TWOFOLD_DISCONNECTED;
}

/* After several sendings nobody can say that none was executed. */
static void tell_end(const struct attempt *a, struct twofold_error *error)
{
    struct twofold_error last = *error;

    if (a->sendings > 1 && error->status != TWOFOLD_OK && error->status != TWOFOLD_REFUSED &&
        error->status != TWOFOLD_PROTOCOL)
        error_set(error, TWOFOLD_TIMEOUT, "tried %u times; at last: %s", a->sendings, last.message);
}

static enum twofold_status call_until_end(struct twofold_client *client, struct attempt *a,
                                          ProtobufCMessage **ret_reply, struct twofold_error *error)
{
    for (;;) {
        struct timespec next;

        run_entry(client, a, ret_reply, error);
        if (!is_open(error) || a->call->try_ms == 0 || a->next_us >= a->end_us)
            break;
        next = time_of(a->next_us);
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) != 0)
            ;
        set_next(a);
    }
    tell_end(a, error);
    return error->status;
}

enum twofold_status twofold_client_call(struct twofold_client *client,
                                        const struct twofold_call *call,
                                        ProtobufCMessage **ret_reply, struct twofold_error *error)
{
    int64_t timeout_ms = call->timeout_ms ? call->timeout_ms : client->timeout_ms;
    const int64_t now_us = monotonic_us();
    struct attempt attempt = {.call = call, .next_us = INT64_MAX};

    if (client_in_callback())
        return error_set(error, TWOFOLD_USAGE, "a callback must not wait for a call");
    if (call->try_ms != 0) {
        if (call->try_ms < 0 || call->try_ms > REPEATED_MS_MAX || timeout_ms < 1 ||
            timeout_ms > REPEATED_MS_MAX || !call->request_id)
            return error_set(error, TWOFOLD_USAGE,
                             "a call with try_ms, which is 25 s at most, needs a request id, and a "
                             "timeout of 1 ms to 25 s");
        attempt.next_us = now_us + call->try_ms * 1000;
        attempt.end_us = now_us + timeout_ms * 1000;
    }
    return call_until_end(client, &attempt, ret_reply, error);
}
