#include "backlog_looker.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { SOON_MS = 500 };

struct backlog_looker {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t changed;
    bool ends;
    bool late; /* somebody has waited in vain for the look that is under way */
    uint64_t asked, looked;
    bool found;
    struct backlog backlog;
};

static void look_once(struct backlog_looker *l)
{
    const struct clock clock = clock_system();
    uint64_t number = l->asked;
    struct backlog b = {0};
    bool found;

    pthread_mutex_unlock(&l->mutex);
    found = backlog_look(l->store, clock_unix_ms(&clock), &b) == ERR_OK;
    pthread_mutex_lock(&l->mutex);
    l->looked = number;
    l->late = false;
    l->found = found;
    l->backlog = b;
    pthread_cond_broadcast(&l->changed);
}

static void *look(void *ctx)
{
    struct backlog_looker *l = ctx;

    pthread_mutex_lock(&l->mutex);
    while (!l->ends)
        if (l->asked > l->looked)
            look_once(l);
        else
            pthread_cond_wait(&l->changed, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

enum err backlog_looker_open(struct store *store, struct backlog_looker **ret_looker)
{
    struct backlog_looker *l = calloc(1, sizeof *l);

    if (!l)
        return ERR_UNAVAILABLE;
    l->store = store;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->changed, NULL);
    if (pthread_create(&l->thread, NULL, look, l) != 0) {
        free(l);
        return ERR_UNAVAILABLE;
    }
    *ret_looker = l;
    return ERR_OK;
}

void backlog_looker_close(struct backlog_looker *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->mutex);
    l->ends = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

static struct timespec soon(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += SOON_MS * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000L;
    t.tv_nsec %= 1000000000L;
    return t;
}

bool backlog_looker_ask(struct backlog_looker *l, struct backlog *ret)
{
    struct timespec until = soon();
    uint64_t mine;
    bool found;

    pthread_mutex_lock(&l->mutex);
    mine = ++l->asked;
    pthread_cond_broadcast(&l->changed);
    while (l->looked < mine && !l->late && !l->ends)
        l->late = pthread_cond_clockwait(&l->changed, &l->mutex, CLOCK_MONOTONIC, &until) != 0 &&
                  l->looked < mine;
    found = l->looked >= mine && l->found;
    *ret = l->backlog;
    pthread_mutex_unlock(&l->mutex);
    return found;
}
