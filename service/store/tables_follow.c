/*
 * Several processes may have one folder open. Each keeps an index of the journal in memory; before
 * a transaction it reads on from where it stopped, and looks into the tree for what was folded.
 */
#include "store/tables_parts.h"

#include "crypto/random.h"
#include "store/big_endian.h"
#include "store/folder.h"

enum { MARK_BYTES = JOURNAL_SALT_BYTES + 8, DEFAULT_MB = 128, MAX_SHARE = 4 };

/* The mark is the salt, and the last generation that the tree has. */

static enum err read_mark(struct tree_txn *t, uint8_t ret_mark[static MARK_BYTES])
{
    struct bytes mark;

    TRY(tree_get(t, TABLE_META, bytes_of_text(TABLES_JOURNAL_KEY), &mark));
    if (mark.n != MARK_BYTES)
        return ERR_UNAVAILABLE;
    memcpy(ret_mark, mark.p, MARK_BYTES);
    return ERR_OK;
}

enum err tables_folded(struct tree_txn *t, uint64_t *ret_generation)
{
    uint8_t mark[MARK_BYTES];

    if (read_mark(t, mark) != ERR_OK)
        return ERR_UNAVAILABLE;
    *ret_generation = be_get(mark + JOURNAL_SALT_BYTES, 8);
    return ERR_OK;
}

static enum err put_mark(struct tree_txn *t, uint8_t *mark, uint64_t generation)
{
    be_put(mark + JOURNAL_SALT_BYTES, 8, generation);
    return tree_put(t, TABLE_META, bytes_of_text(TABLES_JOURNAL_KEY),
                    (struct bytes){.p = mark, .n = MARK_BYTES});
}

enum err tables_set_folded(struct tree_txn *t, uint64_t generation)
{
    uint8_t mark[MARK_BYTES];

    TRY(read_mark(t, mark));
    return put_mark(t, mark, generation);
}

/* ---- generations ---- */

void tables_drop(struct tables *s, struct generation *g)
{
    if (g->number == 0)
        return;
    tables_stop_folding(s);
    pthread_rwlock_wrlock(&s->view);
    journal_release(s->journal, g->number);
    overlay_free(g->overlay);
    *g = (struct generation){.number = 0};
    pthread_rwlock_unlock(&s->view);
}

static enum err add_generation(struct tables *s, uint64_t number)
{
    struct overlay *overlay = overlay_new();

    if (!overlay) {
        journal_release(s->journal, number);
        return ERR_UNAVAILABLE;
    }
    overlay_set_base(overlay, journal_base(s->journal, number));
    pthread_rwlock_wrlock(&s->view);
    s->frozen = s->active;
    s->active = (struct generation){.number = number, .overlay = overlay};
    pthread_rwlock_unlock(&s->view);
    return ERR_OK;
}

enum err tables_start_generation(struct tables *s, uint64_t number)
{
    if (s->active.number) /* what comes behind it must not outlive it */
        TRY(journal_sync(s->journal, s->active.number));
    TRY(journal_start(s->journal, number));
    return add_generation(s, number);
}

/* Where there is room for two, the older one has been folded. */
static enum err take_generation(struct tables *s, uint64_t number)
{
    tables_drop(s, &s->frozen);
    TRY(journal_hold(s->journal, number));
    return add_generation(s, number);
}

static enum err note_entry(struct tables *s, struct tree_txn *t, size_t at, const struct entry *e)
{
    struct overlay_key key = overlay_key(e->table, e->key);
    struct entry before;
    bool beneath = true;

    if (!overlay_find(s->active.overlay, &key, &before))
        TRY(tables_has_beneath(s, t, &key, &beneath));
    if (!beneath)
        s->active.growth += 2 * (e->key.n + e->value.n);
    tables_fill_gap(s, e->table, e->key);
    return overlay_note(s->active.overlay, &key, at, beneath);
}

static enum err note_record(struct tables *s, struct tree_txn *t, struct bytes record)
{
    const uint8_t *base = journal_base(s->journal, s->active.number);
    struct entry e;

    while (record.n > 0) {
        size_t n;

        TRY(entry_read(record, &e));
        TRY(note_entry(s, t, (size_t)(record.p - base), &e));
        n = entry_bytes(e.key.n, e.value.n);
        record = (struct bytes){.p = record.p + n, .n = record.n - n};
    }
    return ERR_OK;
}

/* What others have appended to the active generation. */
static enum err read_on(struct tables *s, struct tree_txn *t)
{
    struct bytes record;
    enum err err;

