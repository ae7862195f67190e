/*
 * Private to tree_lmdb*.c, and the only place that includes LMDB: the tables (tree_lmdb.c), walks
 * over them (tree_lmdb_walk.c), the room that is kept for emptying a full file (tree_lmdb_room.c),
 * copies of the whole (tree_lmdb_copy.c), and what lets processes of several containers share a
 * folder (tree_lmdb_pid.c, tree_lmdb_lock.c) share this state.
 */
#ifndef TWOFOLD_STORE_TREE_LMDB_H
#define TWOFOLD_STORE_TREE_LMDB_H

#include "store/tree.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

struct tree_lock {
    int fd; /* -1: nobody else has the folder open */
    pthread_mutex_t mutex;
};

struct tree {
    MDB_env *env;
    pid_t pid; /* what LMDB takes for our process */
    MDB_dbi dbi[TABLES];
    size_t page_size;
    bool frozen;
    struct tree_lock writing, slots;
    pthread_rwlock_t mapping;
    atomic_bool broken;
    _Atomic int64_t readers_checked_s; /* second of the monotonic clock */
};

struct tree_txn {
    struct tree *tree;
    MDB_txn *txn;
    bool writes;
    bool rests;   /* a reading one without a snapshot */
    size_t pages; /* about so many are written, rather too many */
    enum tables_reserve reserve;
};

/* LMDB's answer as an error of ours; marks S broken when the file can no longer be trusted. */
enum err tree_translate(struct tree *s, int rc);

/* ---- tree_lmdb_pid.c ---- */

/* A number that no process has, nor another environment. */
NODISCARD enum err tree_pid_draw(pid_t *ret_pid);
/* From now on getpid() in this thread answers PID; 0: its own number. */
void tree_pid_pretend(pid_t pid);
/* Has a reader of ENV that number? */
bool tree_pid_is_known(MDB_env *env, pid_t pid);

/* ---- tree_lmdb_lock.c; answers like LMDB's: 0, or an errno ---- */

/* A lock between threads; opened, between processes too. */
void tree_lock_init(struct tree_lock *l);
int tree_lock_open(struct tree_lock *l, const char *folder, const char *name);
void tree_lock_close(struct tree_lock *l);
int tree_lock(struct tree_lock *l);
bool tree_lock_try(struct tree_lock *l);
void tree_unlock(struct tree_lock *l);

/* mdb_txn_begin, under `slots`. Who begins to write has `writing`. */
int tree_txn_begin(struct tree *s, unsigned flags, MDB_txn **ret_txn);

/* Can T commit and leave what must be left? LMDB's answer: 0, MDB_MAP_FULL, or trouble. */
int tree_check_room(struct tree_txn *t);

#endif
