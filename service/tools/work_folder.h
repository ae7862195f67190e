/*
 * A folder in which something is put together before it gets its name: what is killed half-way
 * leaves it behind, and the next run takes it over. One process at a time.
 */
#ifndef TWOFOLD_TOOLS_WORK_FOLDER_H
#define TWOFOLD_TOOLS_WORK_FOLDER_H

#include "base/err.h"

#include <limits.h>

struct work_folder {
    char path[PATH_MAX];
    int fd;                   /* holds the lock; 0: not open */
    const char *const *files; /* what may lie in it, NULL-terminated; static */
};

/* Makes the folder PATH with mode 0700, or takes it over and removes FILES from it. ERR_CONFLICT
 * when another process is at it, or there is anything else in it. */
NODISCARD enum err work_folder_open(const char *path, const char *const *files,
                                    struct work_folder *ret_folder, struct diag *reterr);

/* Keeps what is in it, and the folder unless it is empty. */
void work_folder_keep(struct work_folder *w);

/* Removes FILES and the folder; nothing when it is not open. */
void work_folder_discard(struct work_folder *w);
#define auto_work_folder CLEANUP(work_folder_discard) struct work_folder

#endif
