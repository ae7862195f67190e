#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 4 * LINE_MAX_BYTES };

struct lines {
    int fd;
    uint64_t size, taken, number;
    bool ended, skipping;
    size_t start, end; /* of what was read and not given out */
    char buffer[BUFFER_BYTES];
};

struct lines *lines_open(const char *path)
{
    struct lines *lines = calloc(1, sizeof *lines);
    struct stat st;

    if (!lines)
        return NULL;
    lines->fd =
        strcmp(path, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0 || fstat(lines->fd, &st) != 0) {
        lines_close(lines);
        return NULL;
    }
    lines->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return lines;
}

/* Reads what is there. LINES_ONE: there is more to look at. */
static enum lines_got fill(struct lines *lines, int wait_ms)
{
    struct pollfd ready = {.fd = lines->fd, .events = POLLIN};
    ssize_t n;

    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    n = poll(&ready, 1, wait_ms);
    if (n > 0)
        n = read(lines->fd, lines->buffer + lines->end, BUFFER_BYTES - lines->end);
    else
        return n == 0 || errno == EINTR ? LINES_LATER : LINES_BROKEN;
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? LINES_LATER : LINES_BROKEN;
    lines->ended = n == 0;
    lines->end += (size_t)n;
    return LINES_ONE;
}

/* Of a line that is too long only the end is looked for. */
static void skip(struct lines *lines)
{
    lines->skipping = true;
    lines->taken += lines->end - lines->start;
    lines->start = lines->end;
}

/* Gives out N bytes and the newline behind them, if there is one. */
static enum lines_got take(struct lines *lines, size_t n, struct line *ret)
{
    bool too_long = lines->skipping || n > LINE_MAX_BYTES;
    size_t whole = lines->start + n < lines->end ? n + 1 : n;

    *ret = (struct line){.number = ++lines->number};
    if (!too_long) {
        ret->text = lines->buffer + lines->start;
        ret->n = n;
    }
    lines->skipping = false;
    lines->start += whole;
    lines->taken += whole;
    return too_long ? LINES_TOO_LONG : LINES_ONE;
}

enum lines_got lines_next(struct lines *lines, int wait_ms, struct line *ret)
{
    for (;;) {
        size_t n = lines->end - lines->start;
        const char *from = lines->buffer + lines->start, *newline = memchr(from, '\n', n);
        enum lines_got got;

        if (newline)
            return take(lines, (size_t)(newline - from), ret);
        if (lines->ended)
            return n > 0 || lines->skipping ? take(lines, n, ret) : LINES_END;
        if (n > LINE_MAX_BYTES)
            skip(lines);
        got = fill(lines, wait_ms);
        if (got != LINES_ONE)
            return got;
    }
}

uint64_t lines_size(const struct lines *lines)
{
    return lines->size;
}

uint64_t lines_taken(const struct lines *lines)
{
    return lines->taken;
}

void lines_close(struct lines *lines)
{
    if (!lines)
        return;
    if (lines->fd >= 0)
        close(lines->fd);
    explicit_bzero(lines, sizeof *lines);
    free(lines);
}
