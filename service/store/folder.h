/* The folder that the database lies in. Private to store/. */
#ifndef TWOFOLD_STORE_FOLDER_H
#define TWOFOLD_STORE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>

/* Makes FOLDER with mode 0700 unless it is there, and checks that it can be written to. */
NODISCARD enum err folder_prepare(const char *folder, struct diag *reterr);

/* Is there anything named FILE in FOLDER? What cannot be told is an error. */
NODISCARD enum err folder_holds(const char *folder, const char *file, bool *ret_holds,
                                struct diag *reterr);

/* Syncs the names that lead to a new file in FOLDER: a synced file that nobody finds is lost. */
void folder_sync(const char *folder);

/*
 * Between the two, root is the owner of FOLDER, if that is somebody else: what is made there
 * belongs to the service, which could not open it otherwise, and a link that the service's user has
 * put there leads root nowhere. True: it is, and must become root again. For processes of one
 * thread.
 */
bool folder_become_owner(const char *folder);
void folder_become_root(void);

#endif
