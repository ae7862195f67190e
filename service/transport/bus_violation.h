/* What the server refused to let us publish: told once to whoever asks. */
#ifndef TWOFOLD_TRANSPORT_BUS_VIOLATION_H
#define TWOFOLD_TRANSPORT_BUS_VIOLATION_H

#include <pthread.h>
#include <stdbool.h>

enum { VIOLATION_BYTES = 256 };

struct bus_violations {
    pthread_mutex_t mutex;
    char heard[VIOLATION_BYTES]; /* and not yet taken */
    char taken[VIOLATION_BYTES]; /* last */
};

/* Keeps TEXT if it is the report of a refused publication. From any thread. */
void bus_violation_hear(struct bus_violations *v, const char *text);

/*
 * The refusal that was not taken yet, or "". LAST is the connection's last error at the moment:
 * reports arrive late, it does not, but it stays the same when a refusal repeats itself.
 */
void bus_violation_take(struct bus_violations *v, const char *last,
                        char ret_text[static VIOLATION_BYTES]);

#endif
