#include "tools/work_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err failed(struct diag *reterr, const char *path)
{
    diag_set(reterr, "cannot make the folder %s: %s; its parent must exist and be writable", path,
             strerror(errno));
    return ERR_UNAVAILABLE;
}

static void remove_files(const struct work_folder *w)
{
    for (const char *const *file = w->files; *file; file++)
        unlinkat(w->fd, *file, 0);
}

/* What another process left behind, or is still at. */
static enum err take_over(struct work_folder *w, struct diag *reterr)
{
    if (flock(w->fd, LOCK_EX | LOCK_NB) != 0) {
        diag_set(reterr, "another process works in %s", w->path);
        return ERR_CONFLICT;
    }
    remove_files(w);
    if (rmdir(w->path) == 0)
        return ERR_OK;
    diag_set(reterr, "%s holds what is not of twofoldd, or cannot be emptied: %s; remove it",
             w->path, strerror(errno));
    return ERR_CONFLICT;
}

static enum err open_locked(struct work_folder *w, struct diag *reterr)
{
    w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (w->fd < 0) {
        w->fd = 0;
        return failed(reterr, w->path);
    }
    return ERR_OK;
}

static void close_only(struct work_folder *w)
{
    if (w->fd > 0)
        close(w->fd);
    w->fd = 0;
}

static enum err make(struct work_folder *w, struct diag *reterr)
{
    enum err err;

    if (mkdir(w->path, 0700) == 0)
        return ERR_OK;
    if (errno != EEXIST)
        return failed(reterr, w->path);
    TRY(open_locked(w, reterr));
    err = take_over(w, reterr);
    close_only(w);
    TRY(err);
    return mkdir(w->path, 0700) == 0 ? ERR_OK : failed(reterr, w->path);
}

enum err work_folder_open(const char *path, const char *const *files,
                          struct work_folder *ret_folder, struct diag *reterr)
{
    struct work_folder w = {.files = files};

    if (snprintf(w.path, sizeof w.path, "%s", path) >= (int)sizeof w.path) {
        errno = ENAMETOOLONG;
        return failed(reterr, "asked for");
    }
    TRY(make(&w, reterr));
    TRY(open_locked(&w, reterr));
    if (flock(w.fd, LOCK_EX | LOCK_NB) != 0) {
        diag_set(reterr, "another process works in %s", w.path);
        close_only(&w);
        return ERR_CONFLICT;
    }
    *ret_folder = w;
    return ERR_OK;
}

void work_folder_keep(struct work_folder *w)
{
    if (w->fd > 0)
        rmdir(w->path);
    close_only(w);
}

void work_folder_discard(struct work_folder *w)
{
    if (w->fd > 0)
        remove_files(w);
    work_folder_keep(w);
}
