/*
 * One lock, one condition. Each side takes the lock once for all that it has, and the taker is
 * woken only if it sleeps: the price of both is paid once a batch.
 */
#include "exchange_ring.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct exchange_ring {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    size_t max, first, n;
    bool waiting, woken;
    struct exchange *at[];
};

struct exchange_ring *exchange_ring_new(size_t max)
{
    struct exchange_ring *r = calloc(1, sizeof *r + max * sizeof(struct exchange *));
    pthread_condattr_t monotonic;

    if (!r)
        return NULL;
    r->max = max;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->filled, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return r;
}

void exchange_ring_free(struct exchange_ring *r)
{
    struct exchange *x;

    if (!r)
        return;
    while (exchange_ring_take(r, 0, &x, 1))
        exchange_free(x);
    pthread_cond_destroy(&r->filled);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

size_t exchange_ring_room(struct exchange_ring *r)
{
    size_t room;

    pthread_mutex_lock(&r->mutex);
    room = r->max - r->n;
    pthread_mutex_unlock(&r->mutex);
    return room;
}

void exchange_ring_put(struct exchange_ring *r, struct exchange *const *list, size_t n)
{
    bool wake;

    if (n == 0)
        return;
    pthread_mutex_lock(&r->mutex);
    assert(n <= r->max - r->n);
    for (size_t i = 0; i < n; i++)
        r->at[(r->first + r->n + i) % r->max] = list[i];
    r->n += n;
    wake = r->waiting;
    pthread_mutex_unlock(&r->mutex);
    if (wake)
        pthread_cond_signal(&r->filled);
}

void exchange_ring_wake(struct exchange_ring *r)
{
    pthread_mutex_lock(&r->mutex);
    r->woken = true;
    pthread_mutex_unlock(&r->mutex);
    pthread_cond_signal(&r->filled);
}

static struct timespec after_us(int64_t us)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += us / 1000000;
    t.tv_nsec += us % 1000000 * 1000;
    t.tv_sec += t.tv_nsec / 1000000000L;
    t.tv_nsec %= 1000000000L;
    return t;
}

static void wait_filled(struct exchange_ring *r, int64_t timeout_us)
{
    struct timespec until = after_us(timeout_us);
    int timed_out = 0;

    r->waiting = true;
    while (r->n == 0 && !r->woken && !timed_out)
        timed_out = pthread_cond_timedwait(&r->filled, &r->mutex, &until);
    r->waiting = false;
}

size_t exchange_ring_take(struct exchange_ring *r, int64_t timeout_us, struct exchange **ret,
                          size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&r->mutex);
    if (r->n == 0 && !r->woken && timeout_us > 0)
        wait_filled(r, timeout_us);
    r->woken = false;
    for (; n < max && r->n > 0; n++) {
        ret[n] = r->at[r->first];
        r->first = (r->first + 1) % r->max;
        r->n--;
    }
    pthread_mutex_unlock(&r->mutex);
    return n;
}
