/* What --since takes. */
#ifndef TWOFOLD_CLI_SINCE_H
#define TWOFOLD_CLI_SINCE_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads a time of RFC 3339 ("2026-11-22T10:00:00Z", or the date alone), or how long before NOW_MS
 * (90s, 15m, 2h, 7d), into Unix time in milliseconds. False: TEXT is neither, or no time from 1970
 * on. */
NODISCARD bool since_read(const char *text, int64_t now_ms, int64_t *ret_unix_ms);

#endif
