/*
 * Random operations on tables, and the same on a model in memory; all that is read is compared. The
 * journal is so small that generations are folded all the time. TEST_SEED repeats a run, TEST_LONG
 * is the number of transactions.
 */
#include "unit/store/small_tables.h"

#include "support/scratch.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { JOURNAL_BYTES = 16 * 1024, MODEL_MB = 32 };

struct run {
    uint64_t random;
    struct tables *tables;
    struct small_model *model, before;
};

static struct scratch scratch;

static int set_up(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

    printf("TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- one operation ---- */

static const enum table used[] = {TABLE_ORGS, TABLE_USERS, TABLE_REPEATS};

static struct small_row some_row(struct run *r)
{
    struct small_row row = {.n_key = 1 + small_random(&r->random, 4),
                            .n_value = small_random(&r->random, 500),
                            .seed = small_random(&r->random, 1 << 30)};

    for (unsigned i = 0; i < row.n_key; i++)
        row.key[i] = (uint8_t)('a' + small_random(&r->random, 4));
    return row;
}

static void put(struct run *r, struct tables_txn *t, enum table table)
{
    struct small_row row = some_row(r);
    struct bytes key;

    small_key(&row, &key);
    small_put(r->model, table, &row);
    assert_int_equal(table_put(t, table, key, small_value(row.seed, row.n_value)), ERR_OK);
}

static void erase(struct run *r, struct tables_txn *t, enum table table)
{
    struct small_row row = some_row(r);
    struct bytes key;

    small_key(&row, &key);
    small_erase(r->model, table, key);
    assert_int_equal(table_erase(t, table, key), ERR_OK);
}

static void seek(struct run *r, struct tables_txn *t, enum table table)
{
    struct small_row sought = some_row(r);
    struct bytes key, here;
    struct table_row row;
    unsigned at;
    enum err err;

    small_key(&sought, &key);
    at = small_at(r->model, table, key);
    err = table_seek(t, table, key, &row);
    assert_int_equal(err, at < r->model->n[table] ? ERR_OK : ERR_NOT_FOUND);
    if (err)
        return;
    small_key(&r->model->rows[table][at], &here);
    assert_true(bytes_equal(row.key, here));
    assert_int_equal(table_get(t, table, key, &row.value),
                     small_has(r->model, table, at, key) ? ERR_OK : ERR_NOT_FOUND);
}

/* As the outbox does: to the end, and away from the front. */
static void append(struct run *r, struct tables_txn *t, enum table table)
{
    struct small_row row = some_row(r);
    const struct small_model *m = r->model;
    struct bytes key;
    uint32_t last = 0;

    (void)table;
    if (m->n[TABLE_OUTBOX] == SMALL_ROWS)
        return;
    if (m->n[TABLE_OUTBOX])
        memcpy(&last, m->rows[TABLE_OUTBOX][m->n[TABLE_OUTBOX] - 1].key, sizeof last);
    last = __builtin_bswap32(__builtin_bswap32(last) + 1);
    memcpy(row.key, &last, sizeof last);
    row.n_key = sizeof last;
    small_key(&row, &key);
    small_put(r->model, TABLE_OUTBOX, &row);
    assert_int_equal(table_append(t, TABLE_OUTBOX, key, small_value(row.seed, row.n_value)),
                     ERR_OK);
}

static void trim(struct run *r, struct tables_txn *t, enum table table)
{
    unsigned n = small_random(&r->random, 40);

    (void)table;
    if (r->model->n[TABLE_OUTBOX] < 60)
        n /= 10;
    for (unsigned i = 0; i < n; i++) {
        struct table_row row;
        struct bytes first;

        if (table_seek(t, TABLE_OUTBOX, (struct bytes){0}, &row) != ERR_OK)
            break;
        small_key(&r->model->rows[TABLE_OUTBOX][0], &first);
        assert_true(bytes_equal(first, row.key));
        assert_int_equal(table_erase(t, TABLE_OUTBOX, row.key), ERR_OK);
        small_erase(r->model, TABLE_OUTBOX, first);
    }
    assert_int_equal(
        table_seek(t, TABLE_OUTBOX, (struct bytes){0}, &(struct table_row){.key = {0}}),
        r->model->n[TABLE_OUTBOX] ? ERR_OK : ERR_NOT_FOUND);
}

/* More than the journal can have: such a commit goes to the tree. */
static void put_large(struct run *r, struct tables_txn *t, enum table table)
{
    struct small_row row = some_row(r);
    struct bytes key;

    if (small_random(&r->random, 40))
        return;
    row.n_value = SMALL_VALUE_MAX;
    small_key(&row, &key);
    small_put(r->model, table, &row);
    assert_int_equal(table_put(t, table, key, small_value(row.seed, row.n_value)), ERR_OK);
}

static void (*const operations[])(struct run *, struct tables_txn *, enum table) = {
    put, put, erase, erase, seek, seek, seek, append, append, append, trim, put_large,
};

/* ---- transactions ---- */

static void transaction(struct run *r)
{
    struct tables_txn *t = small_write(r->tables);
    unsigned n = small_random(&r->random, 12);

    r->before = *r->model;
    for (unsigned i = 0; i < n; i++)
        operations[small_random(&r->random, ARRAY_LEN(operations))](
            r, t, used[small_random(&r->random, ARRAY_LEN(used))]);
    if (small_random(&r->random, 8) == 0) {
        tables_abort(t);
        *r->model = r->before;
    } else {
        assert_int_equal(tables_commit(t), ERR_OK);
    }
}

static void look(struct run *r)
{
    struct tables_txn *t =
        small_random(&r->random, 2) ? small_read(r->tables) : small_write(r->tables);

    assert_small(t, r->model);
    tables_abort(t);
}

static void reopen(struct run *r)
{
    tables_close(r->tables);
    r->tables = small_open(scratch.folder, JOURNAL_BYTES, MODEL_MB);
}

/* With everything in the tree, counts are exact. */
static void assert_counts(struct run *r)
{
    struct tables_txn *t;

    reopen(r);
    t = small_read(r->tables);
    for (unsigned i = 0; i < ARRAY_LEN(used); i++) {
        uint64_t n;

        assert_int_equal(table_count(t, used[i], &n), ERR_OK);
        assert_int_equal(n, r->model->n[used[i]]);
    }
    tables_abort(t);
}

static void tables_do_what_a_model_does(void **state)
{
    static struct small_model model;
    static struct run r = {.model = &model};
    unsigned n = small_long(2000);

    (void)state;
    memset(&model, 0, sizeof model);
    r.random = seed_of_run();
    r.tables = small_open(scratch.folder, JOURNAL_BYTES, MODEL_MB);
    for (unsigned i = 0; i < n; i++) {
        transaction(&r);
        if (small_random(&r.random, 40) == 0)
            look(&r);
        if (small_random(&r.random, 300) == 0)
            reopen(&r);
    }
    assert_counts(&r);
    look(&r);
    tables_close(r.tables);
}

/* ---- processes ---- */

struct shared {
    pthread_mutex_t mutex;
    struct small_model model;
};

static struct shared *share(void)
{
    struct shared *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;

    assert_true(s != MAP_FAILED);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->mutex, &attr);
    return s;
}

static void take_turns(struct shared *shared, uint64_t seed, unsigned n)
{
    static struct run r;

    r = (struct run){.random = seed, .model = &shared->model};
    r.tables = small_open(scratch.folder, JOURNAL_BYTES, MODEL_MB);
    for (unsigned i = 0; i < n; i++) {
        pthread_mutex_lock(&shared->mutex);
        transaction(&r);
        if (small_random(&r.random, 30) == 0)
            look(&r);
        pthread_mutex_unlock(&shared->mutex);
        if (small_random(&r.random, 200) == 0)
            reopen(&r);
    }
    tables_close(r.tables);
}

static void processes_agree_on_a_model(void **state)
{
    enum { PROCESSES = 2 };
    struct shared *shared = share();
    uint64_t seed = seed_of_run();
    unsigned n = small_long(1000);
    pid_t pids[PROCESSES];

    (void)state;
    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            alarm(100);
            take_turns(shared, seed + i, n);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    munmap(shared, sizeof *shared);
}

/* What the tree cannot have, the journal must not take: it could never be brought there. */
static void keys_are_bounded_as_in_the_tree(void **state)
{
    static const uint8_t key[1024] = {1};
    struct tables *s = small_open(scratch.folder, JOURNAL_BYTES, MODEL_MB);
    struct tables_txn *t = small_write(s);

    (void)state;
    assert_int_equal(
        table_put(t, TABLE_USERS, (struct bytes){.p = key, .n = 511}, bytes_of_text("x")), ERR_OK);
    assert_int_equal(
        table_put(t, TABLE_USERS, (struct bytes){.p = key, .n = 512}, bytes_of_text("x")),
        ERR_UNAVAILABLE);
    tables_abort(t);
    tables_close(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(tables_do_what_a_model_does, set_up, tear_down),
    cmocka_unit_test_setup_teardown(processes_agree_on_a_model, set_up, tear_down),
    cmocka_unit_test_setup_teardown(keys_are_bounded_as_in_the_tree, set_up, tear_down),
};

RUN(tests)
