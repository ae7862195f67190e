/*
 * Ordered tables of bytes with transactions: a tree (tree.h) and before it a journal (journal.h),
 * so that a commit is one write to the end of a file and one sync. Private to store/.
 *
 * Errors: ERR_NOT_FOUND where said; ERR_UNAVAILABLE for all trouble, the caller aborts. What is
 * read is valid until the next write in the same transaction or its end.
 *
 * One process opens a folder only once at a time, and never uses what it opened after a fork: the
 * locks do not survive either.
 */
#ifndef TWOFOLD_STORE_TABLES_H
#define TWOFOLD_STORE_TABLES_H

#include "store/table.h"

struct tables;
struct tables_txn;

/* Opens the files in a folder that is there, making them if need be. The tables cannot be used
 * before tables_attach. */
NODISCARD enum err tables_open(const struct tables_options *options, struct tables **ret_tables,
                               struct diag *reterr);
void tables_close(struct tables *s);
DEFINE_CLEANUP(struct tables, tables_close);
#define auto_tables CLEANUP(tables_closep) struct tables

/* Writes a compact copy of a state committed after the call began as data.mdb into FOLDER, which is
 * there and has none; it needs no journal. Others may read and write meanwhile. The copy is not
 * synced. */
NODISCARD enum err tables_copy(struct tables *s, const char *folder, struct diag *reterr);

/* Attaches the tables, in the first transaction after opening (for good if it commits): a writing
 * one, or of a frozen file a reading one. In an empty file they are made, and those that came after
 * TABLES_AT_FIRST in an older one; in a foreign one nothing is touched. A frozen file without them
 * is foreign; where it lacks newer ones, reading those is ERR_UNAVAILABLE. */
NODISCARD enum err tables_attach(struct tables_txn *t, enum tables_content *ret_content);

/* Did a commit or the file fail in a way that leaves the outcome unknown? For good. */
bool tables_broken(const struct tables *s);

/* Begins the only write transaction, waiting for that of another thread or process; it stays on its
 * thread. */
NODISCARD enum err tables_begin_write(struct tables *s, struct tables_txn **ret_txn);
/* Begins reading what was committed last. Never waits for a transaction of this process that is
 * under way; but commits wait for T to end, so let it be short where somebody writes. */
NODISCARD enum err tables_begin_read(struct tables *s, struct tables_txn **ret_txn);
/* Consumes T, also on failure: then nothing of it was written, or tables_broken() says so. */
NODISCARD enum err tables_commit(struct tables_txn *t);
/* Consumes T; NULL is fine. */
void tables_abort(struct tables_txn *t);
DEFINE_CLEANUP(struct tables_txn, tables_abort);
#define auto_tables_txn CLEANUP(tables_abortp) struct tables_txn

/* Lets T use that part of the reserve, or more if it was let before. */
void tables_use_reserve(struct tables_txn *t, enum tables_reserve part);

/* Has T, which writes, changed anything so far, without a part of the reserve? Not of tables
 * without a journal. */
bool tables_changed_freely(const struct tables_txn *t);

/* Could a transaction that writes about so many PAGES commit, and leave the reserve? Apart from
 * what the journal still holds. Not within a transaction of this thread. */
NODISCARD enum err tables_has_room(struct tables *s, size_t pages, bool *ret_room);

/* The value of KEY, or ERR_NOT_FOUND. */
NODISCARD enum err table_get(struct tables_txn *t, enum table table, struct bytes key,
                             struct bytes *ret_value);
NODISCARD enum err table_put(struct tables_txn *t, enum table table, struct bytes key,
                             struct bytes value);
/* Like put, for a key after all others of the table. */
NODISCARD enum err table_append(struct tables_txn *t, enum table table, struct bytes key,
                                struct bytes value);
/* A key that is not there is fine. */
NODISCARD enum err table_erase(struct tables_txn *t, enum table table, struct bytes key);

/* How many rows TABLE has; about so many while a part of the journal is being brought into the
 * tree. */
NODISCARD enum err table_count(struct tables_txn *t, enum table table, uint64_t *ret_rows);

/* Bytes of disk that TABLE takes, about. */
NODISCARD enum err table_bytes(struct tables_txn *t, enum table table, uint64_t *ret_bytes);

/* The first row at or after KEY (empty: the first of all), or the last row; ERR_NOT_FOUND if there
 * is none. */
NODISCARD enum err table_seek(struct tables_txn *t, enum table table, struct bytes key,
                              struct table_row *ret_row);
NODISCARD enum err table_last(struct tables_txn *t, enum table table, struct table_row *ret_row);

#endif
