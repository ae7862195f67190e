/*
 * Most requests never look at the hash of a password: it stays sealed as it was read, and is
 * written back as it is. Whoever judges one opens it first, and pays for it also where there is
 * nothing to open.
 */
#include "store/store_lmdb_parts.h"

enum err password_open(struct store_txn *t, const struct user_id *id, struct user *user)
{
    auto_codec codec = codec_of(t);

    if (user->n_sealed_password == 0)
        stand_in_open(&t->store->stand_in, &codec);
    return record_open_password(&codec, id, user);
}
