/*
 * Generations are dropped one after the other when somebody else has folded them all. Who begins to
 * read in between must not meet an older one without the newer, above a tree that is newer still.
 */
#include "unit/store/small_tables.h"
#include "unit/store/turns.h"

#include "store/big_endian.h"
#include "store/tables_parts.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { JOURNAL_BYTES = 16 * 1024, VIEWS_MB = 32, VALUE_BYTES = 300, BY_OTHER = 1000, MANY = 600 };

static struct scratch scratch;
static struct turns *board;
static struct tables *tables;

/* The reader. */
static pthread_t thread;
static _Atomic pid_t tid;
static atomic_bool started, may_end;
static uint64_t seen;
static unsigned drops; /* 0: nobody counts */

static void put_number(struct tables *s, uint64_t n)
{
    uint8_t value[VALUE_BYTES] = {0};
    struct tables_txn *t;

    turns_need(tables_begin_write(s, &t) == ERR_OK, "begin");
    be_put(value, 8, n);
    turns_need(table_put(t, TABLE_ORGS, bytes_of_text("number"),
                         (struct bytes){.p = value, .n = sizeof value}) == ERR_OK,
               "put");
    turns_need(tables_commit(t) == ERR_OK, "commit");
}

static void *read_number(void *ctx)
{
    struct bytes value;
    struct tables_txn *t;

    (void)ctx;
    tid = gettid();
    started = true;
    turns_need(tables_begin_read(tables, &t) == ERR_OK, "begin to read");
    turns_need(table_get(t, TABLE_ORGS, bytes_of_text("number"), &value) == ERR_OK, "get");
    seen = be_get(value.p, 8);
    tables_abort(t);
    turns_await(&may_end);
    return NULL;
}

/* Called before each drop. Before the second one the reader reads, or waits. */
void __real_tables_stop_folding(struct tables *s);
void __wrap_tables_stop_folding(struct tables *s);
void __wrap_tables_stop_folding(struct tables *s)
{
    if (drops > 0 && --drops == 0) {
        assert_int_equal(pthread_create(&thread, NULL, read_number, NULL), 0);
        assert_true(turns_await(&started));
        turns_await_waiting(tid, &started);
    }
    __real_tables_stop_folding(s);
}

/* Fills the journal, so that all goes to the tree. */
static void go_on_elsewhere(void)
{
    struct tables *s;

    turns_need(turns_await(&board->may_go_on), "the parent is gone");
    s = small_open(scratch.folder, JOURNAL_BYTES, VIEWS_MB);
    for (uint64_t i = 0; i < MANY; i++)
        put_number(s, BY_OTHER + i);
}

/* Leaves a generation that is frozen and not folded, and a newer one. */
static void write_two_generations(void)
{
    uint64_t n = 1;

    while (tables->frozen.number == 0)
        put_number(tables, n++);
    put_number(tables, n);
    assert_true(tables->frozen.number > 0);
}

static void no_older_generation_hides_the_tree(void **state)
{
    struct tables_txn *t;
    pid_t other;
    int folding;

    (void)state;
    board = turns_new();
    scratch_make(&scratch);
    other = turns_start(fork, go_on_elsewhere);
    tables = small_open(scratch.folder, JOURNAL_BYTES, VIEWS_MB);
    folding = open(scratch_path(&scratch, "folding.lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(folding, LOCK_EX), 0); /* our thread must not fold */
    write_two_generations();
    board->may_go_on = true;
    turns_finish(other);

    drops = 2;
    t = small_write(tables);
    assert_int_equal(drops, 0);
    tables_abort(t);
    may_end = true;
    pthread_join(thread, NULL);
    assert_int_equal(seen, BY_OTHER + MANY - 1);
    close(folding);
    tables_close(tables);
    scratch_remove(&scratch);
    turns_free(board);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_older_generation_hides_the_tree),
};

RUN(tests)
