/*
 * A copy is read from one snapshot, page by page in the order of the tree, so it is consistent and
 * holds no free page: what was erased before is not in it. While it is being made, pages that it
 * still needs are not used again; a busy database grows by what is written meanwhile.
 *
 * LMDB begins the transaction that it copies from itself, so `slots` must be held until that has
 * begun, and no longer, since others begin to read meanwhile. LMDB does not tell when. But the
 * first bytes of a copy come after it: so LMDB writes into a pipe, from a thread, and who reads
 * that knows. When the disk is full the pipe is read to its end all the same: LMDB waits for ever
 * for a signal, which a process may ignore, when nobody reads.
 */
#include "store/tree_lmdb.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

struct copier {
    MDB_env *env;
    int to, rc;
};

static void *copy_into_pipe(void *ctx)
{
    struct copier *c = ctx;

    c->rc = mdb_env_copyfd2(c->env, c->to, MDB_CP_COMPACT);
    close(c->to);
    return NULL;
}

/* The bytes that come next; 0 at the end. */
static size_t receive(int from, char ret[static PIECE_BYTES])
{
    ssize_t n;

    do
        n = read(from, ret, PIECE_BYTES);
    while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

static int put_all(int to, const char *from, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(to, from, n);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote ? errno : EIO;
        from += wrote;
        n -= (size_t)wrote;
    }
    return 0;
}

static int drain(struct tree *s, int from, int to)
{
    char piece[PIECE_BYTES];
    size_t n = receive(from, piece);
    int rc = 0;

    tree_unlock(&s->slots);
    for (; n > 0; n = receive(from, piece))
        if (rc == 0)
            rc = put_all(to, piece, n);
    return rc;
}

static int copy_through_pipe(struct tree *s, int to)
{
    struct copier copier = {.env = s->env};
    pthread_t thread;
    int ends[2], rc;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    copier.to = ends[1];
    rc = tree_lock(&s->slots);
    if (rc == 0) {
        rc = pthread_create(&thread, NULL, copy_into_pipe, &copier);
        if (rc)
            tree_unlock(&s->slots);
    }
    if (rc) {
        close(ends[0]);
        close(ends[1]);
        return rc;
    }
    rc = drain(s, ends[0], to);
    pthread_join(thread, NULL);
    close(ends[0]);
    return rc ? rc : copier.rc;
}

static int copy_to(struct tree *s, const char *folder)
{
    char path[PATH_MAX];
    auto_fd to = -1;
    int rc;

    if (snprintf(path, sizeof path, "%s/data.mdb", folder) >= (int)sizeof path)
        return ENAMETOOLONG;
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return errno;
    pthread_rwlock_rdlock(&s->mapping);
    rc = copy_through_pipe(s, to);
    pthread_rwlock_unlock(&s->mapping);
    return rc;
}

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
    rc = copy_to(s, folder);
    if (rc == 0)
        return ERR_OK;
    diag_set(reterr, "cannot copy the database into %s: %s%s", folder, mdb_strerror(rc),
             rc == ENOSPC ? "; free space there, or name another place" : "");
    return ERR_UNAVAILABLE;
}
