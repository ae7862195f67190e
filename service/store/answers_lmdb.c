/* The store's kept answers, sealed: one a user, for as long as a retry may come. */
#include "store/retries.h"
#include "store/store_lmdb_parts.h"

enum err answers_load(struct store_txn *t, const struct user_id *id, int64_t now_ms,
                      struct arena *arena, struct retry_answer *ret, bool *ret_found)
{
    struct codec codec = {.keyring = t->store->keyring, .arena = arena};
    struct bytes value;
    enum err err = retries_find(t->tables, id, now_ms, &value);

    if (err != ERR_NOT_FOUND) {
        TRY(err);
        TRY(record_decode_retry(&codec, id, value, ret));
    }
    *ret_found = err == ERR_OK;
    return ERR_OK;
}

enum err answers_save(struct store_txn *t, const struct user_id *id,
                      const struct retry_answer *answer)
{
    auto_codec codec = codec_of(t);
    struct bytes value;

    TRY(record_encode_retry(&codec, id, answer, &value));
    return retries_put(t->tables, id, value);
}

enum err answers_sweep(struct store_txn *t, int64_t now_ms, int64_t *ret_next_ms)
{
    return retries_sweep(t->tables, now_ms, ret_next_ms);
}
