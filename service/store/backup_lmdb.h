/*
 * Backups: a folder with a compact copy of a database, and its digest beside it.
 *
 *     data.mdb          the database; meta row "backup" says when it was taken
 *     data.mdb.sha256   what sha256sum writes, so that `sha256sum -c` reads it
 *
 * The keyring is not in it. A database with that row serves nobody: store_lmdb_open refuses it, so
 * that a backup cannot be put in place without the procedure (tools/restoring.h).
 */
#ifndef TWOFOLD_STORE_BACKUP_LMDB_H
#define TWOFOLD_STORE_BACKUP_LMDB_H

#include "crypto/keyring.h"

#include <stdbool.h>

#define BACKUP_MARK "backup" /* row of the table meta: Unix seconds, 8 bytes, big endian */

/* Where a backup is made a database again: in the data folder. */
#define RESTORING_FOLDER "restore.partial"

struct backup_facts {
    int64_t taken_s; /* Unix seconds; everything later may be missing */
    uint64_t users, bytes;
};

struct backup_job {
    const char *folder; /* of the database; others may be using it */
    unsigned size_mb;   /* its setting */
    const char *to;     /* an empty folder */
    int64_t now_s;      /* becomes the time it was taken */
};

/* Makes and syncs a backup. What is left in JOB->to after an error is the caller's to remove. */
NODISCARD enum err backup_write(const struct backup_job *job, struct backup_facts *ret_facts,
                                struct diag *reterr);

/*
 * Reads BACKUP, and writes nothing: the digest holds, it is a backup of a database of ours, and
 * KEYRING is the one of that database. ERR_VALIDATION or
 * ERR_UNAVAILABLE when not.
 */
NODISCARD enum err backup_check(const char *backup, const struct keyring *keyring,
                                struct backup_facts *ret_facts, struct diag *reterr);

/* Copies a BACKUP that was checked into the empty folder TO, as a database to be opened: the mark
 * is gone. The copy is not synced. */
NODISCARD enum err backup_unpack(const char *backup, const char *to, struct diag *reterr);

/* The names of what the functions above leave in TO, for whoever removes it; NULL-terminated. */
extern const char *const backup_files[];

/* Syncs FILE or folder to the disk. */
NODISCARD enum err backup_sync(const char *file, struct diag *reterr);

#endif
