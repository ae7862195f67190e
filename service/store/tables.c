/*
 * Opening and closing, and transactions. One that writes gathers its entries in a record, and sees
 * them; nobody else does before they are committed.
 */
#include "store/tables_parts.h"

#include <stdlib.h>

enum { VIEW_TRIES = 1000 };

/* ---- opening ---- */

static struct tables *tables_new(const struct tables_options *options)
{
    struct tables *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    pthread_mutex_init(&s->writer, NULL);
    pthread_mutex_init(&s->folding, NULL);
    pthread_rwlock_init(&s->view, NULL);
    pthread_mutex_init(&s->folder_thread.mutex, NULL);
    pthread_cond_init(&s->folder_thread.changed, NULL);
    s->options = *options;
    s->folder = strdup(options->folder);
    s->write.own = overlay_new();
    if (s->folder && s->write.own && overlay_seed() == ERR_OK)
        return s;
    tables_close(s);
    return NULL;
}

static bool wants_journal(const struct tables *s)
{
    return s->attached && !s->options.frozen && !s->options.plain;
}

enum err tables_open(const struct tables_options *options, struct tables **ret_tables,
                     struct diag *reterr)
{
    auto_tables *s = tables_new(options);

    if (!s) {
        diag_set(reterr, "out of memory");
        return ERR_UNAVAILABLE;
    }
    TRY(tree_open(options, &s->tree, reterr));
    if (!options->frozen) {
        diag_set(reterr, "cannot read the database in %s", options->folder);
        TRY(tree_attach_known(s->tree, &s->attached));
    }
    if (wants_journal(s))
        TRY(tables_open_journal(s, false, reterr));
    *ret_tables = STEAL(s);
    return ERR_OK;
}

void tables_close(struct tables *s)
{
    if (!s)
        return;
    tables_fold_at_end(s);
    tree_abort(s->snapshot);
    if (s->active.number)
        overlay_free(s->active.overlay);
    if (s->frozen.number)
        overlay_free(s->frozen.overlay);
    overlay_free(s->write.own);
    free(s->write.record);
    journal_close(s->journal);
    tree_close(s->tree);
    pthread_mutex_destroy(&s->writer);
    pthread_mutex_destroy(&s->folding);
    pthread_rwlock_destroy(&s->view);
    pthread_mutex_destroy(&s->folder_thread.mutex);
    pthread_cond_destroy(&s->folder_thread.changed);
    free(s->folder);
    free(s);
}

enum err tables_attach(struct tables_txn *t, enum tables_content *ret_content)
{
    *ret_content = TABLES_OURS;
    if (t->kind != BARE)
        return ERR_OK;
    t->attaches = true;
    return tree_attach(t->tree, ret_content);
}

bool tables_broken(const struct tables *s)
{
    return tree_broken(s->tree) || (s->journal && journal_broken(s->journal));
}

/* ---- bare transactions: before the tables are attached, and without a journal ---- */

static enum err begin_bare(struct tables *s, bool writes, struct tables_txn **ret_txn)
{
    struct tables_txn *t = calloc(1, sizeof *t);
    enum err err;

    if (!t)
        return ERR_UNAVAILABLE;
    t->tables = s;
    t->kind = BARE;
    err = writes ? tree_begin_write(s->tree, &t->tree) : tree_begin_read(s->tree, &t->tree);
    if (err != ERR_OK) {
        free(t);
        return err;
    }
    *ret_txn = t;
    return ERR_OK;
}

static enum err commit_bare(struct tables_txn *t)
{
    struct tables *s = t->tables;
    bool attached = t->attaches;
    struct diag none;
    enum err err = tree_commit(t->tree);

    free(t);
    TRY(err);
    s->attached |= attached;
    return attached && wants_journal(s) ? tables_open_journal(s, true, &none) : ERR_OK;
}

/* ---- reading ---- */

/* Has a commit to the tree told that it is there, whose process was killed before it could. */
static enum err settle(struct tables *s)
{
    struct tree_txn *t;

    tree_rest(s->snapshot);
    TRY(tree_begin_write(s->tree, &t));
    tree_abort(t);
    return tree_renew(s->snapshot);
}

/* A snapshot for who has the writer's lock; the same one is renewed each time. Who writes goes on
 * from it, so it must be what was committed last. */
static enum err renew_snapshot(struct tables *s)
{
    if (s->snapshot)
        TRY(tree_renew(s->snapshot));
    else
        TRY(tree_begin_read(s->tree, &s->snapshot));
    return tree_is_newest(s->snapshot) ? ERR_OK : settle(s);
}

static enum err follow_now(struct tables *s)
{
    enum err err;

    TRY(journal_lock(s->journal));
    err = renew_snapshot(s);
    if (err == ERR_OK) {
        err = tables_follow(s, s->snapshot);
        tree_rest(s->snapshot);
    }
    journal_unlock(s->journal);
    return err;
}

/* Follows, unless a thread of ours is at it. */
static enum err catch_up(struct tables *s, bool wait)
{
    enum err err;

    if (wait)
        pthread_mutex_lock(&s->writer);
    else if (pthread_mutex_trylock(&s->writer) != 0)
        return ERR_OK;
    err = follow_now(s);
    pthread_mutex_unlock(&s->writer);
    return err;
}