    while ((err = journal_next(s->journal, s->active.number, &record)) == ERR_OK) {
        pthread_rwlock_wrlock(&s->view);
        err = note_record(s, t, record);
        pthread_rwlock_unlock(&s->view);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void forget_folded(struct tables *s, uint64_t folded)
{
    if (s->active.number && s->active.number <= folded) {
        tables_drop(s, &s->active);
        tables_forget_gaps(s);
    }
    if (s->frozen.number && s->frozen.number <= folded)
        tables_drop(s, &s->frozen);
}

static enum err follow(struct tables *s, struct tree_txn *t)
{
    uint64_t folded, next;

    TRY(tables_folded(t, &folded));
    forget_folded(s, folded);
    if (s->active.number)
        TRY(read_on(s, t));
    next = (s->active.number ? s->active.number : folded) + 1;
    while (next <= folded + 2 && journal_has(s->journal, next)) {
        TRY(take_generation(s, next++));
        TRY(read_on(s, t));
    }
    return ERR_OK;
}

/* What was half taken over is forgotten, so that the next time begins anew. */
enum err tables_follow(struct tables *s, struct tree_txn *t)
{
    enum err err = follow(s, t);

    if (err == ERR_OK)
        return ERR_OK;
    tables_drop(s, &s->frozen);
    tables_drop(s, &s->active);
    tables_forget_gaps(s);
    return err;
}

/* Are our generations all that a tree has not which has those up to FOLDED? While they are dropped
 * one after the other, an older one would hide what the tree has, or one would be missing. */
static bool fit_together(const struct tables *s, uint64_t folded)
{
    const uint64_t active = s->active.number, frozen = s->frozen.number;

    if (active == 0)
        return frozen == 0;
    return active == folded + 1 || (active == folded + 2 && frozen == folded + 1);
}

enum err tables_outdated(struct tables *s, struct tree_txn *t, bool *ret_outdated)
{
    uint64_t folded, next;

    TRY(tables_folded(t, &folded));
    next = (s->active.number ? s->active.number : folded) + 1;
    *ret_outdated = !fit_together(s, folded) || journal_has_begun(s->journal, next);
    return ERR_OK;
}

/* ---- opening ---- */

static struct journal_options options_of(const struct tables *s, const uint8_t *salt, bool make)
{
    size_t mb = s->options.journal_mb ? s->options.journal_mb : DEFAULT_MB;
    size_t bytes = s->options.journal_bytes ? s->options.journal_bytes : mb * 1024 * 1024;
    struct journal_options o = {.folder = s->folder,
                                .bytes_max = MAX_SHARE * bytes,
                                .make = make,
                                .unsafe_no_sync = s->options.unsafe_no_sync};

    memcpy(o.salt, salt, sizeof o.salt);
    return o;
}

/* The files are there before the tree says so: a crash in between leaves files that nobody needs.
 * An older twofoldd, which knows no journal, must not take the tree for all there is. */
static enum err make_journal(struct tables *s, struct tree_txn *t, struct diag *reterr)
{
    uint8_t mark[MARK_BYTES] = {0}, format[FORMAT_BYTES];
    struct journal_options o;

    TRY(random_bytes(mark, JOURNAL_SALT_BYTES));
    o = options_of(s, mark, true);
    TRY(journal_open(&o, &s->journal, reterr));
    folder_sync(s->folder);
    tree_use_reserve(t, RESERVE_FOR_EMPTYING);
    be_put(format, sizeof format, FORMAT_WITH_JOURNAL);
    TRY(tree_put(t, TABLE_META, bytes_of_text(TABLES_FORMAT_KEY),
                 (struct bytes){.p = format, .n = sizeof format}));
    return put_mark(t, mark, 0);
}

static enum err open_or_make(struct tables *s, struct tree_txn *t, bool make, struct diag *reterr)
{
    uint8_t mark[MARK_BYTES];
    struct journal_options o;
    enum err err = read_mark(t, mark);

    if (err == ERR_NOT_FOUND)
        return make ? make_journal(s, t, reterr) : ERR_OK;
    TRY(err);
    o = options_of(s, mark, false);
    return journal_open(&o, &s->journal, reterr);
}

/* A record that counts behind one that does not was committed, and would be lost. */
static enum err check_whole(struct tables *s, struct diag *reterr)
{
    bool torn = (s->active.number && journal_is_torn(s->journal, s->active.number)) ||
                (s->frozen.number && journal_is_torn(s->journal, s->frozen.number));

    if (!torn)
        return ERR_OK;
    diag_set(reterr,
             "the journal in %s is damaged: what it holds behind the damage would be lost; restore "
             "a backup",
             s->folder);
    return ERR_UNAVAILABLE;
}

/* An older file, or one whose head is damaged, would pass for one that holds nothing. */
static enum err check_files(struct tables *s, struct tree_txn *t, struct diag *reterr)
{
    uint64_t folded;

    TRY(tables_folded(t, &folded));
    if (journal_fits(s->journal, folded))
        return ERR_OK;
    diag_set(reterr,
             "data.mdb, journal.0 and journal.1 in %s are not of the same time, or damaged: put "
             "files that belong together into one folder, or restore a backup",
             s->folder);
    return ERR_UNAVAILABLE;
}

static enum err load(struct tables *s, struct diag *reterr)
{
    auto_tree_txn *t = NULL;
    enum err err;

    TRY(journal_lock(s->journal));
    err = tree_begin_read(s->tree, &t);
    if (err == ERR_OK)
        err = check_files(s, t, reterr);
    if (err == ERR_OK)
        err = tables_follow(s, t);
    if (err == ERR_OK)
        err = check_whole(s, reterr);
    if (err == ERR_OK && s->active.number)
        err = journal_sync(s->journal, s->active.number);
    journal_unlock(s->journal);
    return err;
}

enum err tables_open_journal(struct tables *s, bool make, struct diag *reterr)
{
    auto_tree_txn *t = NULL;
    bool was_root;
    enum err err;

    diag_set(reterr, "cannot read the journal in %s: is it damaged?", s->folder);
    TRY(tree_begin_write(s->tree, &t));
    was_root = folder_become_owner(s->folder);
    err = open_or_make(s, t, make, reterr);
    if (was_root)
        folder_become_root();
    TRY(err);
    TRY(tree_commit(STEAL(t)));
    diag_set(reterr, "cannot read the journal in %s: is it damaged?", s->folder);
    if (s->journal)
        TRY(load(s, reterr));
    reterr->text[0] = '\0';
    return ERR_OK;
}
