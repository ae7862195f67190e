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
    int64_t now = monotonic_now_ms();

    *p = (struct progress){.what = what,
                           .total = total,
                           .begun_ms = now,
                           .told_ms = now,
                           .on_terminal = isatty(STDERR_FILENO) != 0};
}

void progress_count(struct progress *p, const char *what, uint64_t n)
{
    p->counted = what;
    p->count = n;
}

/* "431000 users, 21350/s, 0:27 left": as if the rest went as fast as what is done. */
static void print_pace(const struct progress *p)
{
    double seconds = (double)(p->told_ms - p->begun_ms) / 1000;
    uint64_t left = 0;

    if (p->done > 0 && p->total > p->done)
        left = (uint64_t)(seconds * (double)(p->total - p->done) / (double)p->done);
    fprintf(stderr, "%" PRIu64 " %s, %.0f/s", p->count, p->counted, (double)p->count / seconds);
    if (p->total > 0)
        fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
}

static void show_bar(struct progress *p, unsigned percent)
{
    static const char full[] = "##############################";
    static const char empty[] = "..............................";
    int n = (int)(percent * BAR_WIDTH / 100);

    fputc('\r', stderr);
    if (p->total > 0 || !p->counted)
        fprintf(stderr, "[%.*s%.*s] %3u%% ", n, full, BAR_WIDTH - n, empty, percent);
    if (p->counted)
        print_pace(p);
    else
        fprintf(stderr, "%" PRIu64 " %s", p->done, p->what);
    fputs("\033[K", stderr);
    fflush(stderr);
    p->shown = true;
}

static void show_line(const struct progress *p, unsigned percent)
{
    fputs("twofold: ", stderr);
    if (p->counted)
        print_pace(p);
    else
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 " %s", p->done, p->total, p->what);
    if (p->total > 0 || !p->counted)
        fprintf(stderr, ", %u%%", percent);
    fputc('\n', stderr);
}

static void show(struct progress *p)
{
    uint64_t part = p->total > 0 ? p->done * 100 / p->total : 0;
    unsigned percent = part > 100 ? 100 : (unsigned)part;

    if (p->on_terminal)
        show_bar(p, percent);
    else
        show_line(p, percent);
}

void progress_step(struct progress *p, uint64_t done)
{
    bool look = p->counted || done / LOOK_EVERY != p->done / LOOK_EVERY;
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
    if (!p->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr); /* before what is printed next on standard output */
    p->shown = false;
}
