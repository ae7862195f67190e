/*
 * A table of slots, found by number: a token is the slot's number and a serial that is never used
 * twice, so a late answer to a call that ended cannot reach the slot's next tenant.
 *
 * Deadlines need no order. The thread sleeps until the earliest one known and then looks at every
 * slot. Calls that are answered in time, nearly all, cost it nothing: it wakes about once a timeout
 * however many calls there are.
 */
#include "calls.h"

#include "monotonic.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 1 << 16, SLOTS_FIRST = 64, ENDED_BATCH = 64, SLOT_BITS = 16 };

#define NO_SLOT SIZE_MAX
#define NEVER INT64_MAX

struct slot {
    uint64_t token;   /* 0: free */
    size_t next_free; /* when free */
    bool over;        /* and why: no answer will come */
    enum calls_end why;
    struct waiting_call call;
};

struct calls {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct calls_keeper keeper;
    struct slot *slots;
    size_t n_slots, first_free;
    uint64_t serial;
    int64_t earliest_us;
    bool closing;
};

struct ended {
    struct waiting_call call;
    enum calls_end why;
};

static void release(struct calls *calls, struct slot *slot)
{
    memset(slot, 0, sizeof *slot);
    slot->next_free = calls->first_free;
    calls->first_free = (size_t)(slot - calls->slots);
}

static bool grow(struct calls *calls)
{
    size_t n = calls->n_slots ? calls->n_slots * 2 : SLOTS_FIRST;
    struct slot *slots = n <= SLOTS_MAX ? realloc(calls->slots, n * sizeof *slots) : NULL;

    if (!slots)
        return false;
    calls->slots = slots;
    for (size_t i = calls->n_slots; i < n; i++)
        release(calls, &slots[i]);
    calls->n_slots = n;
    return true;
}

/* Takes out up to ENDED_BATCH calls that are over; notes when to look again. */
static size_t collect_ended(struct calls *calls, struct ended ended[ENDED_BATCH])
{
    int64_t now = monotonic_us(), earliest = NEVER;
    size_t n = 0;

    for (size_t i = 0; i < calls->n_slots && n < ENDED_BATCH; i++) {
        struct slot *slot = &calls->slots[i];

        if (slot->token == 0)
            continue;
        if (slot->over || calls->closing || slot->call.deadline_us <= now) {
            ended[n].why = slot->over ? slot->why : calls->closing ? CALLS_LOST : CALLS_EXPIRED;
            ended[n++].call = slot->call;
            release(calls, slot);
        } else if (slot->call.deadline_us < earliest) {
            earliest = slot->call.deadline_us;
        }
    }
    calls->earliest_us = earliest;
    return n;
}

static void sleep_until_needed(struct calls *calls)
{
    struct timespec until = {.tv_sec = (time_t)(calls->earliest_us / 1000000),
                             .tv_nsec = calls->earliest_us % 1000000 * 1000};

    if (calls->earliest_us == NEVER)
        pthread_cond_wait(&calls->wake, &calls->lock);
    else
        pthread_cond_timedwait(&calls->wake, &calls->lock, &until);
}

static void *watch_deadlines(void *arg)
{
    struct calls *calls = arg;
    struct ended ended[ENDED_BATCH];

    pthread_mutex_lock(&calls->lock);
    for (;;) {
        size_t n = collect_ended(calls, ended);

        if (n > 0) { /* without the lock: a callback may start the next call */
            pthread_mutex_unlock(&calls->lock);
            for (size_t i = 0; i < n; i++)
                calls->keeper.ended(&ended[i].call, ended[i].why, calls->keeper.ctx);
            pthread_mutex_lock(&calls->lock);
        } else if (calls->closing) {
            break;
        } else {
            sleep_until_needed(calls);
        }
    }
    pthread_mutex_unlock(&calls->lock);
    return NULL;
}

static void init_locks(struct calls *calls)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&calls->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&calls->lock, NULL);
}

void calls_free(struct calls *calls)
{
    if (!calls)
        return;
    pthread_cond_destroy(&calls->wake);
    pthread_mutex_destroy(&calls->lock);
    free(calls->slots);
    free(calls);
}

struct calls *calls_open(struct calls_keeper keeper)
{
    struct calls *calls = calloc(1, sizeof *calls);

    if (!calls)
        return NULL;
    calls->keeper = keeper;
    calls->first_free = NO_SLOT;
    calls->earliest_us = NEVER;
    init_locks(calls);
    if (pthread_create(&calls->thread, NULL, watch_deadlines, calls) != 0) {
        calls_free(calls);
        return NULL;
    }
    return calls;
}

void calls_stop(struct calls *calls)
{
    pthread_mutex_lock(&calls->lock);
    calls->closing = true;
    pthread_cond_signal(&calls->wake);
    pthread_mutex_unlock(&calls->lock);
    pthread_join(calls->thread, NULL);
}

static enum twofold_status add(struct calls *calls, const struct waiting_call *call,
                               uint64_t *ret_token)
{
    size_t at;
    struct slot *slot;

    if (calls->closing)
        return TWOFOLD_DISCONNECTED;
    if (calls->first_free == NO_SLOT && !grow(calls))
        return TWOFOLD_EXHAUSTED;
    at = calls->first_free;
    slot = &calls->slots[at];
    calls->first_free = slot->next_free;
    *slot = (struct slot){.token = ++calls->serial << SLOT_BITS | at, .call = *call};
    *ret_token = slot->token;
    if (call->deadline_us < calls->earliest_us) {
        calls->earliest_us = call->deadline_us;
        pthread_cond_signal(&calls->wake);
    }
    return TWOFOLD_OK;
}

enum twofold_status calls_add(struct calls *calls, const struct waiting_call *call,
                              uint64_t *ret_token)
{
    enum twofold_status status;

    pthread_mutex_lock(&calls->lock);
    status = add(calls, call, ret_token);
    pthread_mutex_unlock(&calls->lock);
    return status;
}

bool calls_take(struct calls *calls, uint64_t token, struct waiting_call *ret_call)
{
    size_t at = token & (SLOTS_MAX - 1);
    bool found;

    pthread_mutex_lock(&calls->lock);
    found = token != 0 && at < calls->n_slots && calls->slots[at].token == token;
    if (found) {
        *ret_call = calls->slots[at].call;
        release(calls, &calls->slots[at]);
    }
    pthread_mutex_unlock(&calls->lock);
    return found;
}

void calls_lose_all(struct calls *calls)
{
    pthread_mutex_lock(&calls->lock);
    for (size_t i = 0; i < calls->n_slots; i++) {
        calls->slots[i].over = calls->slots[i].token != 0;
        calls->slots[i].why = CALLS_LOST;
    }
    pthread_cond_signal(&calls->wake);
    pthread_mutex_unlock(&calls->lock);
}

void calls_forbid(struct calls *calls, bool (*is)(const struct waiting_call *call, void *ctx),
                  void *ctx)
{
    pthread_mutex_lock(&calls->lock);
    for (size_t i = 0; i < calls->n_slots; i++) {
        struct slot *slot = &calls->slots[i];

        if (slot->token == 0 || slot->over || !is(&slot->call, ctx))
            continue;
        slot->over = true;
        slot->why = CALLS_FORBIDDEN;
    }
    pthread_cond_signal(&calls->wake);
    pthread_mutex_unlock(&calls->lock);
}
