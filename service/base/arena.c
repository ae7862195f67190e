#include "base/arena.h"

#include "base/secret.h"

#include <stdalign.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 16 * 1024 };

struct block {
    struct block *older;
    size_t size, used;
    alignas(max_align_t) uint8_t data[];
};

struct arena {
    struct block *newest;
    size_t limit, taken;
};

static struct block *block_new(struct block *older, size_t size)
{
    struct block *b = malloc(sizeof *b + size);

    if (!b)
        return NULL;
    b->older = older;
    b->size = size;
    b->used = 0;
    return b;
}

struct arena *arena_new(size_t limit)
{
    struct arena *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->limit = limit;
    a->newest = block_new(NULL, FIRST_BLOCK);
    if (!a->newest) {
        free(a);
        return NULL;
    }
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
    free(a->newest);
    free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t align = alignof(max_align_t), room = (n + align - 1) / align * align;
    uint8_t *p;

    if (room < n || room > a->limit - a->taken)
        return NULL;
    if (room > a->newest->size - a->newest->used) {
        struct block *b = block_new(a->newest, room > FIRST_BLOCK ? room : FIRST_BLOCK);

        if (!b)
            return NULL;
        a->newest = b;
    }
    p = a->newest->data + a->newest->used;
    a->newest->used += room;
    a->taken += room;
    return memset(p, 0, room);
}

char *arena_text(struct arena *a, const void *p, size_t n)
{
    char *copy = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);

    if (copy && n)
        memcpy(copy, p, n);
    return copy;
}
