/*
 * The journal: what was committed and is not in the tree yet, as records in the order of their
 * commits. Private to tables*.c.
 *
 * Records belong to generations 1, 2, 3, ...; a generation lies in one of two files, by turns, so
 * that one can be written while the other one's records are brought into the tree. A file is used
 * again only when nobody reads it any more: each process holds the files that it reads.
 *
 * A record counts when its checksum is right, which covers the database's salt, the generation and
 * the record's number: what an earlier use of the file left behind never counts, nor a record that
 * was cut off by a crash. The first one that does not count is the end.
 *
 * Errors: ERR_UNAVAILABLE for trouble; journal_broken() when nobody can say any more what the disk
 * holds.
 */
#ifndef TWOFOLD_STORE_JOURNAL_H
#define TWOFOLD_STORE_JOURNAL_H

#include "base/bytes.h"
#include "base/err.h"

struct journal;

enum { JOURNAL_SALT_BYTES = 16 };
/* Of a record, before its payload; both are multiples of eight. */
enum { JOURNAL_RECORD_HEADER = 24 };

struct journal_options {
    const char *folder;
    uint8_t salt[JOURNAL_SALT_BYTES]; /* of the database that it belongs to */
    size_t bytes_max;                 /* of one generation */
    bool make;                        /* the files are new, or another database's */
    bool unsafe_no_sync;
};

/* Opens the files in the folder of the database, or makes them. ERR_NOT_FOUND when they are to be
 * there and are not, or are another database's; RETERR says what to do. */
NODISCARD enum err journal_open(const struct journal_options *options, struct journal **ret_journal,
                                struct diag *reterr);
void journal_close(struct journal *j);
bool journal_broken(const struct journal *j);

/* Who holds the lock may read the end, append, and start a generation. Of processes: threads of one
 * must see to themselves. */
NODISCARD enum err journal_lock(struct journal *j);
void journal_unlock(struct journal *j);

/* Who holds this may bring a part of a generation into the tree. ERR_CONFLICT when somebody else
 * does and WAIT is false. */
NODISCARD enum err journal_lock_folding(struct journal *j, bool wait);
void journal_unlock_folding(struct journal *j);

/* How many bytes a generation can have. */
size_t journal_bytes_max(const struct journal *j);

/* Does nobody else hold a file? Under the lock. */
bool journal_is_alone(struct journal *j);

/* Is GENERATION the one that its file holds? */
bool journal_has(const struct journal *j, uint64_t generation);
/* Are both files of the time when the tree had all up to FOLDED? Under the lock. */
bool journal_fits(const struct journal *j, uint64_t folded);
/* Is GENERATION, or a later one, in its file? Anybody may ask at any time. */
bool journal_has_begun(const struct journal *j, uint64_t generation);
/* Keeps the file of GENERATION from being used for another one, until it is released. */
NODISCARD enum err journal_hold(struct journal *j, uint64_t generation);
void journal_release(struct journal *j, uint64_t generation);
/* Makes the file of GENERATION empty for it, and holds it. ERR_CONFLICT while somebody else holds
 * the file for an earlier one. */
NODISCARD enum err journal_start(struct journal *j, uint64_t generation);

/* The payload of the next record of a generation that is held; it lies at RET->p as long as it is
 * held. ERR_NOT_FOUND at the end. */
NODISCARD enum err journal_next(struct journal *j, uint64_t generation, struct bytes *ret);
/* At the end: does a record that counts lie behind one that does not? Then the file is damaged. */
bool journal_is_torn(struct journal *j, uint64_t generation);
/* Where in the file of GENERATION, which is held, offsets count from, and how far it has been
 * written or read. */
const uint8_t *journal_base(const struct journal *j, uint64_t generation);
size_t journal_end(const struct journal *j, uint64_t generation);

/*
 * Appends RECORD, whose first JOURNAL_RECORD_HEADER bytes are room for the header and whose length
 * is a multiple of eight, to GENERATION, and syncs it. It lies at RET_AT, counted from the base.
 * ERR_EXHAUSTED, and nothing happened, when the generation would have too many bytes.
 */
NODISCARD enum err journal_append(struct journal *j, uint64_t generation, uint8_t *record, size_t n,
                                  size_t *ret_at);
/* Syncs what other processes may have appended and not synced before they ended; nothing to do when
 * none has. */
NODISCARD enum err journal_sync(struct journal *j, uint64_t generation);

#endif
