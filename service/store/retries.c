/*
 * Erased answers are not overwritten first: pages are copied on write, so the zeros would land
 * elsewhere. They are sealed, and that has to do.
 */
#include "store/retries.h"

#include "store/big_endian.h"
#include "store/name_key.h"
#include "store/record.h"

/* One that would last longer than any does was kept before the clock was set back. */
static bool is_over(int64_t expires_ms, int64_t now_ms)
{
    return expires_ms <= now_ms || expires_ms - now_ms > RETRY_SECONDS * INT64_C(1000);
}

enum err retries_find(struct tables_txn *t, const struct user_id *id, int64_t now_ms,
                      struct bytes *ret_value)
{
    struct name_key key;
    struct bytes value;
    int64_t expires_ms;

    TRY(name_key_of(id->org, id->username, &key));
    TRY(table_get(t, TABLE_RETRIES, name_key_view(&key), &value));
    TRY(record_retry_expires(value, &expires_ms));
    if (is_over(expires_ms, now_ms))
        return ERR_NOT_FOUND;
    *ret_value = value;
    return ERR_OK;
}

enum err retries_put(struct tables_txn *t, const struct user_id *id, struct bytes value)
{
    struct name_key key;

    TRY(name_key_of(id->org, id->username, &key));
    return table_put(t, TABLE_RETRIES, name_key_view(&key), value);
}

enum err retries_sweep(struct tables_txn *t, int64_t now_ms, int64_t *ret_next_ms)
{
    struct name_key at = {0};
    struct table_row row;
    int64_t next_ms = 0, expires_ms;
    enum err err;

    while ((err = table_seek(t, TABLE_RETRIES, name_key_view(&at), &row)) == ERR_OK) {
        TRY(name_key_behind(row.key, &at));
        TRY(record_retry_expires(row.value, &expires_ms));
        if (is_over(expires_ms, now_ms))
            TRY(table_erase(t, TABLE_RETRIES, row.key));
        else if (next_ms == 0 || expires_ms < next_ms)
            next_ms = expires_ms;
    }
    if (err != ERR_NOT_FOUND)
        return err;
    *ret_next_ms = next_ms;
    return ERR_OK;
}

enum err retries_forget(struct tables_txn *t, const uint32_t *id)
{
    struct name_key at = {0};
    struct table_row row;
    enum err err;

    while ((err = table_seek(t, TABLE_RETRIES, name_key_view(&at), &row)) == ERR_OK) {
        TRY(name_key_behind(row.key, &at));
        if (!id || row.value.n < RETRY_EXPIRES_BYTES + SEALED_OVERHEAD ||
            be_get(row.value.p + RETRY_EXPIRES_BYTES, 4) == *id)
            TRY(table_erase(t, TABLE_RETRIES, row.key));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
