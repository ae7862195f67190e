/* What store_lmdb.c and maintain.c share. Private to store/. */
#ifndef TWOFOLD_STORE_STORE_LMDB_PARTS_H
#define TWOFOLD_STORE_STORE_LMDB_PARTS_H

#include "store/org_cache.h"
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

/* events_lmdb.c, password_lmdb.c, repeats_lmdb.c: operations of the port that have a file of their
 * own. */
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
enum err repeats_load(struct store_txn *t, const struct user_id *id, uint32_t minute,
                      struct repeats *ret);
enum err repeats_save(struct store_txn *t, const struct user_id *id, uint32_t minute,
                      const struct repeats *repeats);
enum err repeats_take(struct store_txn *t, uint32_t minute, struct repeats_owner *ret_owner,
                      struct repeats *ret);
/* Writes rows under KEY_ID, which goes, anew under the active key. Those that cannot be read stay.
 */
enum err repeats_leave_key(struct store_txn *t, uint32_t key_id);

#endif
