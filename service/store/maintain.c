/*
 * Walks tables row by row, in write transactions of a few milliseconds. A batch ends by the number
 * of rows looked at or written, whichever comes first; then the walker sleeps as long as the batch
 * took, since LMDB's lock is not fair and the service would wait for ever behind a busy walker.
 *
 * A row that cannot be read is left as it is and counted: one damaged user must not keep the keys
 * of all others from being rotated.
 */
#include "store/maintain.h"

#include "store/name_key.h"
#include "store/retries.h"
#include "store/store_lmdb_parts.h"

#include <stdlib.h>
#include <time.h>

enum { BATCH_SEEN = 8192, BATCH_WRITTEN = 256 };

/* ---- walking ---- */

enum row_fate { ROW_LEFT, ROW_WRITTEN, ROW_DAMAGED };

struct walk;
/* Looks at a row; KEY and VALUE are valid until it writes. */
typedef enum err row_work(struct walk *w, struct store_txn *t, const struct table_row *row,
                          enum row_fate *ret_fate);

struct walk {
    struct store *store;
    const struct work_progress *progress;
    enum table table;
    row_work *work;
    const struct user_visitor *visitor;
    struct user *user; /* room for one: too large for a stack */
    char org_name[ORG_MAX + 1];
    struct org org; /* of ORG_NAME, in this transaction */
    struct name_key at;
    uint64_t seen, total;
    struct work_done done;
};

static void note(struct walk *w, enum row_fate fate)
{
    w->seen++;
    w->done.written += fate == ROW_WRITTEN;
    w->done.damaged += fate == ROW_DAMAGED;
}

/* ERR_NOT_FOUND at the end of the table, after as much as could be done. */
static enum err walk_rows(struct walk *w, struct store_txn *t)
{
    uint64_t first_seen = w->seen, first_written = w->done.written;

    while (w->seen - first_seen < BATCH_SEEN && w->done.written - first_written < BATCH_WRITTEN) {
        enum row_fate fate = ROW_LEFT;
        struct table_row row;

        TRY(table_seek(t->tables, w->table, name_key_view(&w->at), &row));
        TRY(name_key_behind(row.key, &w->at));
        TRY(w->work(w, t, &row, &fate));
        note(w, fate);
    }
    return ERR_OK;
}

static enum err walk_batch(struct walk *w, bool *ret_end)
{
    const struct store_ops *ops = w->store->ops;
    auto_store_txn *t = NULL;
    enum err err;

    TRY(ops->begin(w->store, &t));
    w->org_name[0] = '\0';
    err = walk_rows(w, t);
    *ret_end = err == ERR_NOT_FOUND;
    if (!*ret_end)
        TRY(err);
    return ops->commit(STEAL(t));
}

