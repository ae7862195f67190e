#include "bench/welch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t dice_roll(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct samples samples_new(size_t max)
{
    struct samples s = {.max = max};

    for (int kind = 0; kind < 2; kind++) {
        s.at[kind] = calloc(max, sizeof *s.at[kind]);
        if (!s.at[kind]) {
            fputs("no memory for samples\n", stderr);
            exit(1);
        }
    }
    return s;
}

void samples_free(struct samples *s)
{
    free(s->at[0]);
    free(s->at[1]);
    *s = (struct samples){0};
}

void samples_add(struct samples *s, bool second, double ns)
{
    if (s->n[second] < s->max)
        s->at[second][s->n[second]++] = ns;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One cut for both kinds: a cut of its own would hide what the slow half of a kind has to tell. */
static double cut_of(const struct samples *s, double percent)
{
    size_t n = s->n[0] + s->n[1];
    double *all = calloc(n + 1, sizeof *all), cut;

    if (!all)
        return INFINITY;
    memcpy(all, s->at[0], s->n[0] * sizeof *all);
    memcpy(all + s->n[0], s->at[1], s->n[1] * sizeof *all);
    qsort(all, n, sizeof *all, by_size);
    cut = n ? all[(size_t)((double)(n - 1) * percent / 100)] : 0;
    free(all);
    return cut;
}

/* Mean and deviation in one pass (Welford): the numbers are large, and their differences small. */
static void describe(const double *at, size_t n, double cut, struct welch *w, int kind)
{
    double mean = 0, squares = 0;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        double from_mean = at[i] - mean;

        if (at[i] > cut)
            continue;
        mean += from_mean / (double)++kept;
        squares += from_mean * (at[i] - mean);
    }
    w->n[kind] = kept;
    w->mean[kind] = mean;
    w->sd[kind] = kept > 1 ? sqrt(squares / (double)(kept - 1)) : 0;
}

struct welch welch_of(const struct samples *s, double percent)
{
    double cut = cut_of(s, percent), error;
    struct welch w = {.t = INFINITY};

    for (int kind = 0; kind < 2; kind++)
        describe(s->at[kind], s->n[kind], cut, &w, kind);
    w.difference = w.mean[1] - w.mean[0];
    if (w.n[0] < 2 || w.n[1] < 2)
        return w;
    error = sqrt(w.sd[0] * w.sd[0] / (double)w.n[0] + w.sd[1] * w.sd[1] / (double)w.n[1]);
    w.t = w.difference / error;
    return w;
}
