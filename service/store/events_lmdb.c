/* The store's events: appended and marked in a transaction, read in a snapshot. */
#include "store/outbox.h"
#include "store/store_lmdb_parts.h"

enum err events_append(struct store_txn *t, struct bytes event)
{
    if (t->position == 0)
        TRY(outbox_next(t->tables, &t->position));
    TRY(outbox_append(t->tables, t->position, event));
    t->position++;
    return ERR_OK;
}

uint64_t events_position(const struct store_txn *t)
{
    return t->position > 0 ? t->position - 1 : 0;
}

enum err events_trim(struct store_txn *t, uint64_t position, size_t max)
{
    return outbox_trim(t->tables, position, max);
}

enum err events_read(struct store *base, uint64_t after, struct arena *arena,
                     struct outbox_entry *ret_entries, size_t max, size_t *ret_n)
{
    const struct outbox_page page = {.arena = arena, .entries = ret_entries, .max = max};
    auto_tables_txn *t = NULL;

    TRY(tables_begin_read(((struct store_lmdb *)base)->tables, &t));
    return outbox_read(t, after, &page, ret_n);
}

enum err events_read_within(struct store_txn *t, uint64_t after, struct arena *arena,
                            struct outbox_entry *ret_entries, size_t max, size_t *ret_n)
{
    const struct outbox_page page = {.arena = arena, .entries = ret_entries, .max = max};

    return outbox_read(t->tables, after, &page, ret_n);
}

enum err events_save_marks(struct store_txn *t, const struct outbox_marks *marks)
{
    return outbox_save_marks(t->tables, marks);
}

enum err events_look(struct store *base, struct store_txn *txn, struct outbox_state *ret)
{
    auto_tables_txn *t = NULL;

    if (txn)
        return outbox_look(txn->tables, ret);
    TRY(tables_begin_read(((struct store_lmdb *)base)->tables, &t));
    return outbox_look(t, ret);
}
