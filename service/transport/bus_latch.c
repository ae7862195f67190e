#include "transport/bus_latch.h"

#include <time.h>

void bus_latch_init(struct bus_latch *l)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    l->under_way = 0;
}

void bus_latch_begin(struct bus_latch *l)
{
    pthread_mutex_lock(&l->mutex);
    l->under_way++;
    pthread_mutex_unlock(&l->mutex);
}

void bus_latch_end(struct bus_latch *l)
{
    pthread_mutex_lock(&l->mutex);
    l->under_way--;
    pthread_cond_signal(&l->ended);
    pthread_mutex_unlock(&l->mutex);
}

bool bus_latch_wait(struct bus_latch *l, int timeout_s)
{
    struct timespec until;
    int timed_out = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_s;
    pthread_mutex_lock(&l->mutex);
    while (l->under_way && !timed_out)
        timed_out = pthread_cond_timedwait(&l->ended, &l->mutex, &until);
    pthread_mutex_unlock(&l->mutex);
    return !timed_out;
}
