/*
 * Erased answers are not overwritten first: pages are copied on write, so the zeros would land
 * elsewhere. They are sealed, and that has to do.
 *
 * Under load there are millions of answers, and which of them have expired must not take a walk
 * through all. So for each there is a second row, in front of all answers (no name begins with a
 * zero), in the order of expiry:
 *
 *     0 | when it expires | name  ->  when it expires
 *
 * A version before this one wrote none. "retries/ordered" in meta says that all answers have one;
 * who keeps an answer sees to that first, and until then a sweep walks.
 */
#include "store/retries.h"

#include "store/big_endian.h"
#include "store/name_key.h"
#include "store/record.h"

enum {
    SWEEP_MAX = 2000,
    DUE_PREFIX_BYTES = 1 + RETRY_EXPIRES_BYTES,
    DUE_BYTES = DUE_PREFIX_BYTES + NAME_KEY_BYTES,
};

static const char ordered_key[] = "retries/ordered";

/* The key of the second row. */
struct due {
    size_t n;
    uint8_t bytes[DUE_BYTES];
};

static struct bytes due_view(const struct due *d)
{
    return (struct bytes){.p = d->bytes, .n = d->n};
}

static void due_of(int64_t expires_ms, struct bytes name, struct due *ret)
{
    ret->bytes[0] = 0;
    be_put(ret->bytes + 1, RETRY_EXPIRES_BYTES, (uint64_t)expires_ms);
    if (name.n)
        memcpy(ret->bytes + DUE_PREFIX_BYTES, name.p, name.n);
    ret->n = DUE_PREFIX_BYTES + name.n;
}

/* Where answers begin, behind the rows that order them. */
static const struct name_key answers = {.n = 1, .bytes = {1}};

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

/* ---- order ---- */

static enum err put_due(struct tables_txn *t, int64_t expires_ms, struct bytes name)
{
    struct due due;

    due_of(expires_ms, name, &due);
    return table_put(t, TABLE_RETRIES, due_view(&due),
                     (struct bytes){.p = due.bytes + 1, .n = RETRY_EXPIRES_BYTES});
}

/* Erases the answer of NAME, which is VALUE and need not be kept by the caller, and its order. */
static enum err erase(struct tables_txn *t, const struct name_key *name, struct bytes value)
{
    int64_t expires_ms;
    struct due due;

    if (record_retry_expires(value, &expires_ms) == ERR_OK) {
        due_of(expires_ms, name_key_view(name), &due);
        TRY(table_erase(t, TABLE_RETRIES, due_view(&due)));
    }
    return table_erase(t, TABLE_RETRIES, name_key_view(name));
}

static enum err is_ordered(struct tables_txn *t)
{
    struct bytes value;

    return table_get(t, TABLE_META, bytes_of_text(ordered_key), &value);
}

/* Once in the life of a database. */
static enum err order(struct tables_txn *t)
{
    struct name_key at = answers;
    struct table_row row;
    int64_t expires_ms;
    enum err err = is_ordered(t);

    if (err != ERR_NOT_FOUND)
        return err;
    while ((err = table_seek(t, TABLE_RETRIES, name_key_view(&at), &row)) == ERR_OK) {
        TRY(name_key_behind(row.key, &at));
        TRY(record_retry_expires(row.value, &expires_ms));
        TRY(put_due(t, expires_ms, (struct bytes){.p = at.bytes, .n = at.n - 1}));
    }
    if (err != ERR_NOT_FOUND)
        return err;
    return table_put(t, TABLE_META, bytes_of_text(ordered_key), bytes_of_text("1"));
}

enum err retries_put(struct tables_txn *t, const struct user_id *id, struct bytes value)
{
    struct name_key key;
    struct bytes old;
    int64_t expires_ms;
    enum err err;

    TRY(name_key_of(id->org, id->username, &key));
    TRY(record_retry_expires(value, &expires_ms));
    TRY(order(t));
    err = table_get(t, TABLE_RETRIES, name_key_view(&key), &old);
    if (err == ERR_OK)
        err = erase(t, &key, old);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    TRY(put_due(t, expires_ms, name_key_view(&key)));
    return table_put(t, TABLE_RETRIES, name_key_view(&key), value);
}

