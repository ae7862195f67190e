/* Kept answers, and the order of their expiry. */
#include "store/retries.h"
#include "support/runner.h"
#include "support/scratch.h"

#include "store/big_endian.h"

enum { SECOND = 1000, EXPIRES_BYTES = 8, VALUE_BYTES = 60 };

struct place {
    struct scratch scratch;
    struct tables *tables;
    struct tables_txn *t;
};

static void begin(struct place *p)
{
    assert_int_equal(tables_begin_write(p->tables, &p->t), ERR_OK);
}

static void commit(struct place *p)
{
    assert_int_equal(tables_commit(p->t), ERR_OK);
}

static void place_open(struct place *p)
{
    struct tables_options options = {.size_mb = 64, .unsafe_no_sync = true};
    enum tables_content content;
    struct diag diag = {0};

    scratch_make(&p->scratch);
    options.folder = p->scratch.folder;
    assert_int_equal(tables_open(&options, &p->tables, &diag), ERR_OK);
    begin(p);
    assert_int_equal(tables_attach(p->t, &content), ERR_OK);
    commit(p);
}

static void place_close(struct place *p)
{
    tables_close(p->tables);
    scratch_remove(&p->scratch);
}

/* As record.h makes it: expiry, key id, sealed bytes. */
static void value_of(int64_t expires_ms, uint32_t key_id, uint8_t ret[static VALUE_BYTES])
{
    memset(ret, 's', VALUE_BYTES);
    be_put(ret, EXPIRES_BYTES, (uint64_t)expires_ms);
    be_put(ret + EXPIRES_BYTES, 4, key_id);
}

static void keep_under(struct place *p, unsigned user, int64_t expires_ms, uint32_t key_id)
{
    uint8_t value[VALUE_BYTES];
    char name[16];

    snprintf(name, sizeof name, "u-%u", user);
    value_of(expires_ms, key_id, value);
    assert_int_equal(retries_put(p->t, &(struct user_id){.org = "acme", .username = name},
                                 (struct bytes){.p = value, .n = sizeof value}),
                     ERR_OK);
}

static void keep(struct place *p, unsigned user, int64_t expires_ms)
{
    keep_under(p, user, expires_ms, 1);
}

static bool is_kept(struct place *p, unsigned user, int64_t now_ms)
{
    struct bytes value;
    char name[16];
    enum err err;

    snprintf(name, sizeof name, "u-%u", user);
    err = retries_find(p->t, &(struct user_id){.org = "acme", .username = name}, now_ms, &value);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK;
}

static uint64_t rows(struct place *p)
{
    uint64_t n;

    assert_int_equal(table_count(p->t, TABLE_RETRIES, &n), ERR_OK);
    return n;
}

static int64_t sweep(struct place *p, int64_t now_ms)
{
    int64_t next_ms = -1;

    assert_int_equal(retries_sweep(p->t, now_ms, &next_ms), ERR_OK);
    return next_ms;
}

static void a_sweep_erases_a_bounded_number_the_oldest_first(void **state)
{
    enum { ANSWERS = 7000 };
    struct place p;
    int sweeps = 0;

    (void)state;
    place_open(&p);
    begin(&p);
    for (unsigned i = 0; i < ANSWERS; i++)
        keep(&p, i, SECOND + (i * 7919 % ANSWERS)); /* in no order of names */
    assert_int_equal(rows(&p), 2 * ANSWERS);
    for (int64_t next; (next = sweep(&p, SECOND + ANSWERS - 2)) <= SECOND + ANSWERS - 2; sweeps++) {
        assert_in_range(next, SECOND + 1, SECOND + ANSWERS - 2);
        assert_in_range(rows(&p), 2 * (ANSWERS - 2000 * (sweeps + 1)), 2 * ANSWERS);
    }
    assert_int_equal(sweeps, 3);
    assert_int_equal(rows(&p), 2); /* the last one is still good */
    assert_int_equal(sweep(&p, SECOND + ANSWERS - 1), 0);
    assert_int_equal(rows(&p), 0);
    commit(&p);
    place_close(&p);
}

static void what_is_replaced_leaves_nothing_behind(void **state)
{
    struct place p;

    (void)state;
    place_open(&p);
    begin(&p);
    for (int i = 1; i <= 50; i++)
        keep(&p, 1, i * SECOND);
    assert_int_equal(rows(&p), 2);
    assert_int_equal(sweep(&p, 49 * SECOND), 50 * SECOND);
    assert_true(is_kept(&p, 1, 49 * SECOND));
    keep(&p, 1, 50 * SECOND); /* at the same time as the one before */
    assert_int_equal(rows(&p), 2);
    assert_int_equal(sweep(&p, 50 * SECOND), 0);
    assert_int_equal(rows(&p), 0);
    commit(&p);
    place_close(&p);
}

