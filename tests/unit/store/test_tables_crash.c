/*
 * A script of commits that appends, trims, changes generations, folds, and goes to the tree, ended
 * at its n-th write or sync for every n, by a kill or by a power cut. What was acknowledged is
 * there afterwards, nothing half, and it goes on from there.
 */
#include "unit/store/failing_disk.h"
#include "unit/store/small_tables.h"

#include "store/big_endian.h"
#include "support/scratch.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
    JOURNAL_BYTES = 8 * 1024,
    CRASH_MB = 16,
    COMMITS = 40,
    KEPT = 9,
    USERS = 7,
    LARGE_EACH = 13
};

static struct scratch scratch;
static volatile uint32_t *acknowledged; /* shared with the children */

static int set_up(void **state)
{
    (void)state;
    acknowledged = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(acknowledged != MAP_FAILED);
    scratch_make(&scratch);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap((void *)(uintptr_t)acknowledged, 4096);
    scratch_remove(&scratch);
    return 0;
}

/* ---- what commit N does, and what is there after it ---- */

static struct small_row event_of(uint32_t n)
{
    struct small_row row = {.n_key = 4, .n_value = 100 + 37 * (n % 11), .seed = n};

    be_put(row.key, 4, n);
    return row;
}

static struct small_row user_of(uint32_t n)
{
    struct small_row row = {.n_key = 2, .n_value = 200 + 50 * (n % 3), .seed = n};

    if (n % LARGE_EACH == 0)
        row.n_value = 5 * JOURNAL_BYTES;
    row.key[0] = 'u';
    row.key[1] = (uint8_t)('0' + n % USERS);
    return row;
}

static void put(struct tables_txn *t, enum table table, const struct small_row *row)
{
    struct bytes key;

    small_key(row, &key);
    assert_int_equal((table == TABLE_OUTBOX ? table_append : table_put)(
                         t, table, key, small_value(row->seed, row->n_value)),
                     ERR_OK);
}

static void commit_one(struct tables *s, uint32_t n)
{
    struct tables_txn *t = small_write(s);
    struct small_row row = event_of(n);

    put(t, TABLE_OUTBOX, &row);
    row = user_of(n);
    put(t, TABLE_USERS, &row);
    if (n > KEPT) {
        row = event_of(n - KEPT);
        assert_int_equal(table_erase(t, TABLE_OUTBOX, (struct bytes){.p = row.key, .n = 4}),
                         ERR_OK);
    }
    assert_int_equal(tables_commit(t), ERR_OK);
}

static void model_of(uint32_t n, struct small_model *m)
{
    memset(m, 0, sizeof *m);
    for (uint32_t i = 1; i <= n; i++) {
        struct small_row row = user_of(i);

        small_put(m, TABLE_USERS, &row);
        row = event_of(i);
        if (i + KEPT > n)
            small_put(m, TABLE_OUTBOX, &row);
    }
}

/* How many commits there are. */
static uint32_t last_of(struct tables_txn *t)
{
    struct table_row row;
    enum err err = table_last(t, TABLE_OUTBOX, &row);

    if (err == ERR_NOT_FOUND)
        return 0;
    assert_int_equal(err, ERR_OK);
    return (uint32_t)be_get(row.key.p, 4);
}

/* ---- processes ---- */

static void script(void)
{
    struct tables *s = small_open(scratch.folder, JOURNAL_BYTES, CRASH_MB);
    struct tables_txn *t = small_read(s);
    uint32_t n = last_of(t);

    tables_abort(t);
    *acknowledged = n; /* what is read is told, too */
    while (n < COMMITS) {
        commit_one(s, ++n);
        *acknowledged = n;
    }
    tables_close(s);
}

/* Runs the script in a process of its own; false: it got through. */
static bool crashes(unsigned at, bool power, uint64_t seed)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(30);
        disk_stops(at, power, seed);
        script();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGKILL);
    else
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static void assert_kept(uint32_t told)
{
    static struct small_model model;
    struct tables *s = small_open(scratch.folder, JOURNAL_BYTES, CRASH_MB);
    struct tables_txn *t = small_read(s);
    uint32_t n = last_of(t);

    assert_in_range(n, told, told + 1);
    model_of(n, &model);
    assert_small(t, &model);
    tables_abort(t);
    commit_one(s, n + 1);
    tables_close(s);
    s = small_open(scratch.folder, JOURNAL_BYTES, CRASH_MB);
    t = small_write(s);
    model_of(n + 1, &model);
    assert_small(t, &model);
    tables_abort(t);
    tables_close(s);
}

static void crash_everywhere(bool power, unsigned step)
{
    bool crashed = true;

    for (unsigned n = 1; crashed; n += step) {
        uint64_t random = n * UINT64_C(0x9e3779b97f4a7c15) + power;

        scratch_remove(&scratch);
        scratch_make(&scratch);
        *acknowledged = 0;
        crashed = crashes(n, power, n);
        for (unsigned again = small_random(&random, 3); crashed && again > 0; again--)
            if (!crashes(1 + small_random(&random, 60), power, n + again))
                break;
        assert_kept(*acknowledged);
        assert_true(n < 5000);
    }
}

static unsigned step_of_run(void)
{
    return getenv("TEST_LONG") ? 1 : 3;
}

static void killed_at_any_call_keeps_what_was_told(void **state)
{
    (void)state;
    crash_everywhere(false, step_of_run());
}

static void a_power_cut_at_any_call_keeps_what_was_told(void **state)
{
    (void)state;
    crash_everywhere(true, step_of_run());
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(killed_at_any_call_keeps_what_was_told, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_power_cut_at_any_call_keeps_what_was_told, set_up, tear_down),
};

RUN(tests)
