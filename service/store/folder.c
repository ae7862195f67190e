#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err folder_prepare(const char *folder, struct diag *reterr)
{
    struct stat st;

    if (mkdir(folder, 0700) == 0)
        return ERR_OK;
    if (errno != EEXIST) {
        diag_set(reterr,
                 "cannot make the data folder %s: %s; its parent must exist and be writable by the "
                 "service's user, or name another folder with TWOFOLD_DATA_DIR",
                 folder, strerror(errno));
        return ERR_UNAVAILABLE;
    }
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        diag_set(reterr, "%s is not a folder; name another data folder with TWOFOLD_DATA_DIR",
                 folder);
        return ERR_UNAVAILABLE;
    }
    if (access(folder, R_OK | W_OK | X_OK) != 0) {
        diag_set(reterr,
                 "the data folder %s is not writable: %s; it must belong to the user that the "
                 "service runs as (this is uid %u), or name another one with TWOFOLD_DATA_DIR",
                 folder, strerror(errno), (unsigned)geteuid());
        return ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

/* Not followed if it is a link: one that leads nowhere may be a disk that is not mounted. */
enum err folder_holds(const char *folder, const char *file, bool *ret_holds, struct diag *reterr)
{
    char path[PATH_MAX];
    struct stat st;

    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
        errno = ENAMETOOLONG;
    else if (lstat(path, &st) == 0)
        errno = 0;
    if (errno == 0 || errno == ENOENT) {
        *ret_holds = errno == 0;
        return ERR_OK;
    }
    diag_set(reterr,
             "cannot tell whether there is a database in %s: %s; check that folder, or name "
             "another one with TWOFOLD_DATA_DIR",
             folder, strerror(errno));
    return ERR_UNAVAILABLE;
}

/* A new file is only safe when the names that lead to it are, too. */
static void sync_one(const char *folder, const char *relative)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, relative);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return; /* a parent that cannot be read: the file system's own ordering has to do */
    fsync(fd);
    close(fd);
}

void folder_sync(const char *folder)
{
    sync_one(folder, ".");
    sync_one(folder, "..");
}

/* Should it fail, root stays root, and the message about the file that cannot be opened says whose
 * it must be. */
bool folder_become_owner(const char *folder)
{
    struct stat st;

    if (geteuid() != 0 || stat(folder, &st) != 0 || st.st_uid == 0 || setegid(st.st_gid) != 0)
        return false;
    if (seteuid(st.st_uid) == 0)
        return true;
    folder_become_root();
    return false;
}

void folder_become_root(void)
{
    if (seteuid(0) != 0 || setegid(0) != 0)
        abort(); /* who was root may always come back */
}
