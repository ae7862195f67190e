/*
 * Work on a whole database by hand: which keys it needs, sealing it anew, ending what a restored
 * backup must not bring back. Works beside the service: in batches, each a write transaction of its
 * own, with a pause of the same length after it, so that requests get their turn.
 *
 * Errors: ERR_UNAVAILABLE for trouble with the database, ERR_CONFLICT when the work was stopped;
 * what was committed stays done, and doing the work again goes on from there.
 */
#ifndef TWOFOLD_STORE_MAINTAIN_H
#define TWOFOLD_STORE_MAINTAIN_H

#include "crypto/keyring.h"
#include "store/store.h"

/* Who is told how far the work has come; false stops it. CALL may be NULL. */
struct work_progress {
    bool (*call)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};

/* What the database holds under one key. */
struct key_usage {
    uint32_t id;
    uint64_t rows;     /* users and orgs; those that cannot be read as well */
    uint64_t damaged;  /* of them, those that cannot be read */
    uint64_t recovery; /* sets of recovery codes under its pepper */
};

/* That of key ID among the N at USAGE, or NULL. */
static inline struct key_usage *key_usage_find(struct key_usage *usage, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (usage[i].id == id)
            return &usage[i];
    return NULL;
}

/* A row for every key of the keyring, in its order. RET_N <= KEYRING_KEYS_MAX. Reads a snapshot. */
NODISCARD enum err store_lmdb_key_usage(struct store *s,
                                        struct key_usage ret_usage[static KEYRING_KEYS_MAX],
                                        size_t *ret_n);

/* What was done: rows written, and rows that nobody can read, which were left as they are. */
struct work_done {
    uint64_t written, damaged;
};

/* Writes every user and org that is not under the active key anew under it. */
NODISCARD enum err store_lmdb_reseal(struct store *s, const struct work_progress *progress,
                                     struct work_done *ret_done);

/* Is there a user or an org under another key than the active one? Reads a snapshot. */
NODISCARD enum err store_lmdb_needs_reseal(struct store *s, bool *ret_needed);

/* To be called after the keyring file was changed: every process reads it again before its next
 * transaction. */
NODISCARD enum err store_lmdb_keys_changed(struct store *s);

/*
 * Takes key ID out of the database's list of keys, when nothing needs it any more: ERR_CONFLICT
 * when it is not older than the active one, or rows that
 * can be read are under it. Kept answers and unknown users'
 * failures under it are forgotten. With recovery codes under its pepper, the pepper stays on the
 * list: RET_PEPPER_NEEDED.
 */
NODISCARD enum err store_lmdb_retire_key(struct store *s, uint32_t id, bool *ret_pepper_needed);

/* Sees one user; RET_CHANGED: save it. ORG is the user's. */
typedef enum err user_visit(void *ctx, const struct user_id *id, const struct org *org,
                            struct user *user, bool *ret_changed);

struct user_visitor {
    user_visit *visit;
    void *ctx;
};

/* VISITOR for every user that can be read. */
NODISCARD enum err store_lmdb_visit_users(struct store *s, const struct work_progress *progress,
                                          const struct user_visitor *visitor,
                                          struct work_done *ret_done);

/* Sees an organization. */
typedef enum err org_visit(void *ctx, const char *name, const struct org *org);

/* EACH for every organization that can be read, in byte order; RET_DAMAGED: how many cannot. Reads
 * in a transaction of its own. */
NODISCARD enum err store_lmdb_visit_orgs(struct store *s, org_visit *each, void *ctx,
                                         uint64_t *ret_damaged);

/* Erases every kept answer. */
NODISCARD enum err store_lmdb_forget_answers(struct store *s);

/* How many users there are, in a snapshot. */
NODISCARD enum err store_lmdb_count_users(struct store *s, uint64_t *ret_n);

#endif
