/* A folder of its own for a test, with files in it, removed at the end. */
#ifndef TWOFOLD_TESTS_SUPPORT_SCRATCH_H
#define TWOFOLD_TESTS_SUPPORT_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
    char folder[64], path[512];
};

static inline void scratch_make(struct scratch *s)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/twofold-test-XXXXXX");
    if (!mkdtemp(s->folder))
        abort();
}

/* Path of NAME in the folder, valid until the next call. */
static inline const char *scratch_path(struct scratch *s, const char *name)
{
    snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

static inline const char *scratch_write(struct scratch *s, const char *name, const char *text,
                                        mode_t mode)
{
    FILE *file = fopen(scratch_path(s, name), "w");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0 || chmod(s->path, mode) != 0)
        abort();
    return s->path;
}

/* How many files the folder holds. */
static inline unsigned scratch_count(const struct scratch *s)
{
    DIR *dir = opendir(s->folder);
    unsigned n = 0;

    if (!dir)
        abort();
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir))
        n += d->d_name[0] != '.';
    closedir(dir);
    return n;
}

static inline void scratch_remove(struct scratch *s)
{
    DIR *dir = opendir(s->folder);

    if (!dir)
        abort();
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir))
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            remove(scratch_path(s, d->d_name));
    closedir(dir);
    rmdir(s->folder);
}

#endif
