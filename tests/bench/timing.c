/*
 * Can the time of an answer tell what the answer does not? Run by hand:
 *
 *     timing [SAMPLES [HASHES [SCRYPT_LN [SEED]]]]
 *
 * takes so many samples of each kind (fewer where each pays for a hash) and prints a line a pair.
 * |t| under 4.5 is "no difference seen"; what is planted must be seen, or the run says nothing, and
 * ends 1. A thousand samples show a planted step or hash at once. The finest, an early exit of some
 * nanoseconds, needs 100000 (the default) on a machine that does nothing else: on a busy one it was
 * seen in 5 runs of 6, with 2000 to 20000 samples in 8 to 10 of 10. Hashes: 50 are enough for what
 * is planted, 2000 for the pairs. The short form runs with the tests: tests/attack/test_timing.c.
 */
#include "bench/timing_pairs.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double seen = 4.5; /* |t| of a difference that is no chance */

struct measures {
    size_t samples, hashes;
    unsigned scrypt_ln;
    uint64_t seed;
};

static uint64_t argument(int argc, char **argv, int i, uint64_t fallback)
{
    char *end = NULL;
    uint64_t value;

    if (i >= argc)
        return fallback;
    value = strtoull(argv[i], &end, 10);
    if (*end != '\0' || value == 0) {
        fprintf(stderr, "usage: timing [SAMPLES [HASHES [SCRYPT_LN [SEED]]]]\n");
        exit(2);
    }
    return value;
}

static size_t samples_of(const struct timing_pair *p, const struct measures *m)
{
    return p->kind == PAIR_HASHES || p->kind == PAIR_PLANTED ? m->hashes : m->samples;
}

static bool is_planted(const struct timing_pair *p)
{
    return p->kind == PAIR_PLANTED || p->kind == PAIR_PLANTED_FINE;
}

/* Prints the pair's line. False: it is planted, and was not seen. */
static bool measure_pair(const struct timing_pair *p, struct stand *s, size_t n)
{
    struct welch w = pair_measure(p, s, n);

    printf("%-50s %8zu %11.0f %11.0f %9.0f %9.1f %8.2f\n", p->name, w.n[0] + w.n[1], w.mean[0],
           w.mean[1], w.sd[0], w.difference, w.t);
    fflush(stdout);
    return !is_planted(p) || fabs(w.t) >= seen;
}

static int verdict(unsigned n_missed)
{
    if (n_missed == 0) {
        puts("all planted differences were seen");
        return 0;
    }
    puts("planted differences not seen: this run says nothing, take more samples");
    return 1;
}

int main(int argc, char **argv)
{
    const struct measures m = {.samples = argument(argc, argv, 1, 100000),
                               .hashes = argument(argc, argv, 2, 2000),
                               .scrypt_ln = (unsigned)argument(argc, argv, 3, 4),
                               .seed = argument(argc, argv, 4, 20260101)};
    struct stand stand;
    unsigned n_missed = 0;

    printf("seed %" PRIu64 ", scrypt ln=%u; times in ns\n", m.seed, m.scrypt_ln);
    printf("%-50s %8s %11s %11s %9s %9s %8s\n", "pair", "n", "first", "second", "sd", "differ by",
           "t");
    stand_start(&stand, m.scrypt_ln, m.seed);
    for (size_t i = 0; i < n_timing_pairs; i++)
        n_missed += !measure_pair(&timing_pairs[i], &stand, samples_of(&timing_pairs[i], &m));
    stand_stop(&stand);
    return verdict(n_missed);
}
