#include "tools/held_ids.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 1024 };

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum err make_room(struct held_ids *h)
{
    size_t room = h->room ? 2 * h->room : ROOM_FIRST;
    void *grown = reallocarray(h->at, room, sizeof *h->at);

    if (!grown)
        return ERR_UNAVAILABLE;
    h->at = grown;
    h->room = room;
    return ERR_OK;
}

enum err held_ids_add(struct held_ids *h, const char *id)
{
    size_t n = strlen(id);

    if (n >= HELD_ID_BYTES)
        return ERR_OK;
    if (h->n == h->room)
        TRY(make_room(h));
    memcpy(h->at[h->n++], id, n + 1);
    h->sorted = false;
    return ERR_OK;
}

bool held_ids_has(struct held_ids *h, const char *id)
{
    if (!h->sorted && h->n > 0)
        qsort(h->at, h->n, sizeof *h->at, compare);
    h->sorted = true;
    return h->n > 0 && bsearch(id, h->at, h->n, sizeof *h->at, compare) != NULL;
}

void held_ids_free(struct held_ids *h)
{
    free(h->at);
    *h = (struct held_ids){0};
}