/* Another process may have put everything into the tree and gone on from there, before we knew; or
 * it brings a generation into the tree whose last records we have not read.
 *
 * The snapshot is taken twice. Without `view`, since the file may have to be mapped anew for it,
 * which waits for who writes, who may be waiting for `view`. And again under it: commits that went
 * to the tree itself in between must not be missing beneath those that came to the journal after
 * them. */
static enum err begin_view(struct tables *s, struct tables_txn *t)
{
    bool outdated = true;

    TRY(catch_up(s, false));
    for (unsigned i = 0; i < VIEW_TRIES; i++) {
        enum err err;

        TRY(tree_begin_read(s->tree, &t->tree));
        pthread_rwlock_rdlock(&s->view);
        tree_rest(t->tree);
        err = tree_renew(t->tree);
        if (err == ERR_OK)
            err = tables_outdated(s, t->tree, &outdated);
        if (err == ERR_OK && !outdated)
            return ERR_OK;
        pthread_rwlock_unlock(&s->view);
        tree_abort(STEAL(t->tree));
        TRY(err);
        TRY(catch_up(s, true));
    }
    return ERR_UNAVAILABLE;
}

enum err tables_begin_read(struct tables *s, struct tables_txn **ret_txn)
{
    struct tables_txn *t;
    enum err err;

    if (!s->journal)
        return begin_bare(s, false, ret_txn);
    t = tables_broken(s) ? NULL : calloc(1, sizeof *t);
    if (!t)
        return ERR_UNAVAILABLE;
    t->tables = s;
    t->kind = READS;
    err = begin_view(s, t);
    if (err != ERR_OK) {
        free(t);
        return err;
    }
    *ret_txn = t;
    return ERR_OK;
}

static void end_reading(struct tables_txn *t)
{
    tree_abort(t->tree);
    pthread_rwlock_unlock(&t->tables->view);
    free(t);
}

/* ---- writing ---- */

static void end_writing(struct tables *s)
{
    if (s->write.tree)
        tree_rest(s->write.tree);
    s->write.tree = NULL;
    journal_unlock(s->journal);
    pthread_mutex_unlock(&s->writer);
}

static void clear_write(struct tables *s)
{
    struct tables_txn *t = &s->write;

    t->tables = s;
    t->kind = WRITES;
    t->reserve = RESERVE_KEPT;
    t->growth = 0;
    t->n = JOURNAL_RECORD_HEADER;
    overlay_clear(t->own);
    memset(t->sizes, 0, sizeof t->sizes);
}

enum err tables_begin_write(struct tables *s, struct tables_txn **ret_txn)
{
    enum err err;

    if (!s->journal)
        return begin_bare(s, true, ret_txn);
    pthread_mutex_lock(&s->writer);
    err = tables_broken(s) ? ERR_UNAVAILABLE : journal_lock(s->journal);
    if (err != ERR_OK) {
        pthread_mutex_unlock(&s->writer);
        return err;
    }
    tree_forget_dead_readers(s->tree);
    err = renew_snapshot(s);
    if (err == ERR_OK) {
        s->write.tree = s->snapshot;
        err = tables_follow(s, s->snapshot);
    }
    if (err != ERR_OK) {
        end_writing(s);
        return err;
    }
    clear_write(s);
    *ret_txn = &s->write;
    return ERR_OK;
}

void tables_abort(struct tables_txn *t)
{
    if (!t)
        return;
    if (t->kind == READS) {
        end_reading(t);
    } else if (t->kind == WRITES) {
        tables_forget_gaps(t->tables);
        end_writing(t->tables);
    } else {
        tree_abort(t->tree);
        free(t);
    }
}

void tables_use_reserve(struct tables_txn *t, enum tables_reserve part)
{
    if (t->kind == BARE)
        tree_use_reserve(t->tree, part);
    else if (part > t->reserve)
        t->reserve = part;
}

bool tables_changed_freely(const struct tables_txn *t)
{
    return t->kind == WRITES && t->n > JOURNAL_RECORD_HEADER && t->reserve == RESERVE_KEPT;
}

enum err tables_has_room(struct tables *s, size_t pages, bool *ret_room)
{
    return tree_has_room(s->tree, pages, RESERVE_KEPT, ret_room);
}

static enum err commit_writing(struct tables_txn *t)
{
    struct tables *s = t->tables;
    enum err err = ERR_OK;

    if (t->n > JOURNAL_RECORD_HEADER)
        err = tables_commit_entries(t);
    else if (s->active.number)
        err = journal_sync(s->journal, s->active.number);
    if (err != ERR_OK)
        tables_forget_gaps(s);
    end_writing(s);
    return err == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
}

enum err tables_commit(struct tables_txn *t)
{
    if (t->kind == WRITES)
        return commit_writing(t);
    if (t->kind == BARE)
        return commit_bare(t);
    end_reading(t);
    return ERR_OK;
}

/* ---- copies ---- */

enum err tables_copy(struct tables *s, const char *folder, struct diag *reterr)
{
    enum err err;

    if (!s->journal)
        return tree_copy(s->tree, folder, reterr);
    diag_set(reterr, "cannot bring the journal into the database: is the database full?");
    TRY(tables_begin_folded(s));
    err = tree_copy(s->tree, folder, reterr);
    tables_end_folded(s);
    return err;
}
