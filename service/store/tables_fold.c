/*
 * Folding: the rows of a generation are written into the tree, in the order of their keys, a chunk
 * at a time, each chunk a transaction of its own. Only the last one says that the tree has the
 * generation; a crash before that costs nothing but doing it again, since putting a row twice is
 * putting it once.
 *
 * Between chunks the thread rests, so that the disk has time for the journal's syncs: it folds much
 * faster than requests can fill a generation.
 */
#include "store/tables_parts.h"

#include "base/log.h"

#include <stdlib.h>
#include <time.h>

enum {
    CHUNK_ROWS = 256,
    CHUNK_BYTES = 256 * 1024,
    LARGE_SHARE = 4, /* a generation is large when it has one part in so many of its file */
    NS_PER_S = 1000 * 1000 * 1000,
    RETRY_NS = NS_PER_S / 2,
    FREEZE_NS = NS_PER_S / 20,
    FREEZE_TRIES = 200,
};

struct folding {
    struct tables *tables;
    const struct generation *generation;
    const uint8_t *base;
    size_t *at, n, next;
};

enum err tables_fold_entry(struct tree_txn *t, const struct entry *e)
{
    if (e->kind == ENTRY_ERASE)
        return tree_erase(t, e->table, e->key);
    return tree_put(t, e->table, e->key, e->value);
}

/* ---- one generation ---- */

static enum err folding_begin(struct tables *s, const struct generation *g, struct folding *ret)
{
    *ret = (struct folding){.tables = s,
                            .generation = g,
                            .base = journal_base(s->journal, g->number),
                            .n = overlay_keys(g->overlay)};
    return overlay_sorted(g->overlay, &ret->at);
}

static enum err write_rows(struct folding *f, struct tree_txn *t, size_t rows_max)
{
    const size_t from = f->next, all = journal_end(f->tables->journal, f->generation->number);
    size_t bytes = 0;

    while (f->next < f->n && f->next - from < rows_max && bytes < CHUNK_BYTES) {
        size_t at = f->at[f->next];
        struct entry e;

        TRY(entry_read((struct bytes){.p = f->base + at, .n = all - at}, &e));
        TRY(tables_fold_entry(t, &e));
        bytes += e.key.n + e.value.n;
        f->next++;
    }
    return ERR_OK;
}

/* RET_DONE also when somebody else has done it. */
static enum err fold_chunk(struct folding *f, bool *ret_done)
{
    const size_t from = f->next;
    auto_tree_txn *t = NULL;
    uint64_t folded;
    enum err err;

    TRY(tree_begin_write(f->tables->tree, &t));
    TRY(tables_folded(t, &folded));
    *ret_done = folded >= f->generation->number;
    if (*ret_done)
        return ERR_OK;
    tree_use_reserve(t, RESERVE_FOR_EMPTYING);
    TRY(write_rows(f, t, CHUNK_ROWS));
    *ret_done = f->next == f->n;
    if (*ret_done)
        TRY(tables_set_folded(t, f->generation->number));
    err = tree_commit(STEAL(t));
    if (err != ERR_OK)
        f->next = from;
    return err;
}

static enum err fold_now(struct tables *s, const struct generation *g)
{
    struct folding f;
    bool done = false;
    enum err err;

    TRY(folding_begin(s, g, &f));
    do
        err = fold_chunk(&f, &done);
    while (err == ERR_OK && !done);
    free(f.at);
    return err;
}

/* A copier that holds off folding must not see half of it: then all in one transaction. */
static enum err fold_at_once(struct tables *s, const struct generation *g)
{
    auto_tree_txn *t = NULL;
    struct folding f;
    enum err err;

    TRY(tree_begin_write(s->tree, &t));
    tree_use_reserve(t, RESERVE_FOR_EMPTYING);
    TRY(folding_begin(s, g, &f));
    do
        err = write_rows(&f, t, SIZE_MAX);
    while (err == ERR_OK && f.next < f.n);
    free(f.at);
    TRY(err);
    TRY(tables_set_folded(t, g->number));
    return tree_commit(STEAL(t));
}

static enum err fold_generation(struct tables *s, struct generation *g)
{
    bool alone;

