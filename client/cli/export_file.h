/* The file that audit export appends to: whole lines, none twice. */
#ifndef TWOFOLD_CLI_EXPORT_FILE_H
#define TWOFOLD_CLI_EXPORT_FILE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct export_file {
    FILE *out; /* append here, then export_file_save() */
    const char *name;
    int fd;
    uint64_t last_sequence; /* in the stream: of the last line; 0: there is none */
    char last_id[64];       /* its event's */
    uint64_t torn;          /* bytes of an unfinished line that were cut off */
};

/* Opens PATH (0600 if it is made now), or standard output with NULL, and keeps other exports out
 * until export_file_close(). Returns what is wrong, static, or NULL; errno is set or 0. */
NODISCARD const char *export_file_open(const char *path, struct export_file *ret);

/* Makes what was printed safe against a crash, where that is possible. False: it is not written;
 * errno says why. */
NODISCARD bool export_file_save(struct export_file *file);

void export_file_close(struct export_file *file);

#endif
