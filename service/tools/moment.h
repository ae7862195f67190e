/* A point in time as an operator writes it, and as it is told to him. */
#ifndef TWOFOLD_TOOLS_MOMENT_H
#define TWOFOLD_TOOLS_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOMENT_BYTES = sizeof "2026-11-22T10:00:00.000Z" };

/* RFC 3339 ("2026-11-22T10:00:00Z", with a fraction or another offset, or the date alone), "now",
 * or how long ago ("90s", "15m", "2h", "7d"). False when TEXT is none of them. RET_MS is Unix
 * milliseconds. */
bool moment_parse(const char *text, int64_t now_ms, int64_t *ret_ms);

/* RFC 3339 in UTC. */
void moment_print(int64_t unix_ms, char ret_text[static MOMENT_BYTES]);

#endif
