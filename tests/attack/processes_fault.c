/*
 * A disk that fails or hangs on demand, put before libc and LMDB by LD_PRELOAD. The file named by
 * FAULT_CONTROL is mapped at start, so that a confined process needs no system call to look at it;
 * its first two characters say where and what:
 *
 *     f  fdatasync, fsync, msync: the data of a commit
 *     p  a write to the journal, or to a file that is opened to write through: the record, or the
 *        root, of a commit
 *     r  a transaction that only reads, just begun, and the lock around its begin let go
 *     c  a commit that has succeeded; the only fault there is to stand still
 *
 *     e  fail with EIO, once          n  fail with ENOSPC, once
 *     s  stand still until the second character is no 's' any more
 *
 * The third one becomes 'y' when it has happened.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WHERE, WHAT, DONE, CONTROL_BYTES };
enum { FILES_MAX = 1024 };

static volatile char *control;
static _Atomic bool is_journal[FILES_MAX];

static struct {
    int (*open)(const char *, int, ...);
    int (*open64)(const char *, int, ...);
    int (*fdatasync)(int);
    int (*fsync)(int);
    int (*msync)(void *, size_t, int);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*pwrite64)(int, const void *, size_t, off64_t);
    int (*mdb_txn_begin)(MDB_env *, MDB_txn *, unsigned int, MDB_txn **);
    int (*mdb_txn_commit)(MDB_txn *);
    int (*flock)(int, int);
    int (*pthread_mutex_unlock)(pthread_mutex_t *);
} real;

/* How far a thread is that begins to read: LMDB has begun, the file is unlocked, and then the mutex
 * (store/tree_lmdb_lock.c). */
static _Thread_local enum { NOT_READING, BEGUN, FILE_UNLOCKED } reading;

static void find(void *ret_function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(ret_function, &found, sizeof found);
}

static void find_all(void)
{
    find(&real.open, "open");
    find(&real.open64, "open64");
    find(&real.fdatasync, "fdatasync");
    find(&real.fsync, "fsync");
    find(&real.msync, "msync");
    find(&real.pwrite, "pwrite");
    find(&real.pwrite64, "pwrite64");
    find(&real.mdb_txn_begin, "mdb_txn_begin");
    find(&real.mdb_txn_commit, "mdb_txn_commit");
    find(&real.flock, "flock");
    find(&real.pthread_mutex_unlock, "pthread_mutex_unlock");
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULT_CONTROL");
    void *map;
    int fd;

    find_all();
    fd = path ? real.open(path, O_RDWR | O_CLOEXEC) : -1;
    map =
        fd < 0 ? MAP_FAILED : mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (map != MAP_FAILED)
        control = map;
}

/* The error to fail with, or 0. */
static int fault_at(char where)
{
    char what;

    if (!control || control[WHERE] != where || control[DONE] == 'y')
        return 0;
    what = control[WHAT];
    control[DONE] = 'y';
    while (what == 's' && control[WHAT] == 's')
        usleep(1000);
    return what == 'e' ? EIO : what == 'n' ? ENOSPC : 0;
}

static int fail_with(int error)
{
    errno = error;
    return -1;
}

int fdatasync(int fd)
{
    int error = fault_at('f'), rc = error ? fail_with(error) : real.fdatasync(fd);

    if (rc == 0 && fd < FILES_MAX && is_journal[fd])
        (void)fault_at('c');
    return rc;
}

int fsync(int fd)
{
    int error = fault_at('f');

    return error ? fail_with(error) : real.fsync(fd);
}

int msync(void *start_at, size_t n, int flags)
{
    int error = fault_at('f');

    return error ? fail_with(error) : real.msync(start_at, n, flags);
}

static int fault_of_write(int fd)
{
    int flags;

    if (!control || control[WHERE] != 'p')
        return 0;
    if (fd >= 0 && fd < FILES_MAX && is_journal[fd])
        return fault_at('p');
    flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DSYNC) ? fault_at('p') : 0;
}

static int note(const char *path, int fd)
{
    const char *name = strrchr(path, '/');

    if (fd >= 0 && fd < FILES_MAX)
        is_journal[fd] = name && strncmp(name, "/journal.", 9) == 0;
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    unsigned mode;

    va_start(rest, flags);
    mode = va_arg(rest, unsigned);
    va_end(rest);
    return note(path, real.open(path, flags, mode));
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    unsigned mode;

    va_start(rest, flags);
    mode = va_arg(rest, unsigned);
    va_end(rest);
    return note(path, real.open64(path, flags, mode));
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    int error = fault_of_write(fd);

    return error ? fail_with(error) : real.pwrite(fd, data, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    int error = fault_of_write(fd);

    return error ? fail_with(error) : real.pwrite64(fd, data, n, at);
}

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags, MDB_txn **ret_txn)
{
    int rc = real.mdb_txn_begin(env, parent, flags, ret_txn);

    if (rc == 0 && (flags & MDB_RDONLY))
        reading = BEGUN;
    return rc;
}

int flock(int fd, int how)
{
    int rc = real.flock(fd, how);

    if (how == LOCK_UN && reading == BEGUN)
        reading = FILE_UNLOCKED;
    return rc;
}

/* Others may call it before we have started. */
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    int rc;

    if (!real.pthread_mutex_unlock)
        find_all();
    rc = real.pthread_mutex_unlock(mutex);
    if (reading == FILE_UNLOCKED) {
        reading = NOT_READING;
        (void)fault_at('r');
    }
    return rc;
}

int mdb_txn_commit(MDB_txn *txn)
{
    int rc = real.mdb_txn_commit(txn);

    if (rc == 0)
        (void)fault_at('c');
    return rc;
}
