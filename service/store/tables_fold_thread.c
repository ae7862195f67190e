/*
 * Folding in the background. Between chunks the thread rests as long as a chunk took, so that the
 * disk has time for the journal's syncs: it folds much faster than requests can fill a generation.
 */
#include "store/tables_parts.h"

#include "base/log.h"

#include <stdlib.h>
#include <time.h>

enum {
    LARGE_SHARE = 4, /* a generation is large when it has one part in so many of its file */
    NS_PER_S = 1000 * 1000 * 1000,
    RETRY_NS = NS_PER_S / 2,
};

static void nap(struct folder_thread *ft, int64_t ns)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ns / NS_PER_S;
    until.tv_nsec += ns % NS_PER_S;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= NS_PER_S;
    }
    pthread_mutex_lock(&ft->mutex);
    if (ft->wanted && !ft->stops)
        pthread_cond_clockwait(&ft->changed, &ft->mutex, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&ft->mutex);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static bool goes_on(struct folder_thread *ft)
{
    bool on;

    pthread_mutex_lock(&ft->mutex);
    on = ft->wanted && !ft->stops;
    pthread_mutex_unlock(&ft->mutex);
    return on;
}

/* ERR_CONFLICT when it was stopped half-way. */
static enum err fold_slowly(struct tables *s)
{
    struct folding f;
    bool done = false;
    enum err err;

    TRY(tables_folding_begin(s, &s->frozen, &f));
    do {
        int64_t began = now_ns();

        err = tables_fold_chunk(&f, &done);
        if (err == ERR_OK && !done)
            nap(&s->folder_thread, now_ns() - began);
    } while (err == ERR_OK && !done && goes_on(&s->folder_thread));
    free(f.units);
    return err == ERR_OK && !done ? ERR_CONFLICT : err;
}

/* ERR_CONFLICT while somebody else folds. */
static enum err fold_frozen(struct tables *s)
{
    enum err err;

    if (pthread_mutex_trylock(&s->folding) != 0)
        return ERR_CONFLICT;
    err = journal_lock_folding(s->journal, false);
    if (err == ERR_OK) {
        err = fold_slowly(s);
        journal_unlock_folding(s->journal);
    }
    pthread_mutex_unlock(&s->folding);
    return err;
}

static void work(struct tables *s)
{
    struct folder_thread *ft = &s->folder_thread;
    uint64_t number = s->frozen.number;
    enum err err = fold_frozen(s);

    if (err == ERR_OK) {
        pthread_mutex_lock(&ft->mutex);
        ft->wanted = false;
        ft->folded = number;
        pthread_mutex_unlock(&ft->mutex);
        return;
    }
    if (err != ERR_CONFLICT)
        log_at(LOG_ERROR, "the journal cannot be brought into the database: is it full?",
               FIELD("error", err_name(err)));
    nap(ft, RETRY_NS);
}

static void *run(void *ctx)
{
    struct tables *s = ctx;
    struct folder_thread *ft = &s->folder_thread;

    pthread_mutex_lock(&ft->mutex);
    while (!ft->stops) {
        if (!ft->wanted) {
            pthread_cond_wait(&ft->changed, &ft->mutex);
            continue;
        }
        ft->works = true;
        pthread_mutex_unlock(&ft->mutex);
        work(s);
        pthread_mutex_lock(&ft->mutex);
        ft->works = false;
        pthread_cond_broadcast(&ft->changed);
    }
    pthread_mutex_unlock(&ft->mutex);
    return NULL;
}

/* Without a thread the journal grows, and at its end commits fold. */
static void want_folding(struct tables *s)
{
    struct folder_thread *ft = &s->folder_thread;

    pthread_mutex_lock(&ft->mutex);
    if (!ft->started)
        ft->started = pthread_create(&ft->thread, NULL, run, s) == 0;
    if (!ft->wanted && ft->folded != s->frozen.number) {
        ft->wanted = true;
        pthread_cond_broadcast(&ft->changed);
    }
    pthread_mutex_unlock(&ft->mutex);
}

void tables_stop_folding(struct tables *s)
{
    struct folder_thread *ft = &s->folder_thread;

    pthread_mutex_lock(&ft->mutex);
    ft->wanted = false;
    pthread_cond_broadcast(&ft->changed);
    while (ft->works)
        pthread_cond_wait(&ft->changed, &ft->mutex);
    pthread_mutex_unlock(&ft->mutex);
}

void tables_fold_if_large(struct tables *s)
{
    size_t large = journal_bytes_max(s->journal) / LARGE_SHARE;

    if (s->frozen.number == 0) {
        if (journal_end(s->journal, s->active.number) < large)
            return;
        if (tables_start_generation(s, s->active.number + 1) != ERR_OK)
            return; /* somebody still reads the other file: another time */
    }
    want_folding(s);
}

void tables_end_thread(struct tables *s)
{
    struct folder_thread *ft = &s->folder_thread;

    pthread_mutex_lock(&ft->mutex);
    ft->stops = true;
    pthread_cond_broadcast(&ft->changed);
    pthread_mutex_unlock(&ft->mutex);
    if (ft->started)
        pthread_join(ft->thread, NULL);
}
