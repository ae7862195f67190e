/*
 * Private to tree_lmdb*.c, and the only place that includes LMDB: the tables (tree_lmdb.c), walks
 * over them (tree_lmdb_walk.c), the room that is kept for emptying a full file (tree_lmdb_room.c),
 * and copies of the whole (tree_lmdb_copy.c) share this state.
 */
#ifndef TWOFOLD_STORE_TREE_LMDB_H
#define TWOFOLD_STORE_TREE_LMDB_H

#include "store/tree.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

struct tree {
    MDB_env *env;
    MDB_dbi dbi[TABLES];
    size_t page_size;
    bool frozen;
    pthread_rwlock_t mapping;
    atomic_bool broken;
    _Atomic int64_t readers_checked_s; /* second of the monotonic clock */
};

struct tree_txn {
    struct tree *tree;
    MDB_txn *txn;
    bool rests;   /* a reading one without a snapshot */
    size_t pages; /* about so many are written, rather too many */
    enum tables_reserve reserve;
};

/* LMDB's answer as an error of ours; marks S broken when the file can no longer be trusted. */
enum err tree_translate(struct tree *s, int rc);

/* Can T commit and leave what must be left? LMDB's answer: 0, MDB_MAP_FULL, or trouble. */
int tree_check_room(struct tree_txn *t);

#endif
