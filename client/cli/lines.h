/* The lines of a file or a pipe of any size, in memory of a fixed one, which is wiped at the end.
 */
#ifndef TWOFOLD_CLI_LINES_H
#define TWOFOLD_CLI_LINES_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_MAX_BYTES = 64 * 1024 };

struct lines; /* opaque */

struct line {
    const char *text; /* without the newline; until the next call */
    size_t n;
    uint64_t number; /* from 1 on */
};

enum lines_got {
    LINES_ONE,
    LINES_TOO_LONG, /* over LINE_MAX_BYTES: only the number is set, the line is passed over */
    LINES_LATER,    /* a pipe has nothing more now */
    LINES_END,
    LINES_BROKEN, /* errno says why */
};

/* PATH, or "-": standard input. NULL: errno says why. */
struct lines *lines_open(const char *path);

/* The next line; where none is ready it waits, WAIT_MS at most. */
NODISCARD enum lines_got lines_next(struct lines *lines, int wait_ms, struct line *ret);

/* Of the file in bytes, 0 for a pipe; and how many of them were given out. */
uint64_t lines_size(const struct lines *lines);
uint64_t lines_taken(const struct lines *lines);

/* NULL is fine. */
void lines_close(struct lines *lines);

#endif
