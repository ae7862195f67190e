/*
 * Pairs of requests that must not be told apart by the time they take, put to the real dispatcher,
 * core, store and hashing threads of one process; no bus and no sync of a disk, which would only
 * add noise.
 */
#ifndef TWOFOLD_TESTS_BENCH_TIMING_PAIRS_H
#define TWOFOLD_TESTS_BENCH_TIMING_PAIRS_H

#include "bench/welch.h"
#include "support/service.h"

/* A service with three names: `known0` has an authenticator, `plain0` has none, `nobody` is no
 * user. */
struct stand {
    struct service service;
    struct enrolled enrolled;
    struct user known, nobody; /* as stored */
    struct dice dice;
    unsigned taken; /* samples so far */
};
/* Passwords cost scrypt 2^SCRYPT_LN. The same SEED gives the same order of samples. */
void stand_start(struct stand *s, unsigned scrypt_ln, uint64_t seed);
void stand_stop(struct stand *s);

enum pair_kind {
    PAIR_HASHES,       /* each sample pays for a hash */
    PAIR_DIGITS,       /* codes that are more or less wrong */
    PAIR_NAMES,        /* names, without a hash */
    PAIR_PLANTED,      /* a difference that a few samples must show */
    PAIR_PLANTED_FINE, /* one of some nanoseconds, for many samples */
    PAIR_KINDS
};

struct timing_pair {
    enum pair_kind kind;
    const char *name; /* "what: first | second" */
    /* Work that is not the same, only alike, may differ by so much of its time; else 0. */
    double alike_percent;
    void (*prepare)(struct stand *s); /* before each sample, not timed; NULL: nothing */
    int64_t (*take)(struct stand *s, bool second); /* one sample, in nanoseconds */
};
extern const struct timing_pair timing_pairs[];
extern const size_t n_timing_pairs;

/* Takes N samples or more of each kind in random order; the slowest quarter of all is cut. */
struct welch pair_measure(const struct timing_pair *p, struct stand *s, size_t n);

#endif
