/*
 * The words that tables.h and tree.h share: which tables there are, and what a row is. Private to
 * store/.
 */
#ifndef TWOFOLD_STORE_TABLE_H
#define TWOFOLD_STORE_TABLE_H

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

struct table_row {
    struct bytes key, value;
};

struct tables_options {
    const char *folder;
    unsigned size_mb;
    bool unsafe_no_sync;
    bool frozen; /* nobody writes it: only for reading, and nothing is made, not even a lock file */
    bool plain;  /* nobody else has it open: no journal, every commit goes to the tree */
    unsigned journal_mb;  /* the tree is brought up to date when the journal holds so much; 0: the
                             default */
    size_t journal_bytes; /* the same in bytes, for tests; 0: journal_mb counts */
};

/* meta/"format", 4 bytes, big endian: from 2 on there is a journal beside the tree. */
#define TABLES_FORMAT_KEY "format"
enum { FORMAT_WITHOUT_JOURNAL = 1, FORMAT_WITH_JOURNAL = 2, FORMAT_BYTES = 4 };

/* meta/"journal": whose journal it is, and how far the tree has it. A copy of the tree alone must
 * not have it. */
#define TABLES_JOURNAL_KEY "journal"

/* What a file turned out to be. */
enum tables_content { TABLES_EMPTY, TABLES_OURS, TABLES_FOREIGN };

/* Pages are kept free for what makes room: without them a full file could not be emptied, since
 * removing a row takes pages too. Who removes may use a part of them, and add some rows that say
 * so; who only removes, and never more because of the rows that say so, may use all. */
enum tables_reserve { RESERVE_KEPT, RESERVE_FOR_REMOVING, RESERVE_FOR_EMPTYING };

#endif
