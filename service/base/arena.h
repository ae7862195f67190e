/*
 * Memory of one request: everything that is decoded, built and answered for it lies here, and one
 * reset wipes it all. Bounded, so that no request can take more than its share.
 */
#ifndef TWOFOLD_BASE_ARENA_H
#define TWOFOLD_BASE_ARENA_H

#include "base/bytes.h"

struct arena;

/* An arena of at most LIMIT bytes in all; NULL when there is no memory. The caller frees. */
struct arena *arena_new(size_t limit);

/* The same for arenas that are many: their first block, which a reset keeps, has FIRST bytes. */
struct arena *arena_new_with(size_t limit, size_t first);

/* Wipes and frees; NULL is fine. */
void arena_free(struct arena *a);

/* Wipes everything handed out and starts again; keeps the first block for reuse. */
void arena_reset(struct arena *a);

/* N zeroed bytes, aligned for any type, valid until reset; NULL over the limit or out of memory. */
void *arena_alloc(struct arena *a, size_t n);

/* A NUL-terminated copy of N bytes; NULL as above. */
char *arena_text(struct arena *a, const void *p, size_t n);

#endif
