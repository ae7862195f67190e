/*
 * LMDB. A commit is copy-on-write: new pages are written and synced, then the root, so a crash at
 * any moment leaves the last committed state. Nothing that weakens this is used (no WRITEMAP,
 * NOMETASYNC, NOMEMINIT).
 *
 * A failed sync is the end: the kernel may drop the pages and call the next sync a success, so what
 * the disk holds is only known after a restart. tree_broken() says so. A full map is
 * not that: nothing was made visible, later transactions work. Nor is a full disk, when the kernel
 * says so; often it writes a part first, LMDB calls that EIO, and the process ends until there is
 * room.
 *
 * How a full map is kept usable: tree_lmdb_room.c.
 *
 * Another process with a larger size setting may grow the file. Mapping it anew is only allowed
 * while no transaction of this process runs: each holds `mapping` shared, the mapping exclusively.
 */
#include "store/tree_lmdb.h"
#include "store/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

enum {
    PUT_PAGES = 2, /* pages a row takes: a leaf and a split; paths are shared */
    MEGABYTE = 1024 * 1024,
};

enum err tree_translate(struct tree *s, int rc)
{
    if (rc == MDB_SUCCESS)
        return ERR_OK;
    if (rc == MDB_NOTFOUND)
        return ERR_NOT_FOUND;
    if (rc == EIO || rc == MDB_PANIC || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
        s->broken = true;
    return ERR_UNAVAILABLE;
}

static MDB_val val_of(struct bytes b)
{
    return (MDB_val){.mv_data = (void *)(uintptr_t)b.p, .mv_size = b.n};
}

static struct bytes bytes_of(MDB_val v)
{
    return (struct bytes){.p = v.mv_data, .n = v.mv_size};
}

bool tree_broken(const struct tree *s)
{
    return s->broken;
}

void tree_break(struct tree *s)
{
    s->broken = true;
}

size_t tree_page_bytes(const struct tree *s)
{
    return s->page_size;
}

/* ---- transactions ---- */

static bool writes(unsigned flags)
{
    return !(flags & MDB_RDONLY);
}

static int begin_mapped(struct tree *s, unsigned flags, MDB_txn **ret_txn)
{
    int rc = writes(flags) ? tree_lock(&s->writing) : 0;

    if (rc)
        return rc;
    pthread_rwlock_rdlock(&s->mapping);
    rc = tree_txn_begin(s, flags, ret_txn);
    if (rc == 0)
        return 0;
    pthread_rwlock_unlock(&s->mapping);
    if (writes(flags))
        tree_unlock(&s->writing);
    return rc;
}

static int map_again(struct tree *s)
{
    int rc;

    pthread_rwlock_wrlock(&s->mapping);
    rc = mdb_env_set_mapsize(s->env, 0);
    pthread_rwlock_unlock(&s->mapping);
    return rc;
}

static int begin_in_size(struct tree *s, unsigned flags, MDB_txn **ret_txn)
{
    int rc = begin_mapped(s, flags, ret_txn);

    if (rc != MDB_MAP_RESIZED)
        return rc;
    rc = map_again(s);
    return rc ? rc : begin_mapped(s, flags, ret_txn);
}

static enum err begin(struct tree *s, unsigned flags, struct tree_txn **ret_txn)
{
    struct tree_txn *t = s->broken ? NULL : calloc(1, sizeof *t);
    int rc;

    if (!t)
        return ERR_UNAVAILABLE;
    rc = begin_in_size(s, flags, &t->txn);
    if (rc) {
        free(t);
        return tree_translate(s, rc);
    }
    t->tree = s;
    t->writes = writes(flags);
    *ret_txn = t;
    return ERR_OK;
}

void tree_forget_dead_readers(struct tree *s)
{
    struct timespec now;
    int dead;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (atomic_exchange(&s->readers_checked_s, now.tv_sec) == now.tv_sec ||
        !tree_lock_try(&s->slots))
        return; /* in a second again */
    err_drop(tree_translate(s, mdb_reader_check(s->env, &dead)));
    tree_unlock(&s->slots);
}

enum err tree_begin_write(struct tree *s, struct tree_txn **ret_txn)
{
    tree_forget_dead_readers(s);
    return begin(s, 0, ret_txn);
}

enum err tree_begin_read(struct tree *s, struct tree_txn **ret_txn)
{
    return begin(s, MDB_RDONLY, ret_txn);
}

/* Resting, T does not hold the mapping. */
void tree_rest(struct tree_txn *t)
{
    mdb_txn_reset(t->txn);
    pthread_rwlock_unlock(&t->tree->mapping);
    t->rests = true;
}

static int renew_mapped(struct tree_txn *t)
{
    int rc;

    pthread_rwlock_rdlock(&t->tree->mapping);
    rc = mdb_txn_renew(t->txn);
    t->rests = rc != 0;
    if (rc)
        pthread_rwlock_unlock(&t->tree->mapping);
    return rc;
}

enum err tree_renew(struct tree_txn *t)
{
    struct tree *s = t->tree;
    int rc;

