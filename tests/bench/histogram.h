/*
 * Latencies without samples: buckets in the way of HdrHistogram, 64 to each power of two, so that
 * a value read back is wrong by 0.8 % at most, whatever it is. 18 KiB, no allocation.
 */
#ifndef TWOFOLD_BENCH_HISTOGRAM_H
#define TWOFOLD_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_SUB_BITS = 6, HISTOGRAM_BUCKETS = 36 << HISTOGRAM_SUB_BITS };

/* All zero is empty. */
struct histogram {
    uint64_t n;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

/* VALUE in any unit; beyond 2^41 it counts as that. */
void histogram_add(struct histogram *h, uint64_t value);

/* The value that the fraction Q (0..1) of all are at or below: the middle of its bucket; 0 when
 * there is none. */
double histogram_at(const struct histogram *h, double q);

#endif
