/* Counters of one endpoint: written by the serving thread, read by service discovery. */
#ifndef TWOFOLD_BASE_STATS_H
#define TWOFOLD_BASE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

struct endpoint_stats {
    _Atomic uint64_t requests, errors, nanoseconds;
    _Atomic(const char *) last_error; /* static text, "429:LOCKED"; NULL: none yet */
};

#endif