    if (s->broken)
        return ERR_UNAVAILABLE;
    rc = renew_mapped(t);
    if (rc == MDB_MAP_RESIZED) {
        rc = map_again(s);
        if (rc == 0)
            rc = renew_mapped(t);
    }
    return tree_translate(s, rc);
}

bool tree_is_newest(const struct tree_txn *t)
{
    MDB_envinfo info;

    mdb_env_info(t->tree->env, &info);
    return info.me_last_txnid <= mdb_txn_id(t->txn);
}

/* Behind LMDB's commit or abort. */
static void end(struct tree_txn *t)
{
    if (!t->rests)
        pthread_rwlock_unlock(&t->tree->mapping);
    if (t->writes)
        tree_unlock(&t->tree->writing);
    free(t);
}

void tree_abort(struct tree_txn *t)
{
    if (!t)
        return;
    mdb_txn_abort(t->txn);
    end(t);
}

/* Failures after which it is certain that nothing was committed. LMDB itself may still refuse to go
 * on, when it was the root that could not be written: a new transaction would tell. */
static bool outcome_known(struct tree *s, int rc)
{
    MDB_txn *probe;
    int begun;

    if (rc != MDB_MAP_FULL && rc != MDB_TXN_FULL && rc != MDB_BAD_TXN && rc != ENOSPC &&
        rc != EDQUOT && rc != EFBIG && rc != ENOMEM)
        return false;
    begun = tree_txn_begin(s, MDB_RDONLY, &probe);
    if (begun == 0)
        mdb_txn_abort(probe);
    return begun != MDB_PANIC;
}

enum err tree_commit(struct tree_txn *t)
{
    struct tree *s = t->tree;
    int rc = tree_check_room(t);

    if (rc) {
        tree_abort(t);
        return tree_translate(s, rc);
    }
    rc = mdb_txn_commit(t->txn);
    if (rc && !outcome_known(s, rc))
        s->broken = true;
    end(t);
    return rc ? ERR_UNAVAILABLE : ERR_OK;
}

void tree_use_reserve(struct tree_txn *t, enum tables_reserve part)
{
    if (part > t->reserve)
        t->reserve = part;
}

/* ---- rows ---- */

enum err tree_get(struct tree_txn *t, enum table table, struct bytes key, struct bytes *ret_value)
{
    MDB_val k = val_of(key), v;

    TRY(tree_translate(t->tree, mdb_get(t->txn, t->tree->dbi[table], &k, &v)));
    *ret_value = bytes_of(v);
    return ERR_OK;
}

static enum err put(struct tree_txn *t, enum table table, const struct table_row *row,
                    unsigned flags)
{
    MDB_val k = val_of(row->key), v = val_of(row->value);

    t->pages += PUT_PAGES + row->value.n / t->tree->page_size;
    return tree_translate(t->tree, mdb_put(t->txn, t->tree->dbi[table], &k, &v, flags));
}

enum err tree_put(struct tree_txn *t, enum table table, struct bytes key, struct bytes value)
{
    return put(t, table, &(struct table_row){.key = key, .value = value}, 0);
}

enum err tree_append(struct tree_txn *t, enum table table, struct bytes key, struct bytes value)
{
    return put(t, table, &(struct table_row){.key = key, .value = value}, MDB_APPEND);
}

enum err tree_erase(struct tree_txn *t, enum table table, struct bytes key)
{
    MDB_val k = val_of(key);
    int rc = mdb_del(t->txn, t->tree->dbi[table], &k, NULL);

    return rc == MDB_NOTFOUND ? ERR_OK : tree_translate(t->tree, rc);
}

enum err tree_count(struct tree_txn *t, enum table table, uint64_t *ret_rows)
{
    MDB_stat stat;

    TRY(tree_translate(t->tree, mdb_stat(t->txn, t->tree->dbi[table], &stat)));
    *ret_rows = stat.ms_entries;
    return ERR_OK;
}

enum err tree_bytes(struct tree_txn *t, enum table table, uint64_t *ret_bytes)
{
    MDB_stat stat;

    TRY(tree_translate(t->tree, mdb_stat(t->txn, t->tree->dbi[table], &stat)));
    *ret_bytes =
        (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
    return ERR_OK;
}
