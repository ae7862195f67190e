/*
 * Locks before LMDB's. Its own two are mutexes in shared memory, whose word holds the number of the
 * thread that has it. Numbers of threads are those of a container: where two run the same program,
 * they are the same. When a thread is killed while it waits for such a mutex, the kernel looks
 * whether the word holds that thread's number, believes that the owner died, and gives the mutex
 * away, beneath one that lives in another container. Then two write.
 *
 * So nobody ever waits for LMDB's mutexes: who may need one has a lock of ours first, a flock,
 * which belongs to an open file and to no number. Killed, the kernel lets go of LMDB's mutex before
 * it closes the files; so whoever comes next finds a mutex that is free, or left by one who is
 * dead.
 *
 * `writing` is held as long as LMDB's mutex of the writer. `slots` is held for moments: while a
 * transaction begins, since that may take a reader's slot, or take the slots of the dead away; and
 * while the environment is opened or closed, because the last to close destroys the mutexes
 * (LMDB 0.9.31) that the next to open may be about to find. In this order: `writing`, `mapping`,
 * `slots`.
 *
 * A flock is the same for all threads that share the file, so there is a mutex of our own for
 * these.
 *
 * What is locked is data.mdb and lock.mdb, which are there anyway: a flock and the locks on bytes
 * that LMDB has on lock.mdb know nothing of each other. But a process loses those when it closes
 * the file, by whatever descriptor; so ours is closed last.
 */
#include "store/tree_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

void tree_lock_init(struct tree_lock *l)
{
    l->fd = -1;
    pthread_mutex_init(&l->mutex, NULL);
}

int tree_lock_open(struct tree_lock *l, const char *folder, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return ENAMETOOLONG;
    l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return l->fd < 0 ? errno : 0;
}

void tree_lock_close(struct tree_lock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    pthread_mutex_destroy(&l->mutex);
}

static int flock_file(const struct tree_lock *l, int how)
{
    int rc;

    if (l->fd < 0)
        return 0;
    do
        rc = flock(l->fd, how);
    while (rc != 0 && errno == EINTR);
    return rc ? errno : 0;
}

int tree_lock(struct tree_lock *l)
{
    int rc;

    pthread_mutex_lock(&l->mutex);
    rc = flock_file(l, LOCK_EX);
    if (rc)
        pthread_mutex_unlock(&l->mutex);
    return rc;
}

bool tree_lock_try(struct tree_lock *l)
{
    if (pthread_mutex_trylock(&l->mutex) != 0)
        return false;
    if (flock_file(l, LOCK_EX | LOCK_NB) == 0)
        return true;
    pthread_mutex_unlock(&l->mutex);
    return false;
}

void tree_unlock(struct tree_lock *l)
{
    flock_file(l, LOCK_UN);
    pthread_mutex_unlock(&l->mutex);
}

int tree_txn_begin(struct tree *s, unsigned flags, MDB_txn **ret_txn)
{
    int rc = tree_lock(&s->slots);

    if (rc)
        return rc;
    rc = mdb_txn_begin(s->env, NULL, flags, ret_txn);
    tree_unlock(&s->slots);
    return rc;
}
