#include "base/arena.h"

#include "base/secret.h"

#include <stdalign.h>
#include <stdlib.h>

/*
 * A block is zero wherever nothing is handed out: it is born so, and a reset wipes the rest. So
 * handing out is an addition, and nothing is cleared twice.
 */

enum { BLOCK = 16 * 1024 };

struct block {
    struct block *older;
    size_t size, used;
    alignas(max_align_t) uint8_t data[];
};

/* Its first block lies behind it, in the same piece of memory. */
struct arena {
    alignas(max_align_t) struct block *newest;
    size_t limit, taken;
};

static struct block *block_new(struct block *older, size_t size)
{
    struct block *b = calloc(1, sizeof *b + size);

    if (!b)
        return NULL;
    b->older = older;
    b->size = size;
    return b;
}

struct arena *arena_new(size_t limit)
{
    return arena_new_with(limit, BLOCK);
}

struct arena *arena_new_with(size_t limit, size_t first)
{
    struct arena *a = calloc(1, sizeof *a + sizeof *a->newest + first);

    if (!a)
        return NULL;
    a->limit = limit;
    a->newest = (struct block *)(a + 1);
    a->newest->size = first;
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->newest->older) {
        struct block *b = a->newest;

        a->newest = b->older;
        wipe(b->data, b->used);
        free(b);
    }
    wipe(a->newest->data, a->newest->used);
    a->newest->used = 0;
    a->taken = 0;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    free(a);
}

static bool grow(struct arena *a, size_t room)
{
    struct block *b = block_new(a->newest, room > BLOCK ? room : BLOCK);

    if (!b)
        return false;
    a->newest = b;
    return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t align = alignof(max_align_t), room = (n + align - 1) & ~(align - 1);
    uint8_t *p;

    if (room < n || room > a->limit - a->taken)
        return NULL;
    if (room > a->newest->size - a->newest->used && !grow(a, room))
        return NULL;
    p = a->newest->data + a->newest->used;
    a->newest->used += room;
    a->taken += room;
    return p;
}

char *arena_text(struct arena *a, const void *p, size_t n)
{
    char *copy = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);

    if (copy && n)
        memcpy(copy, p, n);
    return copy;
}
