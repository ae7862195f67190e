/* What store_lmdb.c and maintain.c share. Private to store/. */
#ifndef TWOFOLD_STORE_STORE_LMDB_PARTS_H
#define TWOFOLD_STORE_STORE_LMDB_PARTS_H

#include "store/org_cache.h"
#include "store/record.h"
#include "store/stand_in.h"
#include "store/tables.h"

#include <stdatomic.h>

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
    _Atomic int64_t proven_ms; /* what proof_look tells; read from any thread */
    _Atomic(const char *) trouble;
};

struct store_txn {
    struct store_lmdb *store;
    struct tables_txn *tables;
    bool followed;     /* changed keys: undone with the rest */
    uint64_t position; /* of the next event; 0: not looked up yet */
    struct org_cache orgs;
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

/* answers_lmdb.c, events_lmdb.c, password_lmdb.c, proof_lmdb.c, repeats_lmdb.c: operations of the
 * port that have a file of their own. */
enum err answers_load(struct store_txn *t, const struct user_id *id, int64_t now_ms,
                      struct arena *arena, struct retry_answer *ret, bool *ret_found);
enum err answers_save(struct store_txn *t, const struct user_id *id,
                      const struct retry_answer *answer);
enum err answers_sweep(struct store_txn *t, int64_t now_ms, int64_t *ret_next_ms);
enum err events_append(struct store_txn *t, struct bytes event);
uint64_t events_position(const struct store_txn *t);
enum err events_trim(struct store_txn *t, uint64_t position, size_t max);
enum err events_read(struct store *base, uint64_t after, struct arena *arena,
                     struct outbox_entry *ret_entries, size_t max, size_t *ret_n);
enum err events_read_within(struct store_txn *t, uint64_t after, struct arena *arena,
                            struct outbox_entry *ret_entries, size_t max, size_t *ret_n);
enum err events_save_marks(struct store_txn *t, const struct outbox_marks *marks);
enum err events_look(struct store *base, struct store_txn *txn, struct outbox_state *ret);
enum err password_open(struct store_txn *t, const struct user_id *id, struct user *user);
enum err proof_make(struct store *base);
void proof_look(const struct store *base, struct store_proof *ret);
enum err repeats_load(struct store_txn *t, const struct user_id *id, uint32_t minute,
                      struct repeats *ret);
enum err repeats_save(struct store_txn *t, const struct user_id *id, uint32_t minute,
                      const struct repeats *repeats);
enum err repeats_take(struct store_txn *t, uint32_t minute, struct repeats_owner *ret_owner,
                      struct repeats *ret);
/* How a transaction went: what a request might have changed is durable; it could not begin; it
 * could not be made durable. */
void proof_given(struct store_lmdb *s);
void proof_failed_begin(struct store_lmdb *s);
void proof_failed_commit(struct store_lmdb *s);
/* Writes rows under KEY_ID, which goes, anew under the active key. Those that cannot be read stay.
 */
enum err repeats_leave_key(struct store_txn *t, uint32_t key_id);

#endif
