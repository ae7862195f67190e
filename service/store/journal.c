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
#include "store/journal_parts.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

enum { GROW_MAX = 16 * 1024 * 1024 };

struct record_header {
    uint64_t checksum; /* over what follows */
    uint64_t number;
    uint64_t n; /* of the payload */
};

static_assert(sizeof(struct record_header) == JOURNAL_RECORD_HEADER, "room for the header");

/* ---- generations ---- */

size_t journal_bytes_max(const struct journal *j)
{
    return j->bytes_max;
}

bool journal_is_alone(struct journal *j)
{
    bool alone = true;

    for (unsigned i = 0; i < JOURNAL_FILES; i++) {
        alone &= journal_flock(j->file[i].fd, LOCK_EX | LOCK_NB) == ERR_OK;
        if (j->file[i].generation == 0)
            flock(j->file[i].fd, LOCK_UN);
        else
            alone &= journal_flock(j->file[i].fd, LOCK_SH) == ERR_OK;
    }
    return alone;
}

static void begin_at(struct journal *j, struct journal_file *f, uint64_t generation)
{
    f->generation = generation;
    f->seed = XXH3_64bits_withSeed(j->salt, sizeof j->salt, generation);
    f->records = 0;
    f->end = JOURNAL_FILE_HEADER;
}

enum err journal_hold(struct journal *j, uint64_t generation)
{
    struct journal_file *f = journal_file_of(j, generation);

    TRY(journal_flock(f->fd, LOCK_SH));
    begin_at(j, f, generation);
    return ERR_OK;
}

void journal_release(struct journal *j, uint64_t generation)
{
    struct journal_file *f = journal_file_of(j, generation);

    if (f->generation != generation)
        return;
    f->generation = 0;
    flock(f->fd, LOCK_UN);
}

enum err journal_start(struct journal *j, uint64_t generation)
{
    struct journal_file *f = journal_file_of(j, generation);

    TRY(journal_flock(f->fd, LOCK_EX | LOCK_NB));
    if (!journal_header_write(j, f, generation)) {
        j->broken = true;
        return ERR_UNAVAILABLE;
    }
    begin_at(j, f, generation);
    return journal_flock(f->fd, LOCK_SH);
}

const uint8_t *journal_base(const struct journal *j, uint64_t generation)
{
    return journal_file_of_const(j, generation)->map;
}

size_t journal_end(const struct journal *j, uint64_t generation)
{
    return journal_file_of_const(j, generation)->end;
}

/* ---- records ---- */

static uint64_t record_checksum(const struct journal_file *f, const uint8_t *record, size_t n)
{
    return XXH3_64bits_withSeed(record + sizeof(uint64_t), n - sizeof(uint64_t), f->seed);
}

/* Is there a record that counts at AT, with NUMBER or a later one? */
static bool record_at(const struct journal_file *f, size_t at, uint64_t number,
                      struct record_header *ret)
{
    if (f->size < at + sizeof *ret)
        return false;
    memcpy(ret, f->map + at, sizeof *ret);
    return ret->number >= number && ret->n > 0 && ret->n % 8 == 0 &&
           ret->n <= f->size - at - sizeof *ret &&
           ret->checksum == record_checksum(f, f->map + at, sizeof *ret + ret->n);
}

/* Whether it is worth to look: asked before every transaction. */
static bool has_next(struct journal_file *f)
{
    struct record_header h;

    if (f->size < f->end + sizeof h)
        journal_look_at_size(f);
    if (f->size < f->end + sizeof h)
        return false;
    memcpy(&h, f->map + f->end, sizeof h);
    return h.number == f->records + 1;
}

enum err journal_next(struct journal *j, uint64_t generation, struct bytes *ret)
{
    struct journal_file *f = journal_file_of(j, generation);
    struct record_header h;

    if (!has_next(f))
        return ERR_NOT_FOUND;
    journal_look_at_size(f); /* another process may have made it longer */
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
    struct journal_file *f = journal_file_of(j, generation);
    struct record_header h;

    for (size_t at = f->end; at + sizeof h <= f->size; at += 8)
        if (record_at(f, at, f->records + 1, &h))
            return true;
    return false;
}

/* Room for N bytes more, and for a while. */
static bool make_room(struct journal *j, struct journal_file *f, size_t n)
{
    size_t need = f->end + n, step = f->size < GROW_MAX ? f->size : GROW_MAX;

    if (need <= f->size)
        return true;
    journal_look_at_size(f);
    if (need <= f->size)
        return true;
    need = need > f->size + step ? need : f->size + step;
    return journal_grow(f, need < j->bytes_max ? need : j->bytes_max);
}

/* A part of a record does not count, so a full disk has done no harm. */
static enum err write_failed(struct journal *j)
{
    j->broken |= errno != ENOSPC && errno != EDQUOT && errno != EFBIG && errno != ENOMEM;
    return ERR_UNAVAILABLE;
}

/* What could not be synced must not count, for whoever reads the file before the disk is asked. */
static enum err sync_failed(struct journal *j, struct journal_file *f)
{
    static const struct record_header none = {.n = 0};

    j->broken = true;
    if (!journal_write(f->fd, &none, sizeof none, f->end))
        log_at(LOG_ERROR, "what could not be synced cannot be taken back");
    return ERR_UNAVAILABLE;
}

enum err journal_append(struct journal *j, uint64_t generation, uint8_t *record, size_t n,
                        size_t *ret_at)
{
    struct journal_file *f = journal_file_of(j, generation);
    struct record_header h = {.number = f->records + 1, .n = n - sizeof h};

    if (j->broken)
        return ERR_UNAVAILABLE;
    if (f->end > j->bytes_max || n > j->bytes_max - f->end)
        return ERR_EXHAUSTED;
    if (!make_room(j, f, n))
        return write_failed(j);
    memcpy(record, &h, sizeof h);
    h.checksum = record_checksum(f, record, n);
    memcpy(record, &h, sizeof h);
    if (!journal_write(f->fd, record, n, f->end))
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
    if (fdatasync(journal_file_of(j, generation)->fd) != 0) {
        j->broken = true;
        return ERR_UNAVAILABLE;
    }
    j->unsynced = false;
    return ERR_OK;
}
