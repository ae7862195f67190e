/*
 * Nobody waits for LMDB's mutexes (store/tree_lmdb_lock.c): they could be taken from a process that
 * lives, when another one of the same number dies. Crowds of such: test_tables_crowd.c.
 */
#include "support/runner.h"
#include "support/scratch.h"
#include "unit/store/containers.h"
#include "unit/store/turns.h"

#include "store/tree_lmdb.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>

enum { TREE_MB = 8 };

static struct scratch scratch, copies;
static struct turns *board;

static int set_up(void **state)
{
    (void)state;
    board = turns_new();
    scratch_make(&scratch);
    scratch_make(&copies);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    turns_free(board);
    scratch_remove(&scratch);
    scratch_remove(&copies);
    return 0;
}

static struct tree *open_tree(void)
{
    const struct tables_options options = {.folder = scratch.folder, .size_mb = TREE_MB};
    struct tree *s = NULL;
    struct diag diag;

    turns_need(tree_open(&options, &s, &diag) == ERR_OK, diag.text);
    return s;
}

/* ---- the writer's mutex, between containers ---- */

static void need_same_number(void)
{
    turns_need(getpid() == 1 && syscall(SYS_gettid) == 1, "not the first of its namespace");
}

static void hold(void)
{
    struct tree *s = open_tree();
    struct tree_txn *t;

    need_same_number();
    turns_need(tree_begin_write(s, &t) == ERR_OK, "begin");
    board->held = true;
    turns_need(turns_await(&board->may_go_on), "the parent is gone");
    board->held = false;
    tree_abort(t);
    tree_close(s);
}

static void begin_once(void)
{
    struct tree *s = open_tree();
    struct tree_txn *t;

    need_same_number();
    board->tries = true;
    turns_need(tree_begin_write(s, &t) == ERR_OK, "begin");
    turns_need(!board->held, "two write at once");
    tree_abort(t);
    tree_close(s);
}

/* The kernel looks whether the mutex has the number of whom it kills. */
static void a_killed_waiter_frees_no_lock_of_its_namesake(void **state)
{
    pid_t owner, victim, next;

    (void)state;
    if (!containers_allowed())
        skip();
    owner = turns_start(container_fork, hold);
    assert_true(turns_await(&board->held));
    victim = turns_start(container_fork, begin_once);
    turns_await_waiting(victim, &board->tries);
    turns_kill(victim);
    board->tries = false;
    next = turns_start(container_fork, begin_once);
    turns_await_waiting(next, &board->tries);
    board->may_go_on = true;
    turns_finish(next);
    turns_finish(owner);
}

static void a_killed_owner_is_succeeded_by_its_namesake(void **state)
{
    pid_t owner, next;

    (void)state;
    if (!containers_allowed())
        skip();
    owner = turns_start(container_fork, hold);
    assert_true(turns_await(&board->held));
    next = turns_start(container_fork, begin_once);
    turns_await_waiting(next, &board->tries);
    board->held = false;
    turns_kill(owner);
    turns_finish(next);
}

/* ---- whatever may take a mutex of LMDB is called under our locks ---- */

static int slots = -1, writing = -1; /* the locked files, opened once more */
static unsigned calls, unlocked;
static bool copy_lets_go;

static bool is_free(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return false;
    flock(fd, LOCK_UN);
    return true;
}

static void look(int fd)
{
    if (fd < 0)
        return;
    calls++;
    unlocked += is_free(fd);
}

int __real_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    look(slots);
    return __real_mdb_env_open(env, path, flags, mode);
}

void __real_mdb_env_close(MDB_env *env);
void __wrap_mdb_env_close(MDB_env *env);
void __wrap_mdb_env_close(MDB_env *env)
{
    look(slots);
    __real_mdb_env_close(env);
}

