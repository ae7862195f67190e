/* The ids of the messages that a stream holds: many, added first and asked for later. */
#ifndef TWOFOLD_TOOLS_HELD_IDS_H
#define TWOFOLD_TOOLS_HELD_IDS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { HELD_ID_BYTES = sizeof "0193515c-8b3e-7f5b-a1d3-000000000000" };

/* Zero is the empty set; whoever fills it frees it. */
struct held_ids {
    char (*at)[HELD_ID_BYTES];
    size_t n, room;
    bool sorted;
};

/* An id that is longer than ours is none of ours, and left out. ERR_UNAVAILABLE without memory. */
NODISCARD enum err held_ids_add(struct held_ids *h, const char *id);
bool held_ids_has(struct held_ids *h, const char *id);
void held_ids_free(struct held_ids *h);
#define auto_held_ids CLEANUP(held_ids_free) struct held_ids

#endif
