/*
 * Private to tables_lmdb*.c, and the only place that includes LMDB: the tables (tables_lmdb.c), the
 * room that is kept for emptying a full file (tables_lmdb_room.c), and copies of the whole
 * (tables_lmdb_copy.c) share this state.
 */
#ifndef TWOFOLD_STORE_TABLES_LMDB_H
#define TWOFOLD_STORE_TABLES_LMDB_H

#include "store/tables.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

struct tables {
    MDB_env *env;
    MDB_dbi dbi[TABLES];
    size_t page_size;
    bool frozen;
    pthread_rwlock_t mapping;
    atomic_bool broken;
    _Atomic int64_t readers_checked_s; /* second of the monotonic clock */
};

struct tables_txn {
    struct tables *tables;
    MDB_txn *txn;
    size_t pages; /* about so many are written, rather too many */
    enum tables_reserve reserve;
};

/* LMDB's answer as an error of ours; marks S broken when the file can no longer be trusted. */
enum err tables_translate(struct tables *s, int rc);

/* Can T commit and leave what must be left? LMDB's answer: 0, MDB_MAP_FULL, or trouble. */
int tables_check_room(struct tables_txn *t);

#endif
