/*
 * Several processes on one folder, all committing while generations of the journal change and are
 * folded. One is killed again and again, one is stopped for a while: the others go on, and in the
 * end all that was told is there. A thread in each reads meanwhile, and must never see a part of a
 * transaction. TEST_LONG is for how many milliseconds.
 */
#include "unit/store/containers.h"
#include "unit/store/small_tables.h"

#include "store/big_endian.h"
#include "support/scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOURNAL_BYTES = 16 * 1024, CROWD_MB = 32, PROCESSES = 3, KEPT = 50, COPIER = PROCESSES };

/* Shared with the children. */
struct board {
    _Atomic uint64_t told[PROCESSES];
    atomic_bool stop;
    _Atomic unsigned reads, copies;
};

static struct scratch scratch, copy;
static struct board *board;
static pid_t (*fork_one)(void);

static int set_up(void **state)
{
    (void)state;
    fork_one = fork;
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(board != MAP_FAILED);
    scratch_make(&scratch);
    scratch_make(&copy);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(board, sizeof *board);
    scratch_remove(&scratch);
    scratch_remove(&copy);
    return 0;
}

/* In children cmocka must not take over. */
static void need(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "child %d: %s\n", (int)getpid(), what);
    _exit(9);
}

/* ---- one transaction: a row of the process, one that all share, an event ---- */

static uint64_t number(struct tables_txn *t, const char *name)
{
    struct bytes value;
    enum err err = table_get(t, TABLE_ORGS, bytes_of_text(name), &value);

    need(err == ERR_OK || err == ERR_NOT_FOUND, "get");
    return err ? 0 : be_get(value.p, 8);
}

static void set_number(struct tables_txn *t, const char *name, uint64_t n)
{
    uint8_t value[300] = {0};

    be_put(value, 8, n);
    need(table_put(t, TABLE_ORGS, bytes_of_text(name),
                   (struct bytes){.p = value, .n = sizeof value}) == ERR_OK,
         "put");
}

static const char *own_name(unsigned i)
{
    static const char *const names[PROCESSES] = {"own0", "own1", "own2"};

    return names[i];
}

static void append_event(struct tables_txn *t, uint64_t n)
{
    uint8_t key[8];

    be_put(key, 8, n);
    need(table_append(t, TABLE_OUTBOX, (struct bytes){.p = key, .n = 8},
                      small_value((uint32_t)n, 100)) == ERR_OK,
         "append");
    if (n <= KEPT)
        return;
    be_put(key, 8, n - KEPT);
    need(table_erase(t, TABLE_OUTBOX, (struct bytes){.p = key, .n = 8}) == ERR_OK, "erase");
}

static void count_one(struct tables *s, unsigned self)
{
    struct tables_txn *t;
    uint64_t own, all;

    need(tables_begin_write(s, &t) == ERR_OK, "begin");
    own = number(t, own_name(self)) + 1;
    all = number(t, "all") + 1;
    set_number(t, own_name(self), own);
    set_number(t, "all", all);
    append_event(t, all);
    need(tables_commit(t) == ERR_OK, "commit");
    board->told[self] = own;
}

/* ---- what any reader must see ---- */

static void need_whole(struct tables_txn *t)
{
    uint64_t all = number(t, "all"), sum = 0, n;
    struct table_row row;
    enum err err = table_seek(t, TABLE_OUTBOX, (struct bytes){0}, &row);

    for (unsigned i = 0; i < PROCESSES; i++)
        sum += number(t, own_name(i));
    need(sum == all, "half a transaction");
    for (n = all > KEPT ? all - KEPT + 1 : 1; err == ERR_OK; n++) {
        uint8_t key[9] = {0};

        need(row.key.n == 8 && be_get(row.key.p, 8) == n, "a gap in the outbox");
        memcpy(key, row.key.p, 8);
        err = table_seek(t, TABLE_OUTBOX, (struct bytes){.p = key, .n = sizeof key}, &row);
    }
    need(err == ERR_NOT_FOUND && n == all + 1, "the outbox ends too early");
}

static void *read_all_the_time(void *tables)
{
    while (!board->stop) {
        struct tables_txn *t;

        need(tables_begin_read(tables, &t) == ERR_OK, "begin to read");
        need_whole(t);
        tables_abort(t);
        board->reads++;
        nanosleep(&(struct timespec){.tv_nsec = 200 * 1000}, NULL);
    }
    return NULL;
}

/* ---- processes ---- */

static void count(unsigned self)
{
    struct tables *s = small_open(scratch.folder, JOURNAL_BYTES, CROWD_MB);
    pthread_t reader;

    need(pthread_create(&reader, NULL, read_all_the_time, s) == 0, "thread");
    while (!board->stop)
        count_one(s, self);
    pthread_join(reader, NULL);
    tables_close(s);
}

