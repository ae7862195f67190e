#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t ms_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_unix_ms(void *ctx)
{
    (void)ctx;
    return ms_of(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return ms_of(CLOCK_MONOTONIC);
}

struct clock clock_system(void)
{
    return (struct clock){.unix_ms = system_unix_ms, .ctx = NULL};
}