/* ---- sweeping ---- */

/* Before there was an order. */
static enum err sweep_all(struct tables_txn *t, int64_t now_ms, int64_t *ret_next_ms)
{
    struct name_key at = answers;
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

/* The first row of the order at or behind FROM_MS, and when it expires; ERR_NOT_FOUND past the last
 * one. */
static enum err find_due(struct tables_txn *t, int64_t from_ms, struct due *ret,
                         int64_t *ret_expires_ms)
{
    struct table_row row;
    struct due from;

    due_of(from_ms, (struct bytes){0}, &from);
    TRY(table_seek(t, TABLE_RETRIES, due_view(&from), &row));
    if (row.key.n == 0 || row.key.p[0] != 0)
        return ERR_NOT_FOUND;
    if (row.key.n < DUE_PREFIX_BYTES || row.key.n > sizeof ret->bytes)
        return ERR_UNAVAILABLE;
    memcpy(ret->bytes, row.key.p, row.key.n);
    ret->n = row.key.n;
    *ret_expires_ms = (int64_t)be_get(ret->bytes + 1, RETRY_EXPIRES_BYTES);
    return ERR_OK;
}

/* Erases the row of the order and its answer, unless that is a newer one. */
static enum err erase_due(struct tables_txn *t, const struct due *due, int64_t expires_ms)
{
    struct bytes name = {.p = due->bytes + DUE_PREFIX_BYTES, .n = due->n - DUE_PREFIX_BYTES}, value;
    int64_t of_answer_ms;
    enum err err = name.n ? table_get(t, TABLE_RETRIES, name, &value) : ERR_NOT_FOUND;

    if (err == ERR_OK) {
        TRY(record_retry_expires(value, &of_answer_ms));
        if (of_answer_ms == expires_ms)
            TRY(table_erase(t, TABLE_RETRIES, name));
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    return table_erase(t, TABLE_RETRIES, due_view(due));
}

/* Erases what is over, from FROM_MS on, at most *LEFT; RET_NEXT_MS: what comes then expires. */
static enum err sweep_from(struct tables_txn *t, int64_t from_ms, int64_t now_ms, size_t *left,
                           int64_t *ret_next_ms)
{
    int64_t expires_ms = 0;
    struct due due;
    enum err err;

    while ((err = find_due(t, from_ms, &due, &expires_ms)) == ERR_OK) {
        if (*left == 0 || !is_over(expires_ms, now_ms))
            break;
        TRY(erase_due(t, &due, expires_ms));
        --*left;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *ret_next_ms = err == ERR_OK ? expires_ms : 0;
    return ERR_OK;
}

enum err retries_sweep(struct tables_txn *t, int64_t now_ms, int64_t *ret_next_ms)
{
    const int64_t longest_ms = RETRY_SECONDS * INT64_C(1000);
    size_t left = SWEEP_MAX;
    int64_t far_ms;
    enum err err = is_ordered(t);

    if (err == ERR_NOT_FOUND)
        return sweep_all(t, now_ms, ret_next_ms);
    TRY(err);
    if (now_ms < INT64_MAX - longest_ms)
        TRY(sweep_from(t, now_ms + longest_ms + 1, now_ms, &left, &far_ms));
    return sweep_from(t, 0, now_ms, &left, ret_next_ms);
}

enum err retries_forget(struct tables_txn *t, const uint32_t *id)
{
    struct name_key at = answers, here;
    struct table_row row;
    enum err err;

    while ((err = table_seek(t, TABLE_RETRIES, name_key_view(&at), &row)) == ERR_OK) {
        TRY(name_key_behind(row.key, &at));
        here = at;
        here.n--;
        if (!id || row.value.n < RETRY_EXPIRES_BYTES + SEALED_OVERHEAD ||
            be_get(row.value.p + RETRY_EXPIRES_BYTES, 4) == *id)
            TRY(erase(t, &here, row.value));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
