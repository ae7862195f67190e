/* What store_lmdb.c and maintain.c share. Private to store/. */
#ifndef TWOFOLD_STORE_STORE_LMDB_PARTS_H
#define TWOFOLD_STORE_STORE_LMDB_PARTS_H

#include "store/record.h"
#include "store/stand_in.h"
#include "store/tables.h"

/* A number of the keys that no database has: they must be read again. */
#define KEYS_UNKNOWN UINT64_MAX

struct store_lmdb {
    struct store base;
    struct tables *tables;
    char *folder;
    struct keyring *keyring;
    uint64_t generation;   /* of the keys, as this process knows them */
    uint64_t complained;   /* about this one, which could not be followed */
    struct arena *scratch; /* of the write transaction; empty and wiped between operations */
    struct stand_in stand_in;
};

struct store_txn {
    struct store_lmdb *store;
    struct tables_txn *tables;
    bool followed;     /* changed keys: undone with the rest */
    uint64_t position; /* of the next event; 0: not looked up yet */
};

static inline void store_txn_abortp(struct store_txn **t)
{
    if (*t)
        (*t)->store->base.ops->abort(*t);
}
/* Undone when it leaves scope. */
#define auto_store_txn CLEANUP(store_txn_abortp) struct store_txn

static inline void codec_reset(const struct codec *c)
{
    arena_reset(c->arena);
}

/* Wipes what was encoded or decoded when it leaves scope. */
#define auto_codec CLEANUP(codec_reset) struct codec

static inline struct codec codec_of(const struct store_txn *t)
{
    return (struct codec){.keyring = t->store->keyring, .arena = t->store->scratch};
}

#endif
