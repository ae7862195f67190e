/*
 * What a commit does with its entries: it appends them to the journal as one record, and only when
 * that is durable do the layers know them.
 *
 * What is in the journal must find room in the tree one day. As long as that is certain, commits go
 * to the journal. Near a full file they go to the tree, as they would without a journal: everything
 * is folded first, then the transaction is judged as it stands.
 */
#include "store/tables_parts.h"

enum { FOLD_PAGES = 1024 }; /* free ones, so that pages can be written anew while folding */

/* Will the tree have room for all that is in the journal, and T? */
static enum err journal_suffices(const struct tables_txn *t, bool *ret)
{
    const struct tables *s = t->tables;
    uint64_t growth = s->active.growth + s->frozen.growth + t->growth;
    size_t pages = (size_t)(growth / tree_page_bytes(s->tree)) + FOLD_PAGES;

    return tree_has_room(s->tree, pages, t->reserve, ret);
}

/* What lay in the record lies in the journal now, MOVED bytes further on. */
static enum err note_own(struct tables_txn *t, size_t moved)
{
    struct tables *s = t->tables;
    enum err err;

    pthread_rwlock_wrlock(&s->view);
    err = overlay_merge(s->active.overlay, t->own, moved);
    s->active.growth += t->growth;
    pthread_rwlock_unlock(&s->view);
    return err;
}

static enum err start_if_none(struct tables *s, struct tree_txn *t)
{
    uint64_t folded;

    if (s->active.number)
        return ERR_OK;
    TRY(tables_folded(t, &folded));
    return tables_start_generation(s, folded + 1);
}

static enum err append(struct tables_txn *t)
{
    struct tables *s = t->tables;
    size_t at;

    TRY(start_if_none(s, t->tree));
    TRY(journal_append(s->journal, s->active.number, t->record, t->n, &at));
    if (note_own(t, at) != ERR_OK)
        tree_break(s->tree); /* it is durable, and we do not know it: only a restart can */
    tables_fold_if_large(s);
    return ERR_OK;
}

static enum err apply(const struct tables_txn *t, struct tree_txn *to)
{
    for (size_t at = JOURNAL_RECORD_HEADER; at < t->n;) {
        struct entry e;

        TRY(entry_read((struct bytes){.p = t->record + at, .n = t->n - at}, &e));
        TRY(tables_fold_entry(to, &e));
        at += entry_bytes(e.key.n, e.value.n);
    }
    return ERR_OK;
}

/* The snapshot is let go: another process may have made the file longer, and to map it anew nobody
 * may hold it. */
static enum err commit_to_tree(struct tables_txn *t)
{
    auto_tree_txn *to = NULL;

    tables_forget_gaps(t->tables);
    tree_rest(t->tree);
    t->tree = NULL;
    TRY(tables_fold_all(t->tables));
    TRY(tree_begin_write(t->tables->tree, &to));
    tree_use_reserve(to, t->reserve);
    TRY(apply(t, to));
    return tree_commit(STEAL(to));
}

enum err tables_commit_entries(struct tables_txn *t)
{
    bool suffices;
    enum err err;

    TRY(journal_suffices(t, &suffices));
    if (!suffices)
        return commit_to_tree(t);
    err = append(t);
    /* No room in the file, or somebody keeps it. */
    return err == ERR_EXHAUSTED || err == ERR_CONFLICT ? commit_to_tree(t) : err;
}
