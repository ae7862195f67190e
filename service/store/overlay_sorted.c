/* All entries of a generation in the order of the tree, which folding brings them into. */
#include "store/overlay_parts.h"

#include <stdlib.h>

/* The beginning of a key beside it: most comparisons then need no look at the entry, which lies
 * anywhere in a large file. */
enum { SORT_HEAD = 24 };

struct sort_key {
    uint8_t head[SORT_HEAD]; /* the table, and the beginning of the key */
    uint32_t at;
};

static int compare_entries(const void *left, const void *right, void *overlay)
{
    const struct sort_key *a = left, *b = right;
    int order = bytes_compare((struct bytes){.p = a->head, .n = SORT_HEAD},
                              (struct bytes){.p = b->head, .n = SORT_HEAD});
    struct entry x, y;

    if (order)
        return order;
    overlay_entry(overlay, a->at, &x);
    overlay_entry(overlay, b->at, &y);
    return bytes_compare(x.key, y.key);
}

static struct sort_key sort_key_of(const struct overlay *o, uint32_t at)
{
    struct sort_key key = {.at = at};
    struct entry e;

    overlay_entry(o, at, &e);
    key.head[0] = (uint8_t)e.table;
    memcpy(key.head + 1, e.key.p, e.key.n < SORT_HEAD - 1 ? e.key.n : SORT_HEAD - 1);
    return key;
}

enum err overlay_sorted(const struct overlay *o, uint32_t **ret_units)
{
    struct sort_key *all = calloc(o->used + 1, sizeof *all);
    uint32_t *units = calloc(o->used + 1, sizeof *units);
    size_t n = 0;

    if (!all || !units) {
        free(all);
        free(units);
        return ERR_UNAVAILABLE;
    }
    for (size_t i = 0; i <= o->mask; i++)
        if (o->slots[i].at)
            all[n++] = sort_key_of(o, o->slots[i].at);
    qsort_r(all, n, sizeof *all, compare_entries, (void *)(uintptr_t)o);
    for (size_t i = 0; i < n; i++)
        units[i] = all[i].at;
    free(all);
    *ret_units = units;
    return ERR_OK;
}
