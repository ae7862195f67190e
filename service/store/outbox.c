/*
 * Positions grow for ever, also when the outbox was emptied, so that a publisher which remembers a
 * position never takes a new event for one it has sent. The last row says where to go on; only when
 * rows are removed is it written down how far, so appending costs one row.
 *
 * Removing must work when the file is full, and then pages that lie together are rare. LMDB writes
 * the list of freed pages as one value, so what one transaction removes is bounded: of an aged full
 * file, 20 MB at once could never be committed.
 *
 * A restored backup has the marks that it was taken with, and that is right. Of the events that
 * came behind them nobody knows whether the bus has taken them; they go out again. Within the
 * duplicate window the stream drops them by their id; later they stand in it twice, which a reader
 * can tell, where one that is missing could not be brought back. New events get positions, ids and
 * digests of their own; that the chains fork is said by service.restored.
 */
#include "store/outbox.h"

#include "store/big_endian.h"

enum {
    POSITION_BYTES = 8,
    TRIM_BYTES = 1024 * 1024, /* the list of the pages that they leave fits into one page */
};

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

/* The first entry that was not removed. It is looked for where removing has come to: what was
 * removed lately may still have to be passed over before that. */
static enum err first_row(struct tables_txn *t, struct table_row *ret_row)
{
    uint8_t key[POSITION_BYTES];
    uint64_t trimmed;

    TRY(trimmed_to(t, &trimmed));
    be_put(key, sizeof key, trimmed + 1);
    return table_seek(t, TABLE_OUTBOX, (struct bytes){.p = key, .n = sizeof key}, ret_row);
}

/* Removes the first entry, if it is not behind POSITION; ERR_NOT_FOUND when it is, or there is
 * none.
 */
static enum err trim_one(struct tables_txn *t, uint64_t position, uint64_t *ret_removed,
                         size_t *bytes)
{
    struct table_row row;
    uint64_t first;

    TRY(table_seek(t, TABLE_OUTBOX, (struct bytes){0}, &row));
    TRY(position_of(row.key, &first));
    if (first > position)
        return ERR_NOT_FOUND;
    *bytes += row.value.n;
    TRY(table_erase(t, TABLE_OUTBOX, row.key));
    *ret_removed = first;
    return ERR_OK;
}

enum err outbox_trim(struct tables_txn *t, uint64_t position, size_t max)
{
    uint64_t removed = 0;
    size_t bytes = 0;
    enum err err = ERR_OK;

    for (size_t n = 0; n < max && bytes < TRIM_BYTES && err == ERR_OK; n++)
        err = trim_one(t, position, &removed, &bytes);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (removed == 0)
        return ERR_OK;
    tables_use_reserve(t, RESERVE_FOR_EMPTYING);
    return trimmed_write(t, removed);
}

/* ---- marks ---- */

enum { MARKS = 5, MARKS_BYTES = MARKS * POSITION_BYTES };

static const char marks_key[] = "outbox/marks";

/* An event that comes would otherwise count as taken, and be lost. */
static bool marks_known(const struct outbox_marks *m, uint64_t last)
{
    return m->taken.position <= last && m->checkpointed <= last;
}

/* The position of the newest event that was ever appended. */
static enum err last_position(struct tables_txn *t, uint64_t *ret_last)
{
    uint64_t next;

    TRY(outbox_next(t, &next));
    *ret_last = next - 1;
    return ERR_OK;
}

enum err outbox_save_marks(struct tables_txn *t, const struct outbox_marks *m)
{
    const uint64_t values[] = {m->taken.position, m->taken.sequence, m->taken.in_stream,
                               m->checkpointed, m->dropped};
    uint8_t row[MARKS_BYTES];
    uint64_t last;

    TRY(last_position(t, &last));
    if (!marks_known(m, last))
        return ERR_INTERNAL;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        be_put(row + i * POSITION_BYTES, POSITION_BYTES, values[i]);
    return table_put(t, TABLE_META, bytes_of_text(marks_key),
                     (struct bytes){.p = row, .n = sizeof row});
}

static enum err load_marks(struct tables_txn *t, uint64_t last, struct outbox_marks *ret)
{
    uint64_t values[MARKS];
    struct bytes row;
    enum err err = table_get(t, TABLE_META, bytes_of_text(marks_key), &row);

    *ret = (struct outbox_marks){0};
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    if (row.n != MARKS_BYTES)
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < MARKS; i++)
        values[i] = be_get(row.p + i * POSITION_BYTES, POSITION_BYTES);
    ret->taken = (struct outbox_taken){
        .position = values[0], .sequence = values[1], .in_stream = values[2] == 1};
    ret->checkpointed = values[3];
    ret->dropped = values[4];
    return values[2] <= 1 && marks_known(ret, last) ? ERR_OK : ERR_UNAVAILABLE;
}

/* What was removed is not waiting to be sent, also in a database of before there were marks. */
static void count_removed_as_taken(struct outbox_state *s)
{
    if (s->marks.taken.position + 1 >= s->first)
        return;
    s->marks.taken.position = s->first - 1;
    s->marks.taken.sequence = 0;
}

enum err outbox_look(struct tables_txn *t, struct outbox_state *ret)
{
    struct outbox_state state = {0};
    struct table_row row;
    enum err err;

    TRY(last_position(t, &state.last));
    TRY(load_marks(t, state.last, &state.marks));
    state.first = state.last + 1;
    err = first_row(t, &row);
    if (err == ERR_OK)
        TRY(position_of(row.key, &state.first));
    else if (err != ERR_NOT_FOUND)
        return err;
    count_removed_as_taken(&state);
    TRY(table_bytes(t, TABLE_OUTBOX, &state.bytes));
    *ret = state;
    return ERR_OK;
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
