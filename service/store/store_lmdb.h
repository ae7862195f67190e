/* The embedded store: LMDB, one folder, any number of processes on the same machine. */
#ifndef TWOFOLD_STORE_STORE_LMDB_H
#define TWOFOLD_STORE_STORE_LMDB_H

#include "crypto/keyring.h"
#include "store/store.h"

struct store_lmdb_options {
    const char *folder;      /* made with mode 0700 if it is missing (its parent is not) */
    unsigned size_mb;        /* the database never grows beyond */
    struct keyring *keyring; /* borrowed for the life of the store; read again when it changed */
    unsigned journal_mb;     /* of the journal that are brought into the tree at a time; 0: 128 */
    bool plain;              /* nobody else has it open, and it needs no journal */
    bool unsafe_no_sync;     /* tests and benches only: commits are not durable */
};

/*
 * To be called before a keyring is made: makes the folder if it is missing, checks that it can be
 * read and written, and says whether there is a database in it. Only when it is certain that there
 * is none is RET_EXISTS false; any doubt is an error.
 */
NODISCARD enum err store_lmdb_prepare(const char *folder, bool *ret_exists, struct diag *reterr);

/*
 * Opens the database, creating it if there is none. Before anything is written it checks that the
 * folder is writable, the format is one this version knows, and the keyring has every key that the
 * database was written under (check values). RETERR says what to do. Every commit is synced to
 * disk.
 */
NODISCARD enum err store_lmdb_open(const struct store_lmdb_options *options,
                                   struct store **ret_store, struct diag *reterr);

#endif
