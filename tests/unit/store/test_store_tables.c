/* Damaged rows of marks and of counted failures. */
#include "unit/store/one_place.h"

#include "store/big_endian.h"

enum { MINUTE = 30000000, MARKS_BYTES = 40 };

static const struct user_id bob = {.org = "acme", .username = "bob"};

/* Puts VALUE under KEY, as somebody who can write to the file. */
static void put_row(enum table table, struct bytes key, struct bytes value)
{
    struct tables_txn *t;
    struct tables *tables = tables_under(&place, &t);

    assert_int_equal(table_put(t, table, key, value), ERR_OK);
    assert_int_equal(tables_commit(t), ERR_OK);
    tables_close(tables);
}

/* ---- marks ---- */

/* Marks as they lie on disk, N bytes of them. */
static void put_marks(const uint64_t values[static 5], size_t n)
{
    uint8_t row[MARKS_BYTES + 8] = {0};

    for (size_t i = 0; i < 5; i++)
        be_put(row + 8 * i, 8, values[i]);
    put_row(TABLE_META, bytes_of_text("outbox/marks"), (struct bytes){.p = row, .n = n});
}

/* Marks of nothing would have all events sent again, or none: neither is for the store to choose.
 */
static void damaged_marks_are_not_taken_for_none(void **state)
{
    static const struct {
        uint64_t values[5];
        size_t n;
    } damaged[] = {
        {{1, 0, 1, 1, 0}, 0},           {{1, 0, 1, 1, 0}, 39}, {{1, 0, 1, 1, 0}, 48},
        {{1, 0, 2, 1, 0}, MARKS_BYTES}, /* neither in the stream nor not */
        {{3, 0, 1, 1, 0}, MARKS_BYTES}, /* an event that is still to come has been sent */
        {{1, 0, 1, 3, 0}, MARKS_BYTES},
    };
    struct outbox_state now;
    struct store *s = store_fixed(&place, keyring);

    (void)state;
    put_event(s, "one");
    put_event(s, "two");
    store_close(s);
    for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
        put_marks(damaged[i].values, damaged[i].n);
        s = store_fixed(&place, keyring);
        assert_int_equal(look_outbox(s, &now), ERR_UNAVAILABLE);
        assert_int_equal(((const uint8_t *)&now)[0], 0xee);
        assert_false(s->ops->is_broken(s));
        store_close(s);
    }
    put_marks((const uint64_t[]){2, 7, 1, 1, 9}, MARKS_BYTES);
    s = store_fixed(&place, keyring);
    assert_int_equal(look_outbox(s, &now), ERR_OK);
    assert_true(now.marks.taken.position == 2 && now.marks.taken.sequence == 7 &&
                now.marks.taken.in_stream && now.marks.checkpointed == 1 && now.marks.dropped == 9);
    store_close(s);
}

/* ---- repeats ---- */

/* The key of alice's row in MINUTE. */
static struct bytes alice_at(uint32_t minute)
{
    static uint8_t key[] = "....acme\0alice";

    be_put(key, 4, minute);
    return (struct bytes){.p = key, .n = sizeof key - 1};
}

static uint64_t rows_left(void)
{
    struct tables_txn *t;
    struct tables *tables = tables_under(&place, &t);
    uint64_t n = 99;

    assert_int_equal(table_count(t, TABLE_REPEATS, &n), ERR_OK);
    tables_abort(t);
    tables_close(tables);
    return n;
}

/* It must not keep those behind it from being told, nor count for nothing while its minute runs. */
static void damaged_repeats_do_not_block_others(void **state)
{
    static const uint8_t long_key[400] = {1};
    const struct bytes junk = bytes_of_text("junk");
    struct store *s = store_fixed(&place, keyring);
    struct repeats_owner owner;
    struct repeats r;
    struct store_txn *t;

    (void)state;
    put_sample(s, &bob, MINUTE);
    store_close(s);
    put_row(TABLE_REPEATS, bytes_of_text("x"), junk); /* shorter than a minute */
    put_row(TABLE_REPEATS, (struct bytes){.p = long_key, .n = sizeof long_key}, junk);
    put_row(TABLE_REPEATS, alice_at(MINUTE), junk);
    s = store_fixed(&place, keyring);
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->load_repeats(t, &alice, MINUTE, &r), ERR_UNAVAILABLE);
    s->ops->abort(t);
    assert_int_equal(take_sample(s, MINUTE + 1, &owner), ERR_OK);
    assert_string_equal(owner.username, "bob");
    assert_int_equal(take_sample(s, MINUTE + 1, &owner), ERR_NOT_FOUND);
    store_close(s);
    assert_int_equal(rows_left(), 0);
}

/* A row that somebody copied to another minute would be told twice. */
static void copied_repeats_are_damage(void **state)
{
    struct store *s = store_fixed(&place, keyring);
    uint8_t copy[1024];
    struct bytes row;
    struct repeats_owner owner;
    struct tables_txn *t;
    struct tables *tables;
    size_t n;

    (void)state;
    put_sample(s, &alice, MINUTE);
    store_close(s);
    tables = tables_under(&place, &t);
    assert_int_equal(table_get(t, TABLE_REPEATS, alice_at(MINUTE), &row), ERR_OK);
    n = row.n;
    memcpy(copy, row.p, n);
    tables_abort(t);
    tables_close(tables);
    put_row(TABLE_REPEATS, alice_at(MINUTE + 1), (struct bytes){.p = copy, .n = n});
    s = store_fixed(&place, keyring);
    assert_int_equal(take_sample(s, MINUTE + 2, &owner), ERR_OK);
    assert_int_equal(take_sample(s, MINUTE + 2, &owner), ERR_NOT_FOUND);
    store_close(s);
    assert_int_equal(rows_left(), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(damaged_marks_are_not_taken_for_none, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(damaged_repeats_do_not_block_others, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(copied_repeats_are_damage, place_set_up, place_tear_down),
};

RUN(tests)
