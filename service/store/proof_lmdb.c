/*
 * Can the store still write? Whoever asks must not wait for a transaction, and an idle service
 * writes nothing of a request's for hours. So every commit leaves the time it was made, every
 * transaction that fails the reason; and who needs a younger proof has one made: a row of its own,
 * the same one each time.
 *
 * Housekeeping alone proves nothing: in a full database it goes on, from the reserve, while every
 * request fails. So only what used none of the reserve counts, and the row is written only where
 * there is room for as much as a request may need.
 */
#include "base/clock.h"
#include "store/store_lmdb_parts.h"

enum { REQUEST_PAGES = 16 }; /* that a request's changes take, about */

static const char row_key[] = "proof", row_value[] = "1";

static const char cannot_follow[] =
    "the keys were changed and the keyring (TWOFOLD_KEYRING_FILE) lacks one, so nothing is "
    "decided: bring the new keyring file to this place";
static const char cannot_begin[] =
    "no transaction can begin in the database (TWOFOLD_DATA_DIR): the log says why";
static const char full[] = "the database is full: raise TWOFOLD_DB_SIZE_MB";
static const char cannot_commit[] = "nothing can be written to the folder of the database "
                                    "(TWOFOLD_DATA_DIR): is its disk full, or failing?";

static bool has_room(struct store_lmdb *s)
{
    bool room = false;

    return tables_has_room(s->tables, REQUEST_PAGES, &room) == ERR_OK && room;
}

/* After trouble, that a smaller change went well is not enough. */
void proof_given(struct store_lmdb *s)
{
    if (atomic_load(&s->trouble) && !has_room(s))
        return;
    atomic_store(&s->proven_ms, clock_monotonic_ms());
    atomic_store(&s->trouble, NULL);
}

void proof_failed_begin(struct store_lmdb *s)
{
    atomic_store(&s->trouble, s->generation == KEYS_UNKNOWN ? cannot_follow : cannot_begin);
}

void proof_failed_commit(struct store_lmdb *s)
{
    atomic_store(&s->trouble, has_room(s) ? cannot_commit : full);
}

enum err proof_make(struct store *base)
{
    struct store_lmdb *s = (struct store_lmdb *)base;
    auto_store_txn *t = NULL;

    if (!has_room(s)) {
        proof_failed_commit(s);
        return ERR_UNAVAILABLE;
    }
    TRY(base->ops->begin(base, &t));
    if (table_put(t->tables, TABLE_META, bytes_of_text(row_key), bytes_of_text(row_value))) {
        proof_failed_commit(s);
        return ERR_UNAVAILABLE;
    }
    return base->ops->commit(STEAL(t));
}

void proof_look(const struct store *base, struct store_proof *ret)
{
    const struct store_lmdb *s = (const struct store_lmdb *)base;

    *ret = (struct store_proof){.at_ms = atomic_load(&s->proven_ms),
                                .trouble = atomic_load(&s->trouble)};
}
