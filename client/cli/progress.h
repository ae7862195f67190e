/* How far a long reading has come, on standard error: a bar on a terminal, a line now and then
 * elsewhere. */
#ifndef TWOFOLD_CLI_PROGRESS_H
#define TWOFOLD_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;     /* "events", "bytes" */
    uint64_t done, total; /* total 0: not known */
    const char *counted;  /* progress_count(); NULL: it was not called */
    uint64_t count;
    int64_t begun_ms, told_ms;
    bool on_terminal, shown;
};

void progress_begin(struct progress *p, const char *what, uint64_t total);

/* To be called for every event. */
void progress_step(struct progress *p, uint64_t done);

/* Beside DONE, which moves the bar: N of WHAT ("users"), shown with how many a second that is, and
 * how long the rest will take. */
void progress_count(struct progress *p, const char *what, uint64_t n);

/* Takes the bar away. */
void progress_end(struct progress *p);

#endif
