/*
 * LMDB. A commit is copy-on-write: new pages are written and synced, then the root, so a crash at
 * any moment leaves the last committed state. Nothing that weakens this is used (no WRITEMAP,
 * NOMETASYNC, NOMEMINIT).
 *
 * A failed sync is the end: the kernel may drop the pages and call the next sync a success, so what
 * the disk holds is only known after a restart. tables_broken() says so. A full map is
 * not that: nothing was made visible, later transactions work. Nor is a full disk, when the kernel
 * says so; often it writes a part first, LMDB calls that EIO, and the process ends until there is
 * room.
 *
 * How a full map is kept usable: tables_lmdb_room.c.
 *
 * Another process with a larger size setting may grow the file. Mapping it anew is only allowed
 * while no transaction of this process runs: each holds `mapping` shared, the mapping exclusively.
 */
#include "store/tables_lmdb.h"
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

enum err tables_translate(struct tables *s, int rc)
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

static int env_open(struct tables *s, const struct tables_options *o)
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

enum err tables_open(const struct tables_options *options, struct tables **ret_tables,
                     struct diag *reterr)
{
    auto_tables *s = NULL;
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
    *ret_tables = STEAL(s);
    return ERR_OK;
}

void tables_close(struct tables *s)
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

static int attach_one(struct tables_txn *t, unsigned i)
{
    unsigned make = t->tables->frozen ? 0 : MDB_CREATE;
    int rc = mdb_dbi_open(t->txn, table_names[i], make, &t->tables->dbi[i]);

    if (rc != MDB_NOTFOUND || i < TABLES_AT_FIRST)
        return rc;
    t->tables->dbi[i] = table_missing;
    return 0;
}

enum err tables_attach(struct tables_txn *t, enum tables_content *ret_content)
{
    enum tables_content content;
    int rc = content_of(t->txn, &content);

    if (rc == 0 && content == TABLES_EMPTY && t->tables->frozen)
        content = TABLES_FOREIGN;
    for (unsigned i = 0; rc == 0 && content != TABLES_FOREIGN && i < TABLES; i++)
        rc = attach_one(t, i);
    if (rc)
        return tables_translate(t->tables, rc);
    *ret_content = content;
    return ERR_OK;
}

bool tables_broken(const struct tables *s)
{
    return s->broken;
}

/* ---- transactions ---- */

static int begin_mapped(struct tables *s, unsigned flags, MDB_txn **ret_txn)
{
    int rc;

    pthread_rwlock_rdlock(&s->mapping);
    rc = mdb_txn_begin(s->env, NULL, flags, ret_txn);
    if (rc)
        pthread_rwlock_unlock(&s->mapping);
    return rc;
}

static int map_again(struct tables *s)
{
    int rc;

    pthread_rwlock_wrlock(&s->mapping);
    rc = mdb_env_set_mapsize(s->env, 0);
    pthread_rwlock_unlock(&s->mapping);
    return rc;
}

static enum err begin(struct tables *s, unsigned flags, struct tables_txn **ret_txn)
{
    struct tables_txn *t = s->broken ? NULL : calloc(1, sizeof *t);
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
        return tables_translate(s, rc);
    }
    t->tables = s;
    *ret_txn = t;
    return ERR_OK;
}

/* Once a second at most. What a process was reading when it was killed would otherwise be kept from
 * use, and the file grow with every commit, until another process starts. */
static void forget_dead_readers(struct tables *s)
{
    struct timespec now;
    int dead;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (atomic_exchange(&s->readers_checked_s, now.tv_sec) != now.tv_sec)
        err_drop(tables_translate(s, mdb_reader_check(s->env, &dead)));
}

enum err tables_begin_write(struct tables *s, struct tables_txn **ret_txn)
{
    forget_dead_readers(s);
    return begin(s, 0, ret_txn);
}

enum err tables_begin_read(struct tables *s, struct tables_txn **ret_txn)
{
    return begin(s, MDB_RDONLY, ret_txn);
}

