/*
 * The instrument: do two kinds of the same work take the same time? Samples of both are taken in
 * random order, the slowest of all are cut off (that is the machine, not the work), and Welch's t
 * says whether the means that are left differ by more than chance. |t| < 4.5 is the usual norm for
 * "no leak seen" (TVLA, ISO/IEC 17825).
 */
#ifndef TWOFOLD_TESTS_BENCH_WELCH_H
#define TWOFOLD_TESTS_BENCH_WELCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers that look random and come back with the seed (splitmix64). */
struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *d);

/* Monotonic nanoseconds. */
int64_t clock_ns(void);

struct samples {
    size_t max;    /* room for each kind */
    size_t n[2];   /* taken */
    double *at[2]; /* nanoseconds, malloc'ed */
};

/* Room for MAX of each kind; ends the program without memory. */
struct samples samples_new(size_t max);
void samples_free(struct samples *s);
void samples_add(struct samples *s, bool second, double ns);

struct welch {
    size_t n[2]; /* left after the cut */
    double mean[2], sd[2];
    double difference; /* mean[1] - mean[0] */
    double t;          /* of the difference; infinite when a kind was cut off altogether */
};

/* Cuts off what is slower than PERCENT of all samples together. */
struct welch welch_of(const struct samples *s, double percent);

#endif
