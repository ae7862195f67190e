/* Cursors: a walk that goes on from where it stands, where a search for each row begins at the
 * root. */
#include "store/tree_lmdb.h"

#include <stdlib.h>

struct tree_cursor {
    struct tree *tree;
    MDB_cursor *cursor;
};

enum err tree_cursor_open(struct tree_txn *t, enum table table, struct tree_cursor **ret_cursor)
{
    struct tree_cursor *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return ERR_UNAVAILABLE;
    c->tree = t->tree;
    rc = mdb_cursor_open(t->txn, t->tree->dbi[table], &c->cursor);
    if (rc) {
        free(c);
        return tree_translate(t->tree, rc);
    }
    *ret_cursor = c;
    return ERR_OK;
}

void tree_cursor_close(struct tree_cursor *c)
{
    if (!c)
        return;
    mdb_cursor_close(c->cursor);
    free(c);
}

static enum err move(struct tree_cursor *c, struct bytes key, MDB_cursor_op op,
                     struct table_row *ret_row)
{
    MDB_val k = {.mv_data = (void *)(uintptr_t)key.p, .mv_size = key.n}, v;

    TRY(tree_translate(c->tree, mdb_cursor_get(c->cursor, &k, &v, op)));
    *ret_row = (struct table_row){.key = {.p = k.mv_data, .n = k.mv_size},
                                  .value = {.p = v.mv_data, .n = v.mv_size}};
    return ERR_OK;
}

enum err tree_cursor_seek(struct tree_cursor *c, struct bytes key, struct table_row *ret_row)
{
    return move(c, key, key.n ? MDB_SET_RANGE : MDB_FIRST, ret_row);
}

enum err tree_cursor_last(struct tree_cursor *c, struct table_row *ret_row)
{
    return move(c, (struct bytes){0}, MDB_LAST, ret_row);
}

enum err tree_cursor_next(struct tree_cursor *c, struct table_row *ret_row)
{
    return move(c, (struct bytes){0}, MDB_NEXT, ret_row);
}

enum err tree_cursor_previous(struct tree_cursor *c, struct table_row *ret_row)
{
    return move(c, (struct bytes){0}, MDB_PREV, ret_row);
}

enum err tree_seek(struct tree_txn *t, enum table table, struct bytes key,
                   struct table_row *ret_row)
{
    auto_tree_cursor *c = NULL;

    TRY(tree_cursor_open(t, table, &c));
    return tree_cursor_seek(c, key, ret_row);
}

enum err tree_last(struct tree_txn *t, enum table table, struct table_row *ret_row)
{
    auto_tree_cursor *c = NULL;

    TRY(tree_cursor_open(t, table, &c));
    return tree_cursor_last(c, ret_row);
}
