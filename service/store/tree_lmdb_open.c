/* Opening the file, and finding or making its tables. */
#include "store/tree_lmdb.h"

#include "store/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { MEGABYTE = 1024 * 1024 };

static const char *const table_names[TABLES] = {
#define X(name, text) [TABLE_##name] = text,
    TABLE_LIST(X)
#undef X
};

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

static int env_create(struct tree *s)
{
    int rc;

    tree_pid_pretend(s->pid);
    rc = mdb_env_create(&s->env);
    tree_pid_pretend(0);
    return rc;
}

static int env_open(struct tree *s, const struct tables_options *o)
{
    unsigned flags = MDB_NOTLS | (o->unsafe_no_sync ? (unsigned)MDB_NOSYNC : 0) |
                     (o->frozen ? (unsigned)(MDB_RDONLY | MDB_NOLOCK) : 0);
    MDB_stat stat;
    int dead, rc = env_create(s);

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

static int locked_open(struct tree *s, const struct tables_options *o)
{
    bool alone = o->frozen || o->plain;
    int rc = alone ? 0 : tree_lock_open(&s->slots, o->folder, "lock.mdb");

    if (rc == 0)
        rc = tree_lock(&s->slots);
    if (rc)
        return rc;
    rc = env_open(s, o);
    if (rc == 0 && !alone)
        rc = tree_lock_open(&s->writing, o->folder, "data.mdb");
    tree_unlock(&s->slots);
    return rc;
}

static enum err check_pid(struct tree *s, const char *folder, struct diag *reterr)
{
    auto_tree_txn *t = NULL;

    if (s->frozen) /* has no readers' slots */
        return ERR_OK;
    diag_set(reterr, "cannot read the database in %s", folder);
    TRY(tree_begin_read(s, &t));
    if (tree_pid_is_known(s->env, s->pid))
        return ERR_OK;
    diag_set(reterr,
             "cannot share the database in %s with other containers: this LMDB does not ask the "
             "program for its number (getpid); use the distribution's shared library",
             folder);
    return ERR_UNAVAILABLE;
}

static struct tree *tree_new(bool frozen)
{
    struct tree *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    pthread_rwlock_init(&s->mapping, NULL);
    tree_lock_init(&s->writing);
    tree_lock_init(&s->slots);
    s->frozen = frozen;
    return s;
}

enum err tree_open(const struct tables_options *options, struct tree **ret_tree,
                   struct diag *reterr)
{
    auto_tree *s = tree_new(options->frozen);
    bool was_root;
    int rc;

    if (!s) {
        diag_set(reterr, "out of memory");
        return ERR_UNAVAILABLE;
    }
    diag_set(reterr, "the system has no random numbers");
    TRY(tree_pid_draw(&s->pid));
    was_root = folder_become_owner(options->folder);
    rc = locked_open(s, options);
    if (was_root)
        folder_become_root();
    if (rc)
        return open_failed(options->folder, rc, reterr);
    TRY(check_pid(s, options->folder, reterr));
    *ret_tree = STEAL(s);
    return ERR_OK;
}

/* Should the lock fail, closing goes on: it is the rarer harm. */
static void env_close(struct tree *s)
{
    bool locked = tree_lock(&s->slots) == 0;

    tree_pid_pretend(s->pid);
    mdb_env_close(s->env);
    tree_pid_pretend(0);
    if (locked)
        tree_unlock(&s->slots);
}

void tree_close(struct tree *s)
{
    if (!s)
        return;
    if (s->env)
        env_close(s);
    tree_lock_close(&s->writing);
    tree_lock_close(&s->slots);
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
    auto_tree_txn *t = NULL;

    *ret_attached = false;
    TRY(tree_begin_read(s, &t));
    TRY(tree_translate(s, attach_all(s, t->txn, ret_attached)));
    return *ret_attached ? tree_commit(STEAL(t)) : ERR_OK;
}
