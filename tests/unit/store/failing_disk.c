#include "unit/store/failing_disk.h"

#include "unit/store/small_tables.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES_MAX = 4096, FILES_MAX = 16 };

/* What a page was before it was written to, since the last sync of its file. */
struct kept {
    int fd;
    ino_t file;
    off_t at;
    uint8_t before[PAGE];
};

struct known_file {
    int fd;
    ino_t file;
    off_t size; /* when it was synced last */
};

static struct {
    unsigned left;
    bool power;
    uint64_t random;
    unsigned n_kept, n_files;
    struct kept kept[PAGES_MAX];
    struct known_file files[FILES_MAX];
} disk;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* When files become shorter under a process that is about to end, its other threads may be there.
 */
static void wait_for_the_end(int signal_number)
{
    (void)signal_number;
    for (;;)
        pause();
}

void disk_stops(unsigned n, bool power, uint64_t seed)
{
    signal(SIGBUS, wait_for_the_end);
    signal(SIGSEGV, SIG_DFL);
    disk.left = n;
    disk.power = power;
    disk.random = seed;
    disk.n_kept = disk.n_files = 0;
}

static struct known_file *file_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return NULL;
    for (unsigned i = 0; i < disk.n_files; i++)
        if (disk.files[i].file == st.st_ino)
            return &disk.files[i];
    if (disk.n_files == FILES_MAX)
        abort();
    disk.files[disk.n_files] =
        (struct known_file){.fd = dup(fd), .file = st.st_ino, .size = st.st_size};
    return &disk.files[disk.n_files++];
}

static void keep_page(const struct known_file *f, off_t at)
{
    struct kept *k = &disk.kept[disk.n_kept];

    for (unsigned i = 0; i < disk.n_kept; i++)
        if (disk.kept[i].file == f->file && disk.kept[i].at == at)
            return;
    if (disk.n_kept++ == PAGES_MAX)
        abort();
    *k = (struct kept){.fd = f->fd, .file = f->file, .at = at};
    if (syscall(SYS_pread64, f->fd, k->before, PAGE, at) < 0)
        abort();
}

static void keep(int fd, off_t at, size_t n)
{
    const struct known_file *f = disk.power ? file_of(fd) : NULL;

    for (off_t page = at / PAGE * PAGE; f && page < at + (off_t)n; page += PAGE)
        keep_page(f, page);
}

/* What was written to the file of FD between FROM and TO is safe. */
static void forget(int fd, off_t from, off_t to)
{
    struct known_file *f = disk.power ? file_of(fd) : NULL;
    struct stat st;
    unsigned n = 0;

    if (!f)
        return;
    for (unsigned i = 0; i < disk.n_kept; i++)
        if (disk.kept[i].file != f->file || disk.kept[i].at < from || disk.kept[i].at >= to)
            disk.kept[n++] = disk.kept[i];
    disk.n_kept = n;
    if (fstat(fd, &st) == 0)
        f->size = st.st_size;
}

static void cut_power(void)
{
    for (unsigned i = 0; i < disk.n_kept; i++)
        if (small_random(&disk.random, 2) &&
            syscall(SYS_pwrite64, disk.kept[i].fd, disk.kept[i].before, PAGE, disk.kept[i].at) < 0)
            abort();
    for (unsigned i = 0; i < disk.n_files; i++) {
        struct stat st;

        if (fstat(disk.files[i].fd, &st) != 0)
            abort();
        if (st.st_size > disk.files[i].size && small_random(&disk.random, 2) &&
            syscall(SYS_ftruncate, disk.files[i].fd, disk.files[i].size) != 0)
            abort();
    }
}

/* Is this the call? Then it does not return; before it ends, a part of N bytes may be written. The
 * head of a file is written whole or not at all: LMDB cannot open a new file with half of one. */
static void call(int fd, const void *p, size_t n, off_t at)
{
    pthread_mutex_lock(&mutex);
    if (disk.left == 0 || --disk.left > 0)
        return;
    if (n > 0) {
        size_t part =
            at > 0 ? small_random(&disk.random, 3) * n / 2 : small_random(&disk.random, 2) * n;

        keep(fd, at, part);
        if (part && syscall(SYS_pwrite64, fd, p, part, at) < 0)
            abort();
    }
    if (disk.power)
        cut_power();
    kill(getpid(), SIGKILL);
    pause();
}

static bool writes_through(int fd)
{
    return fcntl(fd, F_GETFL) & O_DSYNC;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    ssize_t rc;

    call(fd, p, n, at);
    keep(fd, at, n);
    rc = syscall(SYS_pwrite64, fd, p, n, at);
    if (writes_through(fd))
        forget(fd, at / PAGE * PAGE, at + (off_t)n);
    pthread_mutex_unlock(&mutex);
    return rc;
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    (void)fd, (void)parts, (void)n, (void)at;
    abort(); /* nobody does */
}

static size_t all_of(const struct iovec *parts, int n)
{
    size_t all = 0;

    for (int i = 0; i < n; i++)
        all += parts[i].iov_len;
    return all;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t rc;

    call(fd, NULL, 0, 0);
    if (at >= 0)
        keep(fd, at, all_of(parts, n));
    rc = syscall(SYS_writev, fd, parts, n);
    pthread_mutex_unlock(&mutex);
    return rc;
}

int fdatasync(int fd)
{
    int rc;

    call(fd, NULL, 0, 0);
    rc = (int)syscall(SYS_fdatasync, fd);
    forget(fd, 0, INT64_MAX);
    pthread_mutex_unlock(&mutex);
    return rc;
}

int fsync(int fd)
{
    int rc;

    call(fd, NULL, 0, 0);
    rc = (int)syscall(SYS_fsync, fd);
    forget(fd, 0, INT64_MAX);
    pthread_mutex_unlock(&mutex);
    return rc;
}

int ftruncate(int fd, off_t size)
{
    int rc;

    call(fd, NULL, 0, 0);
    if (disk.power)
        (void)file_of(fd);
    rc = (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_unlock(&mutex);
    return rc;
}
