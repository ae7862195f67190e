/* The time, as something that can be handed in: tests decide what time it is. */
#ifndef TWOFOLD_BASE_CLOCK_H
#define TWOFOLD_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*unix_ms)(void *ctx); /* milliseconds since 1970-01-01T00:00Z */
    void *ctx;
};

/* The machine's clock. */
struct clock clock_system(void);

/* Milliseconds of a clock that nobody sets. */
int64_t clock_monotonic_ms(void);

static inline int64_t clock_unix_ms(const struct clock *c)
{
    return c->unix_ms(c->ctx);
}

#endif
