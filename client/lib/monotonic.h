/* Time that only moves forward, for deadlines and round trips. */
#ifndef TWOFOLD_CLIENT_MONOTONIC_H
#define TWOFOLD_CLIENT_MONOTONIC_H

#include <stdint.h>
#include <time.h>

static inline int64_t monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail: the clock exists, the pointer is good */
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
