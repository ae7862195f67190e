/*
 * A full map needs care, because removing a row copies pages before it frees them, and what a
 * transaction frees can be used by the one after the next. So the last pages are kept for
 * transactions that make room; the others fail while there is still something left to work with.
 *
 * Removing a user adds an event, and may well take more than it frees for a while. So it leaves the
 * last part to what empties the outbox, which alone ends that.
 */
#include "store/tree_lmdb.h"

enum { TXN_PAGES = 16 }; /* what any transaction copies: roots, paths, the list of free pages */

/* What a transaction leaves free. */
static const size_t kept_pages[] = {
    [RESERVE_KEPT] = 64,
    [RESERVE_FOR_REMOVING] = 32,
    [RESERVE_FOR_EMPTYING] = 0,
};

/* Pages in the list of free ones; stops counting at ENOUGH. Those that the last transaction freed
 * are among them: they cannot be had yet, but when this one has committed, they can. */
static int count_free(MDB_txn *snapshot, size_t enough, size_t *ret_pages)
{
    enum { FREE_LIST = 0 }; /* LMDB's own table: transaction id -> count, page numbers */
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t pages = 0;
    int rc = mdb_cursor_open(snapshot, FREE_LIST, &cursor);

    if (rc)
        return rc;
    while (pages < enough && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        size_t n;

        memcpy(&n, value.mv_data, sizeof n);
        pages += n;
    }
    mdb_cursor_close(cursor);
    *ret_pages = pages;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The end of the file is looked at first; the list of free pages is read only when the file has
 * reached its size. */
static int check_pages(struct tree *s, size_t need)
{
    size_t end, free_pages = 0;
    MDB_envinfo info;
    MDB_txn *snapshot;
    int rc;

    mdb_env_info(s->env, &info);
    end = info.me_mapsize / s->page_size - (info.me_last_pgno + 1);
    if (end >= need)
        return 0;
    if (need > info.me_mapsize / s->page_size)
        return MDB_MAP_FULL;
    rc = tree_txn_begin(s, MDB_RDONLY, &snapshot);
    if (rc)
        return rc;
    rc = count_free(snapshot, need - end, &free_pages);
    mdb_txn_abort(snapshot);
    if (rc)
        return rc;
    return end + free_pages >= need ? 0 : MDB_MAP_FULL;
}

int tree_check_room(struct tree_txn *t)
{
    if (t->pages == 0)
        return 0; /* erasing alone */
    return check_pages(t->tree, t->pages + TXN_PAGES + kept_pages[t->reserve]);
}

enum err tree_has_room(struct tree *s, size_t pages, enum tables_reserve part, bool *ret_room)
{
    int rc;

    pthread_rwlock_rdlock(&s->mapping);
    rc = check_pages(s, pages + TXN_PAGES + kept_pages[part]);
    pthread_rwlock_unlock(&s->mapping);
    *ret_room = rc == 0;
    return rc == MDB_MAP_FULL ? ERR_OK : tree_translate(s, rc);
}
