/*
 * A copy is read from one snapshot, page by page in the order of the tree, so it is consistent and
 * holds no free page: what was erased before is not in it. While it is being made, pages that it
 * still needs are not used again; a busy database grows by what is written meanwhile.
 */
#include "store/tree_lmdb.h"

#include <errno.h>

/* A size that another process gave the file is taken over here: LMDB's copy would stop at it. */
static enum err adopt_size(struct tree *s)
{
    auto_tree_txn *t = NULL;

    return tree_begin_read(s, &t);
}

enum err tree_copy(struct tree *s, const char *folder, struct diag *reterr)
{
    int rc;

    diag_set(reterr, "cannot read the database");
    TRY(adopt_size(s));
    pthread_rwlock_rdlock(&s->mapping);
    rc = mdb_env_copy2(s->env, folder, MDB_CP_COMPACT);
    pthread_rwlock_unlock(&s->mapping);
    if (rc == 0)
        return ERR_OK;
    diag_set(reterr, "cannot copy the database into %s: %s%s", folder, mdb_strerror(rc),
             rc == ENOSPC ? "; free space there, or name another place" : "");
    return ERR_UNAVAILABLE;
}
