/*
 * Why not the tree alone: a commit of LMDB is two syncs one after the other, and a page for every
 * user that was changed. Here it is one write to the end of a file and one sync, whatever was
 * changed. The files are written over in turn, so in the long run their size does not change and a
 * sync has nothing but the data to write.
 *
 * A failed sync is the end, as for the tree: the kernel may forget what it could not write. The
 * record is made invalid before anybody can take it for committed, as far as that is possible.
 *
 * Processes that were killed leave a record that counts and was perhaps never synced. Whoever reads
 * it goes on from it, so it is synced before anything is told.
 */
#include "store/journal.h"

#include "base/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

enum {
    FILES = 2,
    FILE_HEADER = 4096,
    FIRST_BYTES = 64 * 1024,
    GROW_MAX = 16 * 1024 * 1024,
    ZEROS = 64 * 1024,
};

struct file_header {
    char magic[16];
    uint8_t salt[JOURNAL_SALT_BYTES];
    uint64_t generation;
    uint64_t checksum;
};

struct record_header {
    uint64_t checksum; /* over what follows */
    uint64_t number;
    uint64_t n; /* of the payload */
};

static_assert(sizeof(struct record_header) == JOURNAL_RECORD_HEADER, "room for the header");

struct file {
    int fd;
    uint8_t *map;        /* of bytes_max; what lies behind the file's end must not be touched */
    size_t size;         /* of the file, as far as we know */
    uint64_t generation; /* that we hold; 0: none */
    uint64_t seed;
    uint64_t records;
    size_t end;
};

struct journal {
    struct file file[FILES];
    int lock, folding;
    uint8_t salt[JOURNAL_SALT_BYTES];
    size_t bytes_max;
    bool no_sync, broken, unsynced;
};

static const char magic[16] = "twofold-journal";

static struct file *file_of(struct journal *j, uint64_t generation)
{
    return &j->file[generation % FILES];
}

static const struct file *file_of_const(const struct journal *j, uint64_t generation)
{
    return &j->file[generation % FILES];
}

/* ---- files ---- */

static enum err failed(struct diag *reterr, const char *path)
{
    diag_set(reterr, "cannot open or make %s: %s; is the disk full?", path, strerror(errno));
    return ERR_UNAVAILABLE;
}

static bool write_all(int fd, const void *p, size_t n, size_t at)
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

/* With zeros, not with a hole: a sync of a hole that was filled has to find it a place as well. */
static bool grow(struct file *f, size_t size)
{
    static const uint8_t zeros[ZEROS];

    while (f->size < size) {
        size_t n = size - f->size < ZEROS ? size - f->size : ZEROS;

        if (!write_all(f->fd, zeros, n, f->size))
            return false;
        f->size += n;
    }
    return true;
}