static void what_lies_too_far_ahead_is_swept(void **state)
{
    const int64_t now_ms = 1763773606007;
    struct place p;

    (void)state;
    place_open(&p);
    begin(&p);
    keep(&p, 1, now_ms + 30 * SECOND); /* the longest that any is kept */
    keep(&p, 2, now_ms + 30 * SECOND + 1);
    keep(&p, 3, now_ms + 9000 * SECOND);
    assert_int_equal(sweep(&p, now_ms), now_ms + 30 * SECOND);
    assert_int_equal(rows(&p), 2);
    assert_true(is_kept(&p, 1, now_ms));
    commit(&p);
    place_close(&p);
}

/* As versions before the order did. */
static void put_without_order(struct place *p, const char *name, int64_t expires_ms)
{
    uint8_t value[VALUE_BYTES], key[32] = "acme";

    value_of(expires_ms, 1, value);
    memcpy(key + 5, name, strlen(name));
    assert_int_equal(table_put(p->t, TABLE_RETRIES, (struct bytes){.p = key, .n = 5 + strlen(name)},
                               (struct bytes){.p = value, .n = sizeof value}),
                     ERR_OK);
}

static void answers_of_an_older_version_are_swept_too(void **state)
{
    struct place p;

    (void)state;
    place_open(&p);
    begin(&p);
    put_without_order(&p, "u-1", 5 * SECOND);
    put_without_order(&p, "u-2", 9 * SECOND);
    put_without_order(&p, "u-3", 7 * SECOND);
    assert_int_equal(sweep(&p, 5 * SECOND), 7 * SECOND);
    assert_int_equal(rows(&p), 2);
    keep(&p, 4, 8 * SECOND); /* from here on there is an order, of all */
    assert_int_equal(rows(&p), 6);
    assert_int_equal(sweep(&p, 8 * SECOND), 9 * SECOND);
    assert_true(is_kept(&p, 2, 8 * SECOND));
    assert_int_equal(rows(&p), 2);
    assert_int_equal(sweep(&p, 9 * SECOND), 0);
    assert_int_equal(rows(&p), 0);
    commit(&p);
    place_close(&p);
}

/* It knows nothing of the order, and may run beside this one for a while. */
static void what_an_older_version_replaced_is_not_swept_early(void **state)
{
    struct place p;

    (void)state;
    place_open(&p);
    begin(&p);
    keep(&p, 1, 5 * SECOND);
    put_without_order(&p, "u-1", 9 * SECOND);
    assert_int_equal(sweep(&p, 5 * SECOND), 0);
    assert_true(is_kept(&p, 1, 5 * SECOND));
    commit(&p);
    place_close(&p);
}

static void what_is_forgotten_is_forgotten_with_its_order(void **state)
{
    const uint32_t gone = 7;
    struct place p;

    (void)state;
    place_open(&p);
    begin(&p);
    keep_under(&p, 1, 5 * SECOND, 7);
    keep_under(&p, 2, 5 * SECOND, 8);
    assert_int_equal(retries_forget(p.t, &gone), ERR_OK);
    assert_false(is_kept(&p, 1, 0));
    assert_true(is_kept(&p, 2, 0));
    assert_int_equal(rows(&p), 2);
    assert_int_equal(retries_forget(p.t, NULL), ERR_OK);
    assert_int_equal(rows(&p), 0);
    commit(&p);
    place_close(&p);
}

/* A name as long as any is. */
static void the_longest_names_have_an_order(void **state)
{
    char org[ORG_MAX + 1], name[USERNAME_MAX + 1];
    uint8_t value[VALUE_BYTES];
    struct place p;

    (void)state;
    place_open(&p);
    begin(&p);
    memset(org, 'z', ORG_MAX);
    org[ORG_MAX] = '\0';
    memset(name, 0xfe, USERNAME_MAX);
    name[USERNAME_MAX] = '\0';
    value_of(SECOND, 1, value);
    assert_int_equal(retries_put(p.t, &(struct user_id){.org = org, .username = name},
                                 (struct bytes){.p = value, .n = sizeof value}),
                     ERR_OK);
    assert_int_equal(rows(&p), 2);
    assert_int_equal(sweep(&p, SECOND), 0);
    assert_int_equal(rows(&p), 0);
    commit(&p);
    place_close(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_sweep_erases_a_bounded_number_the_oldest_first),
    cmocka_unit_test(what_is_replaced_leaves_nothing_behind),
    cmocka_unit_test(what_lies_too_far_ahead_is_swept),
    cmocka_unit_test(answers_of_an_older_version_are_swept_too),
    cmocka_unit_test(what_an_older_version_replaced_is_not_swept_early),
    cmocka_unit_test(what_is_forgotten_is_forgotten_with_its_order),
    cmocka_unit_test(the_longest_names_have_an_order),
};

RUN(tests)
