/*
 * Putting a backup in place (twofoldd restore): copies it beside the place where a database is
 * looked for, ends there what must not come back (core/restored.h), and only then gives it its
 * name. Killed at any moment there is either no database or a whole one, and doing it again works.
 */
#ifndef TWOFOLD_TOOLS_RESTORING_H
#define TWOFOLD_TOOLS_RESTORING_H

#include "core/restored.h"
#include "store/backup_lmdb.h"
#include "store/maintain.h"

struct restoring {
    const char *backup, *data_dir;
    unsigned size_mb;
    struct keyring *keyring;  /* of the database */
    const char *keyring_path; /* its owner is whom root restores for */
    int64_t now_ms;
    bool keep_recovery_codes;
    const struct work_progress *progress;
};

struct restored_report {
    struct backup_facts backup;
    struct restored_tally ended;
    uint64_t damaged;      /* users that nobody can read; left as they are */
    uint64_t orgs;         /* each has got the event service.restored */
    uint64_t damaged_orgs; /* could not be read, nor told */
};

/* Refused before anything is written: ERR_CONFLICT when there is a database in the data folder,
 * ERR_VALIDATION when BACKUP is none, is damaged, or has another keyring. */
NODISCARD enum err restoring_run(const struct restoring *r, struct restored_report *ret_report,
                                 struct diag *reterr);

#endif
