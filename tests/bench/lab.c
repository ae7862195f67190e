/*
 * For bench.mjs: the service as it is never shipped, linked with --wrap. What is asked for in the
 * environment:
 *
 *     LAB_NO_SYNC=1                    commits are not synced: what the processor alone costs
 *     LAB_SPEED=N and LAB_EPOCH=UNIX_S the clock runs N times as fast from that moment on: a
 *                                      thousand users have only 33 new codes a second else
 */
#include "base/clock.h"
#include "store/store_lmdb.h"

#include <stdlib.h>
#include <time.h>

enum err __real_store_lmdb_open(const struct store_lmdb_options *options, struct store **ret_store,
                                struct diag *reterr);
enum err __wrap_store_lmdb_open(const struct store_lmdb_options *options, struct store **ret_store,
                                struct diag *reterr);
struct clock __wrap_clock_system(void);

static int64_t number(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoll(text, NULL, 10) : 0;
}

enum err __wrap_store_lmdb_open(const struct store_lmdb_options *options, struct store **ret_store,
                                struct diag *reterr)
{
    struct store_lmdb_options changed = *options;

    changed.unsafe_no_sync = number("LAB_NO_SYNC") == 1;
    return __real_store_lmdb_open(&changed, ret_store, reterr);
}

static int64_t speed = 1, epoch_ms;

static int64_t lab_unix_ms(void *ctx)
{
    struct timespec now;
    int64_t since_us;

    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &now);
    since_us = ((int64_t)now.tv_sec * 1000 - epoch_ms) * 1000 + now.tv_nsec / 1000;
    return epoch_ms + since_us * speed / 1000;
}

struct clock __wrap_clock_system(void)
{
    speed = number("LAB_SPEED") > 0 ? number("LAB_SPEED") : 1;
    epoch_ms = number("LAB_EPOCH") * 1000;
    return (struct clock){.unix_ms = lab_unix_ms, .ctx = NULL};
}