void tables_abort(struct tables_txn *t)
{
    if (!t)
        return;
    mdb_txn_abort(t->txn);
    pthread_rwlock_unlock(&t->tables->mapping);
    free(t);
}

/* Failures after which it is certain that nothing was committed. LMDB itself may still refuse to go
 * on, when it was the root that could not be written: a new transaction would tell. */
static bool outcome_known(struct tables *s, int rc)
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

enum err tables_commit(struct tables_txn *t)
{
    struct tables *s = t->tables;
    int rc = tables_check_room(t);

    if (rc) {
        tables_abort(t);
        return tables_translate(s, rc);
    }
    rc = mdb_txn_commit(t->txn);
    if (rc && !outcome_known(s, rc))
        s->broken = true;
    pthread_rwlock_unlock(&s->mapping);
    free(t);
    return rc ? ERR_UNAVAILABLE : ERR_OK;
}

void tables_use_reserve(struct tables_txn *t, enum tables_reserve part)
{
    if (part > t->reserve)
        t->reserve = part;
}

/* ---- rows ---- */

enum err table_get(struct tables_txn *t, enum table table, struct bytes key,
                   struct bytes *ret_value)
{
    MDB_val k = val_of(key), v;

    TRY(tables_translate(t->tables, mdb_get(t->txn, t->tables->dbi[table], &k, &v)));
    *ret_value = bytes_of(v);
    return ERR_OK;
}

static enum err put(struct tables_txn *t, enum table table, const struct table_row *row,
                    unsigned flags)
{
    MDB_val k = val_of(row->key), v = val_of(row->value);

    t->pages += PUT_PAGES + row->value.n / t->tables->page_size;
    return tables_translate(t->tables, mdb_put(t->txn, t->tables->dbi[table], &k, &v, flags));
}

enum err table_put(struct tables_txn *t, enum table table, struct bytes key, struct bytes value)
{
    return put(t, table, &(struct table_row){.key = key, .value = value}, 0);
}

enum err table_append(struct tables_txn *t, enum table table, struct bytes key, struct bytes value)
{
    return put(t, table, &(struct table_row){.key = key, .value = value}, MDB_APPEND);
}

enum err table_erase(struct tables_txn *t, enum table table, struct bytes key)
{
    MDB_val k = val_of(key);
    int rc = mdb_del(t->txn, t->tables->dbi[table], &k, NULL);

    return rc == MDB_NOTFOUND ? ERR_OK : tables_translate(t->tables, rc);
}

static enum err find(struct tables_txn *t, enum table table, struct bytes key, MDB_cursor_op op,
                     struct table_row *ret_row)
{
    MDB_cursor *cursor;
    MDB_val k = val_of(key), v;
    int rc = mdb_cursor_open(t->txn, t->tables->dbi[table], &cursor);

    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, op);
        mdb_cursor_close(cursor);
    }
    TRY(tables_translate(t->tables, rc));
    *ret_row = (struct table_row){.key = bytes_of(k), .value = bytes_of(v)};
    return ERR_OK;
}

enum err table_count(struct tables_txn *t, enum table table, uint64_t *ret_rows)
{
    MDB_stat stat;

    TRY(tables_translate(t->tables, mdb_stat(t->txn, t->tables->dbi[table], &stat)));
    *ret_rows = stat.ms_entries;
    return ERR_OK;
}

enum err table_bytes(struct tables_txn *t, enum table table, uint64_t *ret_bytes)
{
    MDB_stat stat;

    TRY(tables_translate(t->tables, mdb_stat(t->txn, t->tables->dbi[table], &stat)));
    *ret_bytes =
        (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
    return ERR_OK;
}

enum err table_seek(struct tables_txn *t, enum table table, struct bytes key,
                    struct table_row *ret_row)
{
    return find(t, table, key, key.n ? MDB_SET_RANGE : MDB_FIRST, ret_row);
}

enum err table_last(struct tables_txn *t, enum table table, struct table_row *ret_row)
{
    return find(t, table, (struct bytes){0}, MDB_LAST, ret_row);
}
