/*
 * One lock, one condition, one ring. Whoever serves takes everything that is there in one go, so
 * the price of the lock and of the wake-up is paid once a batch; whoever puts signals only when
 * somebody waits.
 */
#include "transport/bus_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct entry {
    struct bus_message *message;
    size_t bytes;
};

struct bus_queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    size_t max, max_bytes;
    size_t first, n, bytes;
    bool waiting, woken;
    struct entry ring[];
};

struct bus_queue *bus_queue_new(size_t max, size_t max_bytes)
{
    struct bus_queue *q = calloc(1, sizeof *q + max * sizeof q->ring[0]);
    pthread_condattr_t monotonic;

    if (!q)
        return NULL;
    q->max = max;
    q->max_bytes = max_bytes;
    pthread_mutex_init(&q->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->filled, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return q;
}

void bus_queue_free(struct bus_queue *q)
{
    if (!q)
        return;
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->mutex);
    free(q);
}

static bool has_room(const struct bus_queue *q, size_t bytes)
{
    if (q->n == q->max)
        return false;
    return q->n == 0 || (q->bytes < q->max_bytes && bytes <= q->max_bytes - q->bytes);
}

bool bus_queue_put(struct bus_queue *q, struct bus_message *message, size_t bytes)
{
    bool taken;

    pthread_mutex_lock(&q->mutex);
    taken = has_room(q, bytes);
    if (taken) {
        q->ring[(q->first + q->n) % q->max] = (struct entry){.message = message, .bytes = bytes};
        q->n++;
        q->bytes += bytes;
        if (q->waiting)
            pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->mutex);
    return taken;
}

bool bus_queue_empty(struct bus_queue *q)
{
    bool empty;

    pthread_mutex_lock(&q->mutex);
    empty = q->n == 0;
    pthread_mutex_unlock(&q->mutex);
    return empty;
}

void bus_queue_wake(struct bus_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->woken = true;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

static struct timespec after_ms(int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

static void wait_filled(struct bus_queue *q, int timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);
    int timed_out = 0;

    q->waiting = true;
    while (q->n == 0 && !q->woken && !timed_out)
        timed_out = pthread_cond_timedwait(&q->filled, &q->mutex, &until);
    q->waiting = false;
}

size_t bus_queue_take(struct bus_queue *q, int timeout_ms, struct bus_message **ret, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&q->mutex);
    if (q->n == 0 && !q->woken && timeout_ms > 0)
        wait_filled(q, timeout_ms);
    q->woken = false;
    for (; n < max && q->n > 0; n++) {
        ret[n] = q->ring[q->first].message;
        q->bytes -= q->ring[q->first].bytes;
        q->first = (q->first + 1) % q->max;
        q->n--;
    }
    pthread_mutex_unlock(&q->mutex);
    return n;
}
