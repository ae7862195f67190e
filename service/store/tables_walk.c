/*
 * Rows in order. Each layer offers its nearest key; the nearest of all is the row, as the newest
 * layer that knows it has it. A key that was erased is passed over. The journal's layers offer only
 * keys that nothing beneath them has: all others are met beneath.
 *
 * Emptying a table from its front would pass over more erased rows each time, until they are
 * folded. So a stretch without rows is remembered, as long as nothing is put into it.
 */
#include "store/tables_parts.h"

enum { LAYERS = 3, GAP_WORTH = 8 };

/* ---- gaps ---- */

void tables_forget_gaps(struct tables *s)
{
    for (unsigned i = 0; i < TABLES; i++)
        s->gaps[i].n_to = 0;
}

static struct bytes gap_from(const struct gap *g)
{
    return (struct bytes){.p = g->from, .n = g->n_from};
}

static struct bytes gap_to(const struct gap *g)
{
    return (struct bytes){.p = g->to, .n = g->n_to};
}

static bool in_gap(const struct gap *g, struct bytes key)
{
    return g->n_to > 0 && bytes_compare(gap_from(g), key) <= 0 && bytes_compare(key, gap_to(g)) < 0;
}

void tables_fill_gap(struct tables *s, enum table table, struct bytes key)
{
    if (in_gap(&s->gaps[table], key))
        s->gaps[table].n_to = 0;
}

static void remember_gap(struct gap *g, struct bytes from, struct bytes to)
{
    if (from.n > KEPT_KEY_MAX || to.n > KEPT_KEY_MAX)
        return;
    if (from.n)
        memmove(g->from, from.p, from.n);
    memmove(g->to, to.p, to.n);
    g->n_from = from.n;
    g->n_to = to.n;
}

/* ---- layers ---- */

struct layers {
    unsigned n;
    const struct overlay *at[LAYERS]; /* the newest first */
};

static struct layers layers_of(const struct tables_txn *t)
{
    const struct tables *s = t->tables;
    struct layers l = {0};

    if (t->own)
        l.at[l.n++] = t->own;
    if (s->active.number)
        l.at[l.n++] = s->active.overlay;
    if (s->frozen.number)
        l.at[l.n++] = s->frozen.overlay;
    return l;
}

/* What the newest layer that knows ROW->key says of it; false: it is erased. */
static bool resolve(const struct layers *l, enum table table, struct table_row *row)
{
    struct overlay_key key;
    struct entry e;

    if (l->n == 0)
        return true;
    key = overlay_key(table, row->key);
    for (unsigned i = 0; i < l->n; i++)
        if (overlay_find(l->at[i], &key, &e)) {
            *row = (struct table_row){.key = e.key, .value = e.value};
            return e.kind == ENTRY_PUT;
        }
    return true;
}

struct search {
    const struct layers *layers;
    enum table table;
    bool backwards;
    bool found;
    struct table_row row;
    unsigned passed; /* erased rows */
};

static void offer(struct search *s, const struct table_row *row)
{
    int order = s->found ? bytes_compare(row->key, s->row.key) : 0;

    if (s->found && (s->backwards ? order <= 0 : order >= 0))
        return;
    s->row = *row;
    s->found = true;
}

static void search_overlay(struct search *s, struct overlay_cursor c)
{
    struct table_row row = {0};

    while (overlay_next(&c, &row.key)) {
        if (resolve(s->layers, s->table, &row)) {
            offer(s, &row);
            return;
        }
        s->passed++;
    }
}

static enum err search_tree(struct search *s, struct tree_txn *t, struct bytes from)
{
    auto_tree_cursor *cursor = NULL;
    struct table_row row;
    enum err err;

    TRY(tree_cursor_open(t, s->table, &cursor));
    err = s->backwards ? tree_cursor_last(cursor, &row) : tree_cursor_seek(cursor, from, &row);
    while (err == ERR_OK && !resolve(s->layers, s->table, &row)) {
        s->passed++;
        err = s->backwards ? tree_cursor_previous(cursor, &row) : tree_cursor_next(cursor, &row);
    }
    if (err == ERR_OK)
        offer(s, &row);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- what the header promises ---- */

enum err table_seek(struct tables_txn *t, enum table table, struct bytes key,
                    struct table_row *ret_row)
{
    const struct layers layers = layers_of(t);
    struct search s = {.layers = &layers, .table = table};
    struct gap *gap = t->kind == WRITES ? &t->tables->gaps[table] : NULL;
    struct bytes from = key;

    if (t->kind == BARE)
        return tree_seek(t->tree, table, key, ret_row);
    if (gap && in_gap(gap, key)) {
        key = gap_from(gap);
        from = gap_to(gap);
    }
    for (unsigned i = 0; i < layers.n; i++)
        search_overlay(&s, overlay_first(layers.at[i], table, from));
    TRY(search_tree(&s, t->tree, from));
    if (!s.found)
        return ERR_NOT_FOUND;
    if (gap && s.passed >= GAP_WORTH)
        remember_gap(gap, key, s.row.key);
    *ret_row = s.row;
    return ERR_OK;
}

enum err table_last(struct tables_txn *t, enum table table, struct table_row *ret_row)
{
    const struct layers layers = layers_of(t);
    struct search s = {.layers = &layers, .table = table, .backwards = true};

    if (t->kind == BARE)
        return tree_last(t->tree, table, ret_row);
    for (unsigned i = 0; i < layers.n; i++)
        search_overlay(&s, overlay_last(layers.at[i], table));
    TRY(search_tree(&s, t->tree, (struct bytes){0}));
    if (!s.found)
        return ERR_NOT_FOUND;
    *ret_row = s.row;
    return ERR_OK;
}
