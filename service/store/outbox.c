/*
 * Positions grow for ever, also when the outbox was emptied, so that a publisher which remembers a
 * position never takes a new event for one it has sent. The last row says where to go on; only when
 * rows are removed is it written down how far, so appending costs one row.
 */
#include "store/outbox.h"

#include "store/big_endian.h"

enum { POSITION_BYTES = 8 };

static const char trimmed_key[] = "outbox/trimmed";

static enum err position_of(struct bytes b, uint64_t *ret_position)
{
    if (b.n != POSITION_BYTES)
        return ERR_UNAVAILABLE;
    *ret_position = be_get(b.p, POSITION_BYTES);
    return ERR_OK;
}

static enum err trimmed_to(struct tables_txn *t, uint64_t *ret_position)
{
    struct bytes value;
    enum err err = table_get(t, TABLE_META, bytes_of_text(trimmed_key), &value);

    if (err == ERR_OK)
        return position_of(value, ret_position);
    if (err == ERR_NOT_FOUND) {
        *ret_position = 0;
        return ERR_OK;
    }
    return err;
}

enum err outbox_next(struct tables_txn *t, uint64_t *ret_position)
{
    struct table_row last_row;
    uint64_t last;
    enum err err = table_last(t, TABLE_OUTBOX, &last_row);

    if (err == ERR_OK)
        TRY(position_of(last_row.key, &last));
    else if (err == ERR_NOT_FOUND)
        TRY(trimmed_to(t, &last));
    else
        return err;
    *ret_position = last + 1;
    return ERR_OK;
}

enum err outbox_append(struct tables_txn *t, uint64_t position, struct bytes event)
{
    uint8_t key[POSITION_BYTES];

    be_put(key, sizeof key, position);
    return table_append(t, TABLE_OUTBOX, (struct bytes){.p = key, .n = sizeof key}, event);
}

static enum err trimmed_write(struct tables_txn *t, uint64_t position)
{
    uint8_t value[POSITION_BYTES];

    be_put(value, sizeof value, position);
    return table_put(t, TABLE_META, bytes_of_text(trimmed_key),
                     (struct bytes){.p = value, .n = sizeof value});
}

enum err outbox_trim(struct tables_txn *t, uint64_t position)
{
    uint64_t first, removed = 0;
    struct table_row row;
    enum err err;

    while ((err = table_seek(t, TABLE_OUTBOX, (struct bytes){0}, &row)) == ERR_OK) {
        TRY(position_of(row.key, &first));
        if (first > position)
            break;
        TRY(table_erase(t, TABLE_OUTBOX, row.key));
        removed = first;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (removed == 0)
        return ERR_OK;
    tables_use_reserve(t);
    return trimmed_write(t, removed);
}

/* Copies the entry into ARENA; false when it is full. */
static bool entry_copy(struct arena *arena, uint64_t position, struct bytes event,
                       struct outbox_entry *ret_entry)
{
    uint8_t *copy = arena_alloc(arena, event.n);

    if (!copy)
        return false;
    if (event.n)
        memcpy(copy, event.p, event.n);
    *ret_entry = (struct outbox_entry){
        .position = position,
        .event = {.p = copy, .n = event.n},
    };
    return true;
}

enum err outbox_read(struct tables_txn *t, uint64_t after, const struct outbox_page *page,
                     size_t *ret_n)
{
    uint8_t key[POSITION_BYTES];
    struct table_row row;
    size_t n = 0;

    while (n < page->max && after < UINT64_MAX) {
        enum err err;

        be_put(key, sizeof key, after + 1);
        err = table_seek(t, TABLE_OUTBOX, (struct bytes){.p = key, .n = sizeof key}, &row);
        if (err == ERR_NOT_FOUND)
            break;
        TRY(err);
        TRY(position_of(row.key, &after));
        if (!entry_copy(page->arena, after, row.value, &page->entries[n])) {
            if (n == 0)
                return ERR_UNAVAILABLE;
            break;
        }
        n++;
    }
    *ret_n = n;
    return ERR_OK;
}