static void look_at_size(struct file *f)
{
    struct stat st;

    if (fstat(f->fd, &st) == 0)
        f->size = (size_t)st.st_size;
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
    static const char *const names[FILES] = {"journal.0", "journal.1"};
    struct file *f = &j->file[i];

    TRY(open_named(o, names[i], &f->fd, reterr));
    look_at_size(f);
    if (f->size < FILE_HEADER && !grow(f, FIRST_BYTES))
        return failed(reterr, names[i]);
    f->map = mmap(NULL, j->bytes_max, PROT_READ, MAP_SHARED, f->fd, 0);
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
    for (unsigned i = 0; i < FILES; i++) {
        if (j->file[i].map)
            munmap(j->file[i].map, j->bytes_max);
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

static bool header_read(const struct journal *j, const struct file *f, struct file_header *ret)
{
    memcpy(ret, f->map, sizeof *ret);
    return memcmp(ret->magic, magic, sizeof magic) == 0 &&
           memcmp(ret->salt, j->salt, sizeof ret->salt) == 0 && ret->checksum == checksum_of(ret);
}

static bool header_write(struct journal *j, struct file *f, uint64_t generation)
{
    struct file_header h = {.generation = generation};

    memcpy(h.magic, magic, sizeof h.magic);
    memcpy(h.salt, j->salt, sizeof h.salt);
    h.checksum = checksum_of(&h);
    return write_all(f->fd, &h, sizeof h, 0) && (j->no_sync || fdatasync(f->fd) == 0);
}

static enum err check_owner(const struct journal *j, struct diag *reterr)
{
    struct file_header h;

    for (unsigned i = 0; i < FILES; i++)
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
    for (unsigned i = 0; i < FILES; i++)
        if (!header_write(j, &j->file[i], 0))
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
    for (unsigned i = 0; i < FILES; i++)
        j->file[i].fd = -1;
    memcpy(j->salt, o->salt, sizeof j->salt);
    j->bytes_max = o->bytes_max;
    j->no_sync = o->unsafe_no_sync;
    TRY(open_named(o, "journal.lock", &j->lock, reterr));
    TRY(open_named(o, "folding.lock", &j->folding, reterr));
    for (unsigned i = 0; i < FILES; i++)
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

static enum err take(int fd, int how)
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
    return take(j->lock, LOCK_EX);
}

void journal_unlock(struct journal *j)
{
    flock(j->lock, LOCK_UN);
}

enum err journal_lock_folding(struct journal *j, bool wait)
{
    return take(j->folding, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
}

void journal_unlock_folding(struct journal *j)
{
    flock(j->folding, LOCK_UN);
}

/* ---- generations ---- */

size_t journal_bytes_max(const struct journal *j)
{
    return j->bytes_max;
}

bool journal_is_alone(struct journal *j)
{
    bool alone = true;

    for (unsigned i = 0; i < FILES; i++) {
        alone &= take(j->file[i].fd, LOCK_EX | LOCK_NB) == ERR_OK;
        if (j->file[i].generation == 0)
            flock(j->file[i].fd, LOCK_UN);
        else
            alone &= take(j->file[i].fd, LOCK_SH) == ERR_OK;
    }
    return alone;
}

bool journal_has(const struct journal *j, uint64_t generation)
{
    struct file_header h;

    return header_read(j, file_of_const(j, generation), &h) && h.generation == generation;
}

static void begin_at(struct journal *j, struct file *f, uint64_t generation)
{
    f->generation = generation;
    f->seed = XXH3_64bits_withSeed(j->salt, sizeof j->salt, generation);
    f->records = 0;
    f->end = FILE_HEADER;
}

enum err journal_hold(struct journal *j, uint64_t generation)
{
    struct file *f = file_of(j, generation);

    TRY(take(f->fd, LOCK_SH));
    begin_at(j, f, generation);
    return ERR_OK;
}

void journal_release(struct journal *j, uint64_t generation)
{
    struct file *f = file_of(j, generation);

    if (f->generation != generation)
        return;
    f->generation = 0;
    flock(f->fd, LOCK_UN);
}

enum err journal_start(struct journal *j, uint64_t generation)
{
    struct file *f = file_of(j, generation);

    TRY(take(f->fd, LOCK_EX | LOCK_NB));
    if (!header_write(j, f, generation)) {
        j->broken = true;
        return ERR_UNAVAILABLE;
    }
    begin_at(j, f, generation);
    return take(f->fd, LOCK_SH);
}

const uint8_t *journal_base(const struct journal *j, uint64_t generation)
{
    return file_of_const(j, generation)->map;
}

size_t journal_end(const struct journal *j, uint64_t generation)
{
    return file_of_const(j, generation)->end;
}

/* ---- records ---- */

static uint64_t record_checksum(const struct file *f, const uint8_t *record, size_t n)
{
    return XXH3_64bits_withSeed(record + sizeof(uint64_t), n - sizeof(uint64_t), f->seed);
}

/* Is there a record that counts at AT, with NUMBER or a later one? */
static bool record_at(const struct file *f, size_t at, uint64_t number, struct record_header *ret)
{
    if (f->size < at + sizeof *ret)
        return false;
    memcpy(ret, f->map + at, sizeof *ret);
    return ret->number >= number && ret->n > 0 && ret->n % 8 == 0 &&
           ret->n <= f->size - at - sizeof *ret &&
           ret->checksum == record_checksum(f, f->map + at, sizeof *ret + ret->n);
}

/* Whether it is worth to look: asked before every transaction. */
static bool has_next(struct file *f)
{
    struct record_header h;

    if (f->size < f->end + sizeof h)
        look_at_size(f);
    if (f->size < f->end + sizeof h)
        return false;
    memcpy(&h, f->map + f->end, sizeof h);
    return h.number == f->records + 1;
}

enum err journal_next(struct journal *j, uint64_t generation, struct bytes *ret)
{
    struct file *f = file_of(j, generation);
    struct record_header h;

    if (!has_next(f))
        return ERR_NOT_FOUND;
    look_at_size(f); /* another process may have made it longer */
    if (!record_at(f, f->end, f->records + 1, &h) || h.number != f->records + 1)
        return ERR_NOT_FOUND;
    *ret = (struct bytes){.p = f->map + f->end + sizeof h, .n = h.n};
    f->end += sizeof h + h.n;
    f->records++;
    j->unsynced = true;
    return ERR_OK;
}

bool journal_is_torn(struct journal *j, uint64_t generation)
{
    struct file *f = file_of(j, generation);
    struct record_header h;

    for (size_t at = f->end; at + sizeof h <= f->size; at += 8)
        if (record_at(f, at, f->records + 1, &h))
            return true;
    return false;
}

/* Room for N bytes more, and for a while. */
static bool make_room(struct journal *j, struct file *f, size_t n)
{
    size_t need = f->end + n, step = f->size < GROW_MAX ? f->size : GROW_MAX;

    if (need <= f->size)
        return true;
    look_at_size(f);
    if (need <= f->size)
        return true;
    need = need > f->size + step ? need : f->size + step;
    return grow(f, need < j->bytes_max ? need : j->bytes_max);
}

/* A part of a record does not count, so a full disk has done no harm. */
static enum err write_failed(struct journal *j)
{
    j->broken |= errno != ENOSPC && errno != EDQUOT && errno != EFBIG && errno != ENOMEM;
    return ERR_UNAVAILABLE;
}

/* What could not be synced must not count, for whoever reads the file before the disk is asked. */
static enum err sync_failed(struct journal *j, struct file *f)
{
    static const struct record_header none = {.n = 0};

    j->broken = true;
    (void)write_all(f->fd, &none, sizeof none, f->end);
    return ERR_UNAVAILABLE;
}

enum err journal_append(struct journal *j, uint64_t generation, uint8_t *record, size_t n,
                        size_t *ret_at)
{
    struct file *f = file_of(j, generation);
    struct record_header h = {.number = f->records + 1, .n = n - sizeof h};

    if (j->broken)
        return ERR_UNAVAILABLE;
    if (n > j->bytes_max - f->end)
        return ERR_EXHAUSTED;
    if (!make_room(j, f, n))
        return write_failed(j);
    memcpy(record, &h, sizeof h);
    h.checksum = record_checksum(f, record, n);
    memcpy(record, &h, sizeof h);
    if (!write_all(f->fd, record, n, f->end))
        return write_failed(j);
    if (!j->no_sync && fdatasync(f->fd) != 0)
        return sync_failed(j, f);
    *ret_at = f->end;
    f->end += n;
    f->records++;
    j->unsynced = false;
    return ERR_OK;
}

enum err journal_sync(struct journal *j, uint64_t generation)
{
    if (!j->unsynced || j->no_sync)
        return ERR_OK;
    if (fdatasync(file_of(j, generation)->fd) != 0) {
        j->broken = true;
        return ERR_UNAVAILABLE;
    }
    j->unsynced = false;
    return ERR_OK;
}
