/*
 * One measurement: requests in flight, a time that is measured, and what came back in it.
 * A closed loop sends the next request when an answer is there; an open loop sends at a rate, and
 * counts latency from the moment when the request was due, not from when it could be sent.
 */
#ifndef TWOFOLD_BENCH_RUN_H
#define TWOFOLD_BENCH_RUN_H

#include "bench/histogram.h"
#include "bench/request.h"

enum { CONNECTIONS_MAX = 16, PROCESSES_MAX = 8 };

struct run_options {
    const char *url;
    enum run_kind kind;
    unsigned in_flight, connections;
    double rate; /* a second; 0: closed loop */
    int64_t warm_ns, measure_ns;
    int watch[PROCESSES_MAX]; /* processes whose processor time is taken */
    unsigned n_watch;
};

struct run_result {
    uint64_t counts[N_VERDICTS]; /* answers that came in the time measured */
    uint64_t sent, timeouts;
    uint64_t unsent;               /* open loop: were due, but too many were under way */
    int64_t starved_ns;            /* nothing could be sent, as no code was left */
    struct histogram wanted, shed; /* nanoseconds until the answer */
    double cpu[PROCESSES_MAX];     /* seconds that the watched processes used */
};

/* False after saying why not. RET is all zero before. */
bool run(const struct run_options *options, struct aim *aim, struct run_result *ret);

#endif