static void copy_once(struct tables *s)
{
    const struct tables_options frozen = {
        .folder = copy.folder, .size_mb = CROWD_MB, .frozen = true};
    uint64_t before = 0, all;
    enum tables_content content;
    struct tables *c = NULL;
    struct tables_txn *t;
    struct diag diag;

    for (unsigned i = 0; i < PROCESSES; i++)
        before += board->told[i];
    need(tables_copy(s, copy.folder, &diag) == ERR_OK, diag.text);
    need(tables_open(&frozen, &c, &diag) == ERR_OK, diag.text);
    need(tables_begin_read(c, &t) == ERR_OK, "copy: read");
    need(tables_attach(t, &content) == ERR_OK && content == TABLES_OURS, "copy: attach");
    need_whole(t);
    all = number(t, "all");
    need(all >= before, "a copy that is older than its beginning");
    tables_abort(t);
    tables_close(c);
    need(unlink(scratch_path(&copy, "data.mdb")) == 0, "unlink");
    board->copies++;
}

static void copy_all_the_time(void)
{
    struct tables *s = small_open(scratch.folder, JOURNAL_BYTES, CROWD_MB);

    while (!board->stop)
        copy_once(s);
    tables_close(s);
}

static pid_t start(unsigned self)
{
    pid_t pid = fork_one();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    alarm(100);
    if (self == COPIER)
        copy_all_the_time();
    else
        count(self);
    _exit(0);
}

static void finish(pid_t pid, bool killed)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (killed)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void wait_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static void make_tables(void)
{
    tables_close(small_open(scratch.folder, JOURNAL_BYTES, CROWD_MB));
}

static void assert_all_told(void)
{
    struct tables *s = small_open(scratch.folder, JOURNAL_BYTES, CROWD_MB);
    struct tables_txn *t = small_read(s);

    need_whole(t);
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_in_range(number(t, own_name(i)), board->told[i], board->told[i] + 1);
    assert_true(number(t, "all") > 100);
    tables_abort(t);
    tables_close(s);
}

static void kill_one_after_the_other(void)
{
    unsigned rounds = small_long(1500) / 50;
    pid_t pids[PROCESSES];

    make_tables();
    for (unsigned i = 0; i < PROCESSES; i++)
        pids[i] = start(i);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned victim = i % PROCESSES;

        wait_ms(20 + 7 * i % 41);
        kill(pids[victim], SIGKILL);
        finish(pids[victim], true);
        pids[victim] = start(victim);
    }
    board->stop = true;
    for (unsigned i = 0; i < PROCESSES; i++)
        finish(pids[i], false);
    assert_true(board->reads > 0);
    assert_all_told();
}

static void killed_ones_leave_whole_transactions(void **state)
{
    (void)state;
    kill_one_after_the_other();
}

/* Each is process 1, and its threads have the numbers that those of the others have. */
static void killed_containers_leave_whole_transactions(void **state)
{
    (void)state;
    if (!containers_allowed())
        skip();
    fork_one = container_fork;
    kill_one_after_the_other();
}

/* One that stands still keeps a file of the journal; the other goes on all the same. Where it is
 * stopped in the middle of a commit, as now and then, nobody can; then it is stopped elsewhere. */
static bool goes_on_beside_a_stopped_one(pid_t stopped)
{
    uint64_t before;

    kill(stopped, SIGSTOP);
    wait_ms(20);
    before = board->told[1];
    for (unsigned i = 0; i < 50 && board->told[1] < before + 800; i++)
        wait_ms(20);
    kill(stopped, SIGCONT);
    return board->told[1] >= before + 800;
}

static void journal_is_bounded(void)
{
    struct stat st;

    assert_int_equal(stat(scratch_path(&scratch, "journal.0"), &st), 0);
    assert_in_range(st.st_size, 1, 4 * JOURNAL_BYTES);
    assert_int_equal(stat(scratch_path(&scratch, "journal.1"), &st), 0);
    assert_in_range(st.st_size, 1, 4 * JOURNAL_BYTES);
}

static void others_go_on_beside_a_stopped_one(void **state)
{
    pid_t stopped, other;
    bool went_on = false;

    (void)state;
    make_tables();
    stopped = start(0);
    other = start(1);
    for (unsigned i = 0; i < 20 && !went_on; i++) {
        wait_ms(30);
        went_on = goes_on_beside_a_stopped_one(stopped);
    }
    assert_true(went_on);
    board->stop = true;
    finish(stopped, false);
    finish(other, false);
    journal_is_bounded();
    assert_all_told();
}

static void copies_are_one_state_while_others_write(void **state)
{
    pid_t pids[3];

    (void)state;
    make_tables();
    for (unsigned i = 0; i < 2; i++)
        pids[i] = start(i);
    pids[2] = start(COPIER);
    wait_ms(small_long(1500));
    board->stop = true;
    for (unsigned i = 0; i < ARRAY_LEN(pids); i++)
        finish(pids[i], false);
    assert_true(board->copies > 1);
    assert_all_told();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(killed_ones_leave_whole_transactions, set_up, tear_down),
    cmocka_unit_test_setup_teardown(killed_containers_leave_whole_transactions, set_up, tear_down),
    cmocka_unit_test_setup_teardown(others_go_on_beside_a_stopped_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown(copies_are_one_state_while_others_write, set_up, tear_down),
};

RUN(tests)