static void rest_as_long_as(const struct timespec *began)
{
    struct timespec now;
    int64_t ns;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ns = (now.tv_sec - began->tv_sec) * INT64_C(1000000000) + now.tv_nsec - began->tv_nsec;
    nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

static bool goes_on(const struct walk *w)
{
    const struct work_progress *p = w->progress;

    return !p || !p->call || p->call(p->ctx, w->seen, w->total);
}

static enum err walk(struct walk *w)
{
    for (bool end = false; !end;) {
        struct timespec began;

        clock_gettime(CLOCK_MONOTONIC, &began);
        TRY(walk_batch(w, &end));
        if (!goes_on(w))
            return ERR_CONFLICT;
        if (!end)
            rest_as_long_as(&began);
    }
    return ERR_OK;
}

static enum err count_rows(struct store *s, enum table table, uint64_t *ret_n)
{
    auto_tables_txn *t = NULL;

    TRY(tables_begin_read(((struct store_lmdb *)s)->tables, &t));
    return table_count(t, table, ret_n);
}

/* ---- rows of users and orgs ---- */

static bool is_active(const struct store_txn *t, struct bytes row)
{
    uint32_t id;

    return row_key_id(row, &id) == ERR_OK && id == keyring_active(t->store->keyring);
}

static enum err reseal_org(struct walk *w, struct store_txn *t, const struct table_row *row,
                           enum row_fate *ret_fate)
{
    char name[ORG_MAX + 1], none[USERNAME_MAX + 1];
    struct org org;

    if (is_active(t, row->value))
        return ERR_OK;
    *ret_fate = ROW_DAMAGED;
    if (!name_key_names(row->key, name, none) || w->store->ops->load_org(t, name, &org))
        return ERR_OK;
    *ret_fate = ROW_WRITTEN;
    return w->store->ops->save_org(t, name, &org);
}

/* The visitor sees the user with the organization that it is in. */
static enum err visit(struct walk *w, struct store_txn *t, const struct user_id *id,
                      bool *ret_changed)
{
    *ret_changed = true;
    if (!w->visitor)
        return ERR_OK;
    if (strcmp(w->org_name, id->org) != 0) {
        if (w->store->ops->load_org(t, id->org, &w->org)) { /* it cannot be read */
            w->org = (struct org){.policy = policy_default()};
            w->org.policy.skew_steps = SKEW_STEPS_MAX;
        }
        memcpy(w->org_name, id->org, strlen(id->org) + 1);
    }
    return w->visitor->visit(w->visitor->ctx, id, &w->org, w->user, ret_changed);
}

static enum err work_on_user(struct walk *w, struct store_txn *t, const struct table_row *row,
                             enum row_fate *ret_fate)
{
    char org[ORG_MAX + 1], username[USERNAME_MAX + 1];
    const struct user_id id = {.org = org, .username = username};
    bool changed;

    *ret_fate = ROW_DAMAGED;
    if (!name_key_names(row->key, org, username) || w->store->ops->load_user(t, &id, w->user) ||
        w->store->ops->open_password(t, &id, w->user))
        return ERR_OK;
    TRY(visit(w, t, &id, &changed));
    *ret_fate = changed ? ROW_WRITTEN : ROW_LEFT;
    return changed ? w->store->ops->save_user(t, &id, w->user) : ERR_OK;
}

static enum err reseal_user(struct walk *w, struct store_txn *t, const struct table_row *row,
                            enum row_fate *ret_fate)
{
    return is_active(t, row->value) ? ERR_OK : work_on_user(w, t, row, ret_fate);
}

static void user_free(struct user *u)
{
    if (u)
        user_wipe(u);
    free(u);
}
DEFINE_CLEANUP(struct user, user_free);

static enum err walk_users(struct walk *w, struct work_done *ret_done)
{
    CLEANUP(user_freep) struct user *user = calloc(1, sizeof *user);
    enum err err;

    if (!user)
        return ERR_UNAVAILABLE;
    w->user = user;
    w->table = TABLE_USERS;
    TRY(count_rows(w->store, TABLE_USERS, &w->total));
    err = walk(w);
    ret_done->written += w->done.written;
    ret_done->damaged += w->done.damaged;
    return err;
}

/* ---- what the header promises ---- */

enum err store_lmdb_reseal(struct store *s, const struct work_progress *progress,
                           struct work_done *ret_done)
{
    struct walk orgs = {.store = s, .table = TABLE_ORGS, .work = reseal_org};
    struct walk users = {.store = s, .progress = progress, .work = reseal_user};

    TRY(walk(&orgs));
    *ret_done = orgs.done;
    return walk_users(&users, ret_done);
}

enum err store_lmdb_visit_users(struct store *s, const struct work_progress *progress,
                                const struct user_visitor *visitor, struct work_done *ret_done)
{
    struct walk users = {
        .store = s, .progress = progress, .work = work_on_user, .visitor = visitor};

    *ret_done = (struct work_done){0};
    return walk_users(&users, ret_done);
}

enum err store_lmdb_count_users(struct store *s, uint64_t *ret_n)
{
    return count_rows(s, TABLE_USERS, ret_n);
}

static enum err visit_org(struct store_txn *t, const struct table_row *row, org_visit *each,
                          void *ctx)
{
    auto_codec codec = codec_of(t);
    char name[ORG_MAX + 1] = "";
    struct org org;

    if (row->key.n > ORG_MAX)
        return ERR_UNAVAILABLE;
    memcpy(name, row->key.p, row->key.n);
    TRY(record_decode_org(&codec, name, row->value, &org));
    return each(ctx, name, &org);
}

enum err store_lmdb_visit_orgs(struct store *s, org_visit *each, void *ctx, uint64_t *ret_damaged)
{
    auto_store_txn *t = NULL;
    struct name_key at = {.n = 0};
    struct table_row row;
    enum err err;

    *ret_damaged = 0;
    TRY(s->ops->begin(s, &t));
    while ((err = table_seek(t->tables, TABLE_ORGS, name_key_view(&at), &row)) == ERR_OK) {
        TRY(name_key_behind(row.key, &at));
        *ret_damaged += visit_org(t, &row, each, ctx) != ERR_OK;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err store_lmdb_forget_answers(struct store *s)
{
    auto_store_txn *t = NULL;

    TRY(s->ops->begin(s, &t));
    TRY(retries_forget(t->tables, NULL));
    return s->ops->commit(STEAL(t));
}