int __real_mdb_reader_check(MDB_env *env, int *dead);
int __wrap_mdb_reader_check(MDB_env *env, int *dead);
int __wrap_mdb_reader_check(MDB_env *env, int *dead)
{
    look(slots);
    return __real_mdb_reader_check(env, dead);
}

int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **ret);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **ret);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **ret)
{
    look(slots);
    if (!(flags & MDB_RDONLY))
        look(writing);
    return __real_mdb_txn_begin(env, parent, flags, ret);
}

/* More is copied than a pipe holds, so when it has ended somebody has read. */
int __real_mdb_env_copyfd2(MDB_env *env, mdb_filehandle_t fd, unsigned flags);
int __wrap_mdb_env_copyfd2(MDB_env *env, mdb_filehandle_t fd, unsigned flags);
int __wrap_mdb_env_copyfd2(MDB_env *env, mdb_filehandle_t fd, unsigned flags)
{
    int rc;

    look(slots);
    rc = __real_mdb_env_copyfd2(env, fd, flags);
    copy_lets_go = slots >= 0 && is_free(slots);
    return rc;
}

static int open_file(const char *name)
{
    int fd = open(scratch_path(&scratch, name), O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void fill(struct tree *s)
{
    static const uint8_t value[TREE_MB * 1024];
    enum tables_content content;
    struct tree_txn *t;

    assert_int_equal(tree_begin_write(s, &t), ERR_OK);
    assert_int_equal(tree_attach(t, &content), ERR_OK);
    for (uint8_t i = 1; i < 100; i++)
        assert_int_equal(tree_put(t, TABLE_ORGS, (struct bytes){.p = &i, .n = 1},
                                  (struct bytes){.p = value, .n = sizeof value}),
                         ERR_OK);
    assert_int_equal(tree_commit(t), ERR_OK);
}

static void begin_in_every_way(struct tree *s)
{
    struct tree_txn *t;
    bool room;

    assert_int_equal(tree_begin_read(s, &t), ERR_OK);
    tree_abort(t);
    s->readers_checked_s = 0;
    tree_forget_dead_readers(s);
    assert_int_equal(tree_has_room(s, TREE_MB * 1024 * 1024 / tree_page_bytes(s) - 200,
                                   RESERVE_FOR_EMPTYING, &room),
                     ERR_OK);
    assert_false(room);
}

static void LMDB_is_called_under_our_locks(void **state)
{
    struct diag diag;
    struct tree *s;

    (void)state;
    tree_close(open_tree());
    slots = open_file("lock.mdb");
    writing = open_file("data.mdb");
    s = open_tree();
    fill(s);
    begin_in_every_way(s);
    assert_int_equal(tree_copy(s, copies.folder, &diag), ERR_OK);
    tree_close(s);
    assert_true(is_free(slots) && is_free(writing));
    close(slots);
    close(writing);
    slots = writing = -1;
    /* open: 3; fill: 2 and a look for dead readers; 3 ways; copy: 2; close */
    assert_in_range(calls, 11, 14);
    assert_int_equal(unlocked, 0);
    assert_true(copy_lets_go);
}

/* Who decides requests must not stand still because somebody was stopped with the lock of slots. */
static void who_has_a_slot_waits_for_nobody(void **state)
{
    struct tree *s = open_tree();
    struct tree_txn *t;
    int fd = open_file("lock.mdb");

    (void)state;
    assert_int_equal(tree_begin_read(s, &t), ERR_OK);
    tree_rest(t);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    tree_forget_dead_readers(s);
    assert_int_equal(tree_renew(t), ERR_OK);
    assert_int_equal(flock(fd, LOCK_UN), 0);
    tree_abort(t);
    tree_close(s);
    close(fd);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_killed_waiter_frees_no_lock_of_its_namesake, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_killed_owner_is_succeeded_by_its_namesake, set_up, tear_down),
    cmocka_unit_test_setup_teardown(LMDB_is_called_under_our_locks, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_has_a_slot_waits_for_nobody, set_up, tear_down),
};

RUN(tests)
