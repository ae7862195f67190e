/*
 * Folding: the rows of a generation are written into the tree, in the order of their keys, a chunk
 * at a time, each chunk a transaction of its own. Only the last one says that the tree has the
 * generation; a crash before that costs nothing but doing it again, since putting a row twice is
 * putting it once.
 */
#include "store/tables_parts.h"

#include <stdlib.h>
#include <time.h>

enum {
    CHUNK_ROWS = 256,
    CHUNK_BYTES = 256 * 1024,
    FREEZE_NS = 50 * 1000 * 1000,
    FREEZE_TRIES = 200,
    LAST_KEYS = 50 * 1000, /* folded at the end; more would hold up whoever waits for it */
};

enum err tables_fold_entry(struct tree_txn *t, const struct entry *e)
{
    if (e->kind == ENTRY_ERASE)
        return tree_erase(t, e->table, e->key);
    return tree_put(t, e->table, e->key, e->value);
}

/* ---- one generation ---- */

enum err tables_folding_begin(struct tables *s, const struct generation *g, struct folding *ret)
{
    *ret = (struct folding){.tables = s,
                            .generation = g,
                            .base = journal_base(s->journal, g->number),
                            .n = overlay_keys(g->overlay)};
    return overlay_sorted(g->overlay, &ret->units);
}

static enum err write_rows(struct folding *f, struct tree_txn *t, size_t rows_max)
{
    const size_t from = f->next, all = journal_end(f->tables->journal, f->generation->number);
    size_t bytes = 0;

    while (f->next < f->n && f->next - from < rows_max && bytes < CHUNK_BYTES) {
        size_t at = (size_t)f->units[f->next] * OVERLAY_UNIT;
        struct entry e;

        TRY(entry_read((struct bytes){.p = f->base + at, .n = all - at}, &e));
        TRY(tables_fold_entry(t, &e));
        bytes += e.key.n + e.value.n;
        f->next++;
    }
    return ERR_OK;
}

/* RET_DONE also when somebody else has done it. */
enum err tables_fold_chunk(struct folding *f, bool *ret_done)
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

    TRY(tables_folding_begin(s, g, &f));
    do
        err = tables_fold_chunk(&f, &done);
    while (err == ERR_OK && !done);
    free(f.units);
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
    TRY(tables_folding_begin(s, g, &f));
    do
        err = write_rows(&f, t, SIZE_MAX);
    while (err == ERR_OK && f.next < f.n);
    free(f.units);
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

/* What can still grow must not lie in the tree in part: who then adds to it, or has not read all of
 * it, would take the part for what was there before. So it is frozen, or goes at once. */
static enum err fold_active(struct tables *s)
{
    enum err err;

    if (s->active.number == 0)
        return ERR_OK;
    err = tables_start_generation(s, s->active.number + 1);
    if (err == ERR_OK)
        err = fold_generation(s, &s->frozen);
    if (err != ERR_OK && err != ERR_CONFLICT)
        return err;
    TRY(fold_at_once(s, &s->active));
    tables_drop(s, &s->active);
    return ERR_OK;
}

enum err tables_fold_all(struct tables *s)
{
    tables_stop_folding(s);
    TRY(fold_generation(s, &s->frozen));
    return fold_active(s);
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

/* Freezes what there is. RET_DONE: nothing. RET_LAST: what is frozen now is all there is. */
static enum err freeze(struct tables *s, bool *ret_done, bool *ret_last)
{
    enum err err;

    TRY(journal_lock(s->journal));
    err = follow_once(s, ret_done);
    *ret_last = s->frozen.number == 0;
    if (err == ERR_OK && s->active.number && s->frozen.number == 0)
        err = tables_start_generation(s, s->active.number + 1);
    journal_unlock(s->journal);
    return err;
}

/* What was committed before the call: an older frozen generation, and the active one. */
static enum err fold_both(struct tables *s)
{
    for (unsigned i = 0; i < FREEZE_TRIES; i++) {
        bool done, last;
        enum err err = freeze(s, &done, &last);

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

/* The last one leaves the tree with everything in it, if that is soon done: a copy of data.mdb by
 * hand is then whole. While others work, they fold when it is time. */
static bool is_soon_done(const struct tables *s)
{
    size_t keys = s->active.number ? overlay_keys(s->active.overlay) : 0;

    keys += s->frozen.number ? overlay_keys(s->frozen.overlay) : 0;
    return keys <= LAST_KEYS;
}

void tables_fold_at_end(struct tables *s)
{
    bool done;

    tables_end_thread(s);
    if (!s->journal || tables_broken(s) || journal_lock(s->journal) != ERR_OK)
        return;
    if (follow_once(s, &done) == ERR_OK && !done && is_soon_done(s) && journal_is_alone(s->journal))
        err_drop(tables_fold_all(s));
    journal_unlock(s->journal);
}
