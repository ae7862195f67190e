#include "bench/histogram.h"

enum { SUB = 1 << HISTOGRAM_SUB_BITS };

/* Below SUB a bucket a value; from there on the top bits of the value are the bucket. */
static unsigned bucket_of(uint64_t value)
{
    unsigned shift = 0;

    if (value >= SUB)
        shift = 63U - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    if (shift > (HISTOGRAM_BUCKETS >> HISTOGRAM_SUB_BITS) - 2)
        return HISTOGRAM_BUCKETS - 1;
    return value < SUB ? (unsigned)value
                       : ((shift + 1) << HISTOGRAM_SUB_BITS) + (unsigned)(value >> shift) - SUB;
}

static double middle_of(unsigned bucket)
{
    const unsigned power = bucket >> HISTOGRAM_SUB_BITS;

    if (power == 0)
        return bucket;
    return ((double)(bucket % SUB + SUB) + 0.5) * (double)(1ULL << (power - 1));
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->counts[bucket_of(value)]++;
    h->n++;
}

double histogram_at(const struct histogram *h, double q)
{
    const double wanted = q * (double)h->n;
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && h->n > 0; i++) {
        seen += h->counts[i];
        if ((double)seen >= wanted && seen > 0)
            return middle_of(i);
    }
    return 0;
}
