#include "transport/bus_guard.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>
#include <unistd.h>

static bool hangs(const struct bus_guard *g)
{
    for (int i = 0; i < GUARDED_MAX; i++) {
        int64_t since_ms = atomic_load(&g->since_ms[i]);

        if (since_ms && clock_monotonic_ms() - since_ms > g->patience_ms)
            return true;
    }
    return false;
}

static void *watch(void *ctx)
{
    struct bus_guard *g = ctx;
    struct timespec until;

    pthread_mutex_lock(&g->mutex);
    while (!g->ends) {
        if (hangs(g)) {
            log_at(LOG_ERROR,
                   "the bus client hangs: a server fell silent during the login; ending, "
                   "to be started anew");
            _exit(1);
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        pthread_cond_timedwait(&g->changed, &g->mutex, &until);
    }
    pthread_mutex_unlock(&g->mutex);
    return NULL;
}

bool bus_guard_start(struct bus_guard *g, int64_t patience_ms)
{
    g->patience_ms = patience_ms;
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->running = pthread_create(&g->thread, NULL, watch, g) == 0;
    return g->running;
}

void bus_guard_stop(struct bus_guard *g)
{
    if (!g->running)
        return;
    pthread_mutex_lock(&g->mutex);
    g->ends = true;
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->mutex);
    pthread_join(g->thread, NULL);
}

void bus_guard_enter(struct bus_guard *g, enum bus_guarded who)
{
    atomic_store(&g->since_ms[who], clock_monotonic_ms());
}

void bus_guard_leave(struct bus_guard *g, enum bus_guarded who)
{
    atomic_store(&g->since_ms[who], 0);
}
