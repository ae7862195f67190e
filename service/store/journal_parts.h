/* Private to journal*.c: the files (journal_files.c) and the records in them (journal.c). */
#ifndef TWOFOLD_STORE_JOURNAL_PARTS_H
#define TWOFOLD_STORE_JOURNAL_PARTS_H

#include "store/journal.h"

enum { JOURNAL_FILES = 2, JOURNAL_FILE_HEADER = 4096 };

struct journal_file {
    int fd;
    uint8_t *map;        /* what lies behind the file's end must not be touched */
    size_t mapped;       /* at least bytes_max, and what the file had when it was opened */
    size_t size;         /* of the file, as far as we know */
    uint64_t generation; /* that we hold; 0: none */
    uint64_t seed;
    uint64_t records;
    size_t end;
};

struct journal {
    struct journal_file file[JOURNAL_FILES];
    int lock, folding;
    uint8_t salt[JOURNAL_SALT_BYTES];
    size_t bytes_max;
    bool no_sync, broken, unsynced;
};

static inline struct journal_file *journal_file_of(struct journal *j, uint64_t generation)
{
    return &j->file[generation % JOURNAL_FILES];
}

static inline const struct journal_file *journal_file_of_const(const struct journal *j,
                                                               uint64_t generation)
{
    return &j->file[generation % JOURNAL_FILES];
}

NODISCARD bool journal_write(int fd, const void *p, size_t n, size_t at);
/* Makes F longer, up to SIZE. */
NODISCARD bool journal_grow(struct journal_file *f, size_t size);
/* Other processes may have made it longer. */
void journal_look_at_size(struct journal_file *f);
/* Says in F that it is J's, and holds GENERATION; synced. */
NODISCARD bool journal_header_write(struct journal *j, struct journal_file *f, uint64_t generation);
/* flock; ERR_CONFLICT when it would have to wait and HOW says not to. */
NODISCARD enum err journal_flock(int fd, int how);

#endif
