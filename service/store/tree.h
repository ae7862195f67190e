/*
 * Ordered tables in one file, with transactions: the part of LMDB that the store uses. Private to
 * tables*.c, which put a journal before it; tree_lmdb*.c are the only files that know LMDB.
 *
 * Errors: ERR_NOT_FOUND where said; ERR_UNAVAILABLE for all trouble, the caller aborts. What is
 * read is valid until the next write in the same transaction or its end.
 *
 * One process opens a folder only once at a time, and never uses what it opened after a fork: the
 * locks of LMDB 0.9 do not survive either.
 */
#ifndef TWOFOLD_STORE_TREE_H
#define TWOFOLD_STORE_TREE_H

#include "store/table.h"

struct tree;
struct tree_txn;

/* Of a key, which is never empty. */
enum { TREE_KEY_MAX = 511 };

/* Opens the file in a folder that is there, making it if need be. Its tables cannot be used before
 * they are attached. */
NODISCARD enum err tree_open(const struct tables_options *options, struct tree **ret_tree,
                             struct diag *reterr);
void tree_close(struct tree *s);
DEFINE_CLEANUP(struct tree, tree_close);
#define auto_tree CLEANUP(tree_closep) struct tree

/* Writes a compact copy of the last committed state as data.mdb into FOLDER, which is there and has
 * none. Others may read and write meanwhile. The copy is not synced. */
NODISCARD enum err tree_copy(struct tree *s, const char *folder, struct diag *reterr);

/* Attaches the tables if all of them are there, without writing anything; RET says so. */
NODISCARD enum err tree_attach_known(struct tree *s, bool *ret_attached);

/* Attaches the tables in the first transaction after opening (for good if it commits): a writing
 * one, or of a frozen file a reading one. In an empty file they are made, and those that came after
 * TABLES_AT_FIRST in an older one; in a foreign one nothing is touched. A frozen file without them
 * is foreign; where it lacks newer ones, reading those is ERR_UNAVAILABLE. */
NODISCARD enum err tree_attach(struct tree_txn *t, enum tables_content *ret_content);

/* Did a commit or the file fail in a way that leaves the outcome unknown? For good. */
bool tree_broken(const struct tree *s);
/* From now on it is so. */
void tree_break(struct tree *s);

/* Looks, once a second at most, for processes that were killed while they read: what they read
 * would be kept from use, and the file grow with every commit. A writing transaction does so. */
void tree_forget_dead_readers(struct tree *s);

/* Begins the only write transaction, waiting for that of another thread or process; it stays on its
 * thread. */
NODISCARD enum err tree_begin_write(struct tree *s, struct tree_txn **ret_txn);
/* Begins reading a snapshot; never waits for a writer. */
NODISCARD enum err tree_begin_read(struct tree *s, struct tree_txn **ret_txn);
/* A reading T lets its snapshot go, which would keep old pages from being used again; before it
 * reads again it must be renewed, and then sees what is newest. */
void tree_rest(struct tree_txn *t);
NODISCARD enum err tree_renew(struct tree_txn *t);
/* Does T, which reads, see the last commit? Not when a process was killed between making its commit
 * durable and telling readers of it; then that is done by whoever begins to write next. */
bool tree_is_newest(const struct tree_txn *t);
/* Consumes T, also on failure: then nothing of it was written, or tree_broken() says so. */
NODISCARD enum err tree_commit(struct tree_txn *t);
/* Consumes T; NULL is fine. */
void tree_abort(struct tree_txn *t);
DEFINE_CLEANUP(struct tree_txn, tree_abort);
#define auto_tree_txn CLEANUP(tree_abortp) struct tree_txn

/* Lets T use that part of the reserve, or more if it was let before. */
void tree_use_reserve(struct tree_txn *t, enum tables_reserve part);

/* Could a transaction that writes about so many PAGES commit, and leave what PART says? */
NODISCARD enum err tree_has_room(struct tree *s, size_t pages, enum tables_reserve part,
                                 bool *ret_room);
size_t tree_page_bytes(const struct tree *s);

/* The value of KEY, or ERR_NOT_FOUND. */
NODISCARD enum err tree_get(struct tree_txn *t, enum table table, struct bytes key,
                            struct bytes *ret_value);
NODISCARD enum err tree_put(struct tree_txn *t, enum table table, struct bytes key,
                            struct bytes value);
/* Like put, for a key after all others of the table. */
NODISCARD enum err tree_append(struct tree_txn *t, enum table table, struct bytes key,
                               struct bytes value);
/* A key that is not there is fine. */
NODISCARD enum err tree_erase(struct tree_txn *t, enum table table, struct bytes key);

/* How many rows TABLE has. */
NODISCARD enum err tree_count(struct tree_txn *t, enum table table, uint64_t *ret_rows);

/* Bytes of disk that TABLE takes, in whole pages. */
NODISCARD enum err tree_bytes(struct tree_txn *t, enum table table, uint64_t *ret_bytes);

/* The first row at or after KEY (empty: the first of all), or the last row; ERR_NOT_FOUND if there
 * is none. */
NODISCARD enum err tree_seek(struct tree_txn *t, enum table table, struct bytes key,
                             struct table_row *ret_row);
NODISCARD enum err tree_last(struct tree_txn *t, enum table table, struct table_row *ret_row);

/* A walk over the rows of one table in a reading or writing transaction that does not write
 * meanwhile: from the first row at or after KEY, or the last one, onwards or backwards.
 * ERR_NOT_FOUND at the end. End it before the transaction. */
struct tree_cursor;
NODISCARD enum err tree_cursor_open(struct tree_txn *t, enum table table,
                                    struct tree_cursor **ret_cursor);
void tree_cursor_close(struct tree_cursor *c);
DEFINE_CLEANUP(struct tree_cursor, tree_cursor_close);
#define auto_tree_cursor CLEANUP(tree_cursor_closep) struct tree_cursor
NODISCARD enum err tree_cursor_seek(struct tree_cursor *c, struct bytes key,
                                    struct table_row *ret_row);
NODISCARD enum err tree_cursor_last(struct tree_cursor *c, struct table_row *ret_row);
NODISCARD enum err tree_cursor_next(struct tree_cursor *c, struct table_row *ret_row);
NODISCARD enum err tree_cursor_previous(struct tree_cursor *c, struct table_row *ret_row);

#endif
