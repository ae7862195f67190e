#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, BAR_EVERY_MS = 200, LINE_EVERY_MS = 5000, LOOK_EVERY = 256 };

static int64_t monotonic_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *what, uint64_t total)
{
    *p = (struct progress){.what = what,
                           .total = total,
                           .told_ms = monotonic_now_ms(),
                           .on_terminal = isatty(STDERR_FILENO) != 0};
}

static void show_bar(struct progress *p, unsigned percent)
{
    static const char full[] = "##############################";
    static const char empty[] = "..............................";
    int n = (int)(percent * BAR_WIDTH / 100);

    fprintf(stderr, "\r[%.*s%.*s] %3u%% %" PRIu64 " %s\033[K", n, full, BAR_WIDTH - n, empty,
            percent, p->done, p->what);
    fflush(stderr);
    p->shown = true;
}

static void show(struct progress *p)
{
    uint64_t part = p->total > 0 ? p->done * 100 / p->total : 0;
    unsigned percent = part > 100 ? 100 : (unsigned)part;

    if (p->on_terminal)
        show_bar(p, percent);
    else
        fprintf(stderr, "twofold: %" PRIu64 " of %" PRIu64 " %s, %u%%\n", p->done, p->total,
                p->what, percent);
}

void progress_step(struct progress *p, uint64_t done)
{
    bool look = done / LOOK_EVERY != p->done / LOOK_EVERY;
    int64_t now;

    p->done = done;
    if (!look)
        return;
    now = monotonic_now_ms();
    if (now - p->told_ms < (p->on_terminal ? BAR_EVERY_MS : LINE_EVERY_MS))
        return;
    p->told_ms = now;
    show(p);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
