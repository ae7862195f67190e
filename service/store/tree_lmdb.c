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

static const char *const table_names[TABLES] = {
#define X(name, text) [TABLE_##name] = text,
    TABLE_LIST(X)
#undef X
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

/* ---- opening ---- */

static enum err open_failed(const char *folder, int rc, struct diag *reterr)
{
    if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_CORRUPTED)
        diag_set(reterr, "%s/data.mdb is not a database or is damaged (%s); restore a backup",
                 folder, mdb_strerror(rc));
    else if (rc == EACCES || rc == EPERM || rc == EROFS)
        diag_set(reterr,
                 "cannot open the database in %s: %s; data.mdb and lock.mdb there must belong to "
                 "the user that the service runs as",
                 folder, mdb_strerror(rc));
    else
        diag_set(reterr,
                 "cannot open the database in %s: %s; check the folder (TWOFOLD_DATA_DIR), its "
                 "disk, and the memory that TWOFOLD_DB_SIZE_MB asks for",
                 folder, mdb_strerror(rc));
    return ERR_UNAVAILABLE;
}

static int env_open(struct tree *s, const struct tables_options *o)
{
    unsigned flags = MDB_NOTLS | (o->unsafe_no_sync ? (unsigned)MDB_NOSYNC : 0) |
                     (o->frozen ? (unsigned)(MDB_RDONLY | MDB_NOLOCK) : 0);
    MDB_stat stat;
    int dead, rc = mdb_env_create(&s->env);

    if (rc == 0)
        rc = mdb_env_set_mapsize(s->env, (size_t)o->size_mb * MEGABYTE);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(s->env, TABLES);
    if (rc == 0)
        rc = mdb_env_open(s->env, o->folder, flags, 0600);
    if (rc == 0 && !o->frozen)
        rc = mdb_reader_check(s->env, &dead);
    if (rc == 0)
        rc = mdb_env_stat(s->env, &stat);
    if (rc == 0)
        s->page_size = stat.ms_psize;
    return rc;
}

enum err tree_open(const struct tables_options *options, struct tree **ret_tree,
                   struct diag *reterr)
{
    auto_tree *s = NULL;
    bool was_root;
    int rc;

    s = calloc(1, sizeof *s);
    if (!s) {
        diag_set(reterr, "out of memory");
        return ERR_UNAVAILABLE;
    }
    pthread_rwlock_init(&s->mapping, NULL);
    s->frozen = options->frozen;
    was_root = folder_become_owner(options->folder);
    rc = env_open(s, options);
    if (was_root)
        folder_become_root();
    if (rc)
        return open_failed(options->folder, rc, reterr);
    *ret_tree = STEAL(s);
    return ERR_OK;
}

void tree_close(struct tree *s)
{
    if (!s)
        return;
    if (s->env)
        mdb_env_close(s->env);
    pthread_rwlock_destroy(&s->mapping);
    free(s);
}

static int content_of(MDB_txn *txn, enum tables_content *ret_content)
{
    MDB_dbi root, meta;
    MDB_stat stat;
    int rc = mdb_dbi_open(txn, NULL, 0, &root);

    if (rc == 0)
        rc = mdb_stat(txn, root, &stat);
    if (rc)
        return rc;
    rc = mdb_dbi_open(txn, table_names[TABLE_META], 0, &meta);
    if (rc == 0)
        *ret_content = TABLES_OURS;
    else if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
        *ret_content = stat.ms_entries ? TABLES_FOREIGN : TABLES_EMPTY;
    else
        return rc;
    return 0;
}

/* A number that LMDB gives to no table, and refuses. */
static const MDB_dbi table_missing = UINT_MAX;

static int attach_one(struct tree_txn *t, unsigned i)
{
    unsigned make = t->tree->frozen ? 0 : MDB_CREATE;
    int rc = mdb_dbi_open(t->txn, table_names[i], make, &t->tree->dbi[i]);

    if (rc != MDB_NOTFOUND || i < TABLES_AT_FIRST)
        return rc;
    t->tree->dbi[i] = table_missing;
    return 0;
}

enum err tree_attach(struct tree_txn *t, enum tables_content *ret_content)
{
    enum tables_content content;
    int rc = content_of(t->txn, &content);

    if (rc == 0 && content == TABLES_EMPTY && t->tree->frozen)
        content = TABLES_FOREIGN;
    for (unsigned i = 0; rc == 0 && content != TABLES_FOREIGN && i < TABLES; i++)
        rc = attach_one(t, i);
    if (rc)
        return tree_translate(t->tree, rc);
    *ret_content = content;
    return ERR_OK;
}

static int begin_mapped(struct tree *s, unsigned flags, MDB_txn **ret_txn)
{
    int rc;

    pthread_rwlock_rdlock(&s->mapping);
    rc = mdb_txn_begin(s->env, NULL, flags, ret_txn);
    if (rc)
        pthread_rwlock_unlock(&s->mapping);
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

/* Handles that are opened in a reading transaction are kept when it is committed. */
static int attach_all(struct tree *s, MDB_txn *txn, bool *ret_attached)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < TABLES; i++)
        rc = mdb_dbi_open(txn, table_names[i], 0, &s->dbi[i]);
    *ret_attached = rc == 0;
    return rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE ? 0 : rc;
}

enum err tree_attach_known(struct tree *s, bool *ret_attached)
{
    MDB_txn *txn;
    int rc = begin_mapped(s, MDB_RDONLY, &txn);

    *ret_attached = false;
    if (rc)
        return tree_translate(s, rc);
    rc = attach_all(s, txn, ret_attached);
    if (*ret_attached)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    pthread_rwlock_unlock(&s->mapping);
    return tree_translate(s, rc);
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

static enum err begin(struct tree *s, unsigned flags, struct tree_txn **ret_txn)
{
    struct tree_txn *t = s->broken ? NULL : calloc(1, sizeof *t);
    int rc;

    if (!t)
        return ERR_UNAVAILABLE;
    rc = begin_mapped(s, flags, &t->txn);
    if (rc == MDB_MAP_RESIZED) {
        rc = map_again(s);
        if (rc == 0)
            rc = begin_mapped(s, flags, &t->txn);
    }
    if (rc) {
        free(t);
        return tree_translate(s, rc);
    }
    t->tree = s;
    *ret_txn = t;
    return ERR_OK;
}

void tree_forget_dead_readers(struct tree *s)
{
    struct timespec now;
    int dead;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (atomic_exchange(&s->readers_checked_s, now.tv_sec) != now.tv_sec)
        err_drop(tree_translate(s, mdb_reader_check(s->env, &dead)));
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

void tree_abort(struct tree_txn *t)
{
    if (!t)
        return;
    mdb_txn_abort(t->txn);
    if (!t->rests)
        pthread_rwlock_unlock(&t->tree->mapping);
    free(t);
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
    begun = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &probe);
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
    pthread_rwlock_unlock(&s->mapping);
    free(t);
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
