#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t system_unix_ms(void *ctx)
{
    struct timespec now;

    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct clock clock_system(void)
{
    return (struct clock){.unix_ms = system_unix_ms, .ctx = NULL};
}