    if (g->number == 0)
        return ERR_OK;
    alone = pthread_mutex_trylock(&s->folding) == 0;
    if (!alone || journal_lock_folding(s->journal, false) != ERR_OK) {
        if (alone)
            pthread_mutex_unlock(&s->folding);
        TRY(fold_at_once(s, g));
    } else {
        enum err err = fold_now(s, g);

        journal_unlock_folding(s->journal);
        pthread_mutex_unlock(&s->folding);
        TRY(err);
    }
    tables_drop(s, g);
    return ERR_OK;
}

enum err tables_fold_all(struct tables *s)
{
    tables_stop_folding(s);
    TRY(fold_generation(s, &s->frozen));
    return fold_generation(s, &s->active);
}

/* ---- in the background ---- */

static void nap(struct folder_thread *ft, int64_t ns)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ns / NS_PER_S;
    until.tv_nsec += ns % NS_PER_S;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= NS_PER_S;
    }
    pthread_mutex_lock(&ft->mutex);
    if (ft->wanted && !ft->stops)
        pthread_cond_timedwait(&ft->changed, &ft->mutex, &until);
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

/* ERR_OK also when it was stopped half-way. */
static enum err fold_slowly(struct tables *s)
{
    struct folding f;
    bool done = false;
    enum err err;

    TRY(folding_begin(s, &s->frozen, &f));
    do {
        int64_t began = now_ns();

        err = fold_chunk(&f, &done);
        if (err == ERR_OK && !done)
            nap(&s->folder_thread, now_ns() - began);
    } while (err == ERR_OK && !done && goes_on(&s->folder_thread));
    free(f.at);
    return err;
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

/* ---- all of it, beside others ---- */

/* RET_DONE: the tree has all there is. */
static enum err follow_once(struct tables *s, bool *ret_done)
{
    auto_tree_txn *t = NULL;

    TRY(tree_begin_read(s->tree, &t));
    TRY(tables_follow(s, t));
    *ret_done = s->active.number == 0 && s->frozen.number == 0;
    return ERR_OK;
}

/* Freezes what there is. RET_DONE: nothing. */
static enum err freeze(struct tables *s, bool *ret_done)
{
    enum err err;

    TRY(journal_lock(s->journal));
    err = follow_once(s, ret_done);
    if (err == ERR_OK && s->active.number && s->frozen.number == 0)
        err = tables_start_generation(s, s->active.number + 1);
    journal_unlock(s->journal);
    return err;
}

/* What was committed before the call: an older frozen generation, and the active one. */
static enum err fold_both(struct tables *s)
{
    for (unsigned i = 0; i < FREEZE_TRIES; i++) {
        bool done, last = s->frozen.number == 0;
        enum err err = freeze(s, &done);

        if (err == ERR_CONFLICT) { /* until everybody has noticed what was folded last */
            nanosleep(&(struct timespec){.tv_nsec = FREEZE_NS}, NULL);
            continue;
        }
        TRY(err);
        if (done)
            return ERR_OK;
        TRY(fold_now(s, &s->frozen));
        tables_drop(s, &s->frozen);
        if (last)
            return ERR_OK;
    }
    return ERR_UNAVAILABLE;
}

enum err tables_begin_folded(struct tables *s)
{
    enum err err;

    pthread_mutex_lock(&s->folding);
    err = journal_lock_folding(s->journal, true);
    if (err == ERR_OK) {
        pthread_mutex_lock(&s->writer);
        err = fold_both(s);
        pthread_mutex_unlock(&s->writer);
    }
    if (err != ERR_OK)
        tables_end_folded(s);
    return err;
}

void tables_end_folded(struct tables *s)
{
    journal_unlock_folding(s->journal);
    pthread_mutex_unlock(&s->folding);
}

/* ---- the end ---- */

static void stop_thread(struct folder_thread *ft)
{
    pthread_mutex_lock(&ft->mutex);
    ft->stops = true;
    pthread_cond_broadcast(&ft->changed);
    pthread_mutex_unlock(&ft->mutex);
    if (ft->started)
        pthread_join(ft->thread, NULL);
}

/* The last one leaves the tree with everything in it: a copy of data.mdb by hand is then whole.
 * While others work, they fold when it is time. */
void tables_fold_at_end(struct tables *s)
{
    bool done;

    stop_thread(&s->folder_thread);
    if (!s->journal || tables_broken(s) || journal_lock(s->journal) != ERR_OK)
        return;
    if (follow_once(s, &done) == ERR_OK && !done && journal_is_alone(s->journal))
        err_drop(tables_fold_all(s));
    journal_unlock(s->journal);
}
