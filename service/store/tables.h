/*
 * Ordered tables of bytes with transactions: the part of LMDB that the store uses. Private to
 * store/; tables_lmdb*.c are the only files that know LMDB.
 *
 * Errors: ERR_NOT_FOUND where said; ERR_UNAVAILABLE for all trouble, the caller aborts. What is
 * read is valid until the next write in the same transaction or its end.
 *
 * One process opens a folder only once at a time, and never uses what it opened after a fork: the
 * locks of LMDB 0.9 do not survive either.
 */
#ifndef TWOFOLD_STORE_TABLES_H
#define TWOFOLD_STORE_TABLES_H

#include "base/bytes.h"
#include "base/err.h"

/* One row a table: enum name, name on disk. New ones come last, and in TABLES_AT_FIRST. */
#define TABLE_LIST(X)     \
    X(META, "meta")       \
    X(ORGS, "orgs")       \
    X(USERS, "users")     \
    X(DECOYS, "decoys")   \
    X(RETRIES, "retries") \
    X(OUTBOX, "outbox")   \
    X(REPEATS, "repeats")

enum table {
#define X(name, text) TABLE_##name,
    TABLE_LIST(X)
#undef X
        TABLES,
    TABLES_AT_FIRST = TABLE_REPEATS /* those before it are in every database */
};

struct tables;
struct tables_txn;

struct table_row {
    struct bytes key, value;
};

struct tables_options {
    const char *folder;
    unsigned size_mb;
    bool unsafe_no_sync;
    bool frozen; /* nobody writes it: only for reading, and nothing is made, not even a lock file */
};

/* Opens the file in a folder that is there, making it if need be. Its tables cannot be used before
 * tables_attach. */
NODISCARD enum err tables_open(const struct tables_options *options, struct tables **ret_tables,
                               struct diag *reterr);
void tables_close(struct tables *s);
DEFINE_CLEANUP(struct tables, tables_close);
#define auto_tables CLEANUP(tables_closep) struct tables

/* Writes a compact copy of the last committed state as data.mdb into FOLDER, which is there and has
 * none. Others may read and write meanwhile. The copy is not synced. */
NODISCARD enum err tables_copy(struct tables *s, const char *folder, struct diag *reterr);

/* What a file turned out to be. */
enum tables_content { TABLES_EMPTY, TABLES_OURS, TABLES_FOREIGN };

/* Attaches the tables, in the first transaction after opening (for good if it commits): a writing
 * one, or of a frozen file a reading one. In an empty file they are made, and those that came after
 * TABLES_AT_FIRST in an older one; in a foreign one nothing is touched. A frozen file without them
 * is foreign; where it lacks newer ones, reading those is ERR_UNAVAILABLE. */
NODISCARD enum err tables_attach(struct tables_txn *t, enum tables_content *ret_content);

/* Did a commit or the file fail in a way that leaves the outcome unknown? For good. */
bool tables_broken(const struct tables *s);

/* Begins the only write transaction, waiting for that of another process; it stays on its
 * thread. */
NODISCARD enum err tables_begin_write(struct tables *s, struct tables_txn **ret_txn);
/* Begins reading a snapshot; never waits for a writer. */
NODISCARD enum err tables_begin_read(struct tables *s, struct tables_txn **ret_txn);
/* Consumes T, also on failure: then nothing of it was written, or tables_broken() says so. */
NODISCARD enum err tables_commit(struct tables_txn *t);
/* Consumes T; NULL is fine. */
void tables_abort(struct tables_txn *t);
DEFINE_CLEANUP(struct tables_txn, tables_abort);
#define auto_tables_txn CLEANUP(tables_abortp) struct tables_txn

/* Pages are kept free for what makes room: without them a full file could not be emptied, since
 * removing a row takes pages too. Who removes may use a part of them, and add some rows that say
 * so; who only removes, and never more because of the rows that say so, may use all. */
enum tables_reserve { RESERVE_KEPT, RESERVE_FOR_REMOVING, RESERVE_FOR_EMPTYING };

/* Lets T use that part of the reserve, or more if it was let before. */
void tables_use_reserve(struct tables_txn *t, enum tables_reserve part);

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

/* How many rows TABLE has. */
NODISCARD enum err table_count(struct tables_txn *t, enum table table, uint64_t *ret_rows);

/* Bytes of disk that TABLE takes, in whole pages. */
NODISCARD enum err table_bytes(struct tables_txn *t, enum table table, uint64_t *ret_bytes);

/* The first row at or after KEY (empty: the first of all), or the last row; ERR_NOT_FOUND if there
 * is none. */
NODISCARD enum err table_seek(struct tables_txn *t, enum table table, struct bytes key,
                              struct table_row *ret_row);
NODISCARD enum err table_last(struct tables_txn *t, enum table table, struct table_row *ret_row);

#endif
