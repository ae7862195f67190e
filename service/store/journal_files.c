/* The files of the journal: opening them, their headers, and who holds what. */
#include "store/journal_parts.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { FIRST_BYTES = 64 * 1024 };

struct file_header {
    char magic[16];
    uint8_t salt[JOURNAL_SALT_BYTES];
    uint64_t generation;
    uint64_t checksum;
};

static const char magic[16] = "twofold-journal";

/* ---- files ---- */

static enum err failed(struct diag *reterr, const char *path)
{
    diag_set(reterr, "cannot open or make %s: %s; is the disk full?", path, strerror(errno));
    return ERR_UNAVAILABLE;
}

bool journal_write(int fd, const void *p, size_t n, size_t at)
{
    const uint8_t *from = p;

    while (n > 0) {
        ssize_t wrote = pwrite(fd, from, n, (off_t)at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        from += wrote;
        at += (size_t)wrote;
        n -= (size_t)wrote;
    }
    return true;
}

/* Not with zeros: to write and sync them would hold up the commit that needs the room, by more than
 * a hundred others take. What is only set aside costs each of the first syncs a little. */
bool journal_grow(struct journal_file *f, size_t size)
{
    int rc;

    if (size <= f->size)
        return true;
    do
        rc = posix_fallocate(f->fd, (off_t)f->size, (off_t)(size - f->size));
    while (rc == EINTR);
    errno = rc;
    if (rc == 0)
        f->size = size;
    return rc == 0;
}

void journal_look_at_size(struct journal_file *f)
{
    struct stat st;

    if (fstat(f->fd, &st) != 0)
        return;
    f->size = (size_t)st.st_size;
    if (f->map && f->size > f->mapped)
        f->size = f->mapped;
}

static enum err open_named(const struct journal_options *o, const char *name, int *ret_fd,
                           struct diag *reterr)
{
    char path[PATH_MAX];
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (o->make ? O_CREAT : 0);

    if (snprintf(path, sizeof path, "%s/%s", o->folder, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return failed(reterr, o->folder);
    }
    *ret_fd = open(path, flags, 0600);
    if (*ret_fd >= 0)
        return ERR_OK;
    if (errno != ENOENT)
        return failed(reterr, path);
    diag_set(reterr,
             "%s is missing: the database is not whole without it, the newest changes are lost; "
             "put it back, or restore a backup",
             path);
    return ERR_NOT_FOUND;
}

static enum err open_file(struct journal *j, const struct journal_options *o, unsigned i,
                          struct diag *reterr)
{
    static const char *const names[JOURNAL_FILES] = {"journal.0", "journal.1"};
    struct journal_file *f = &j->file[i];

    TRY(open_named(o, names[i], &f->fd, reterr));
    journal_look_at_size(f);
    if (f->size < JOURNAL_FILE_HEADER && !journal_grow(f, FIRST_BYTES))
        return failed(reterr, names[i]);
    f->mapped = f->size > j->bytes_max ? f->size : j->bytes_max;
    f->map = mmap(NULL, f->mapped, PROT_READ, MAP_SHARED, f->fd, 0);
    if (f->map == MAP_FAILED) {
        f->map = NULL;
        return failed(reterr, names[i]);
    }
    return ERR_OK;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    for (unsigned i = 0; i < JOURNAL_FILES; i++) {
        if (j->file[i].map)
            munmap(j->file[i].map, j->file[i].mapped);
        if (j->file[i].fd >= 0)
            close(j->file[i].fd);
    }
    if (j->lock >= 0)
        close(j->lock);
    if (j->folding >= 0)
        close(j->folding);
    free(j);
}
DEFINE_CLEANUP(struct journal, journal_close);
#define auto_journal CLEANUP(journal_closep) struct journal

/* ---- headers of files ---- */

static uint64_t checksum_of(const struct file_header *h)
{
    return XXH3_64bits(h, offsetof(struct file_header, checksum));
}

static bool same(const void *a, const void *b, size_t n)
{
    return bytes_equal((struct bytes){.p = a, .n = n}, (struct bytes){.p = b, .n = n});
}

static bool header_read(const struct journal *j, const struct journal_file *f,
                        struct file_header *ret)
{
    memcpy(ret, f->map, sizeof *ret);
    return same(ret->magic, magic, sizeof magic) && same(ret->salt, j->salt, sizeof ret->salt) &&
           ret->checksum == checksum_of(ret);
}

bool journal_header_write(struct journal *j, struct journal_file *f, uint64_t generation)
{
    struct file_header h = {.generation = generation};

    memcpy(h.magic, magic, sizeof h.magic);
    memcpy(h.salt, j->salt, sizeof h.salt);
    h.checksum = checksum_of(&h);
    return journal_write(f->fd, &h, sizeof h, 0) && (j->no_sync || fdatasync(f->fd) == 0);
}

bool journal_has(const struct journal *j, uint64_t generation)
{
    struct file_header h;

    return header_read(j, journal_file_of_const(j, generation), &h) && h.generation == generation;
}

bool journal_has_begun(const struct journal *j, uint64_t generation)
{
    struct file_header h;

    return header_read(j, journal_file_of_const(j, generation), &h) && h.generation >= generation;
}

/* The generation that it will hold next, or holds, or that before; nothing in a new journal. */
static bool fits(const struct journal *j, uint64_t generation)
{
    struct file_header h;

    return header_read(j, journal_file_of_const(j, generation), &h) &&
           (h.generation == generation || h.generation + JOURNAL_FILES == generation ||
            (h.generation == 0 && generation <= JOURNAL_FILES));
}

bool journal_fits(const struct journal *j, uint64_t folded)
{
    return fits(j, folded + 1) && fits(j, folded + 2) &&
           (journal_has(j, folded + 1) || !journal_has(j, folded + 2));
}

static enum err check_owner(const struct journal *j, struct diag *reterr)
{
    struct file_header h;

    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (header_read(j, &j->file[i], &h))
            return ERR_OK;
    diag_set(reterr,
             "journal.0 and journal.1 belong to another database than data.mdb beside them: put "
             "files that belong together into one folder, or restore a backup");
    return ERR_NOT_FOUND;
}

/* Both files say whose they are before they are used, and hold no generation. */
static enum err own(struct journal *j, struct diag *reterr)
{
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (!journal_header_write(j, &j->file[i], 0))
            return failed(reterr, "the journal");
    return ERR_OK;
}

enum err journal_open(const struct journal_options *o, struct journal **ret_journal,
                      struct diag *reterr)
{
    auto_journal *j = calloc(1, sizeof *j);

    if (!j) {
        diag_set(reterr, "out of memory");
        return ERR_UNAVAILABLE;
    }
    j->lock = j->folding = -1;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        j->file[i].fd = -1;
    memcpy(j->salt, o->salt, sizeof j->salt);
    j->bytes_max = o->bytes_max;
    j->no_sync = o->unsafe_no_sync;
    TRY(open_named(o, "journal.lock", &j->lock, reterr));
    TRY(open_named(o, "folding.lock", &j->folding, reterr));
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        TRY(open_file(j, o, i, reterr));
    TRY(o->make ? own(j, reterr) : check_owner(j, reterr));
    *ret_journal = STEAL(j);
    return ERR_OK;
}

bool journal_broken(const struct journal *j)
{
    return j->broken;
}

/* ---- locks ---- */

enum err journal_flock(int fd, int how)
{
    int rc;

    do
        rc = flock(fd, how);
    while (rc != 0 && errno == EINTR);
    if (rc == 0)
        return ERR_OK;
    return errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_UNAVAILABLE;
}

enum err journal_lock(struct journal *j)
{
    return journal_flock(j->lock, LOCK_EX);
}

void journal_unlock(struct journal *j)
{
    flock(j->lock, LOCK_UN);
}

enum err journal_lock_folding(struct journal *j, bool wait)
{
    return journal_flock(j->folding, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
}

void journal_unlock_folding(struct journal *j)
{
    flock(j->folding, LOCK_UN);
}
