/* What LMDB takes a process for (store/tree_lmdb_pid.c). */
#include "support/runner.h"
#include "support/scratch.h"

#include "store/tree_lmdb.h"

#include <sys/syscall.h>

enum { TREE_MB = 8, REAL_PID_MAX = 4 * 1024 * 1024 };

static struct scratch scratch, other;
static bool lmdb_is_deaf;

/* An LMDB that is bound to libc's getpid(). */
int __real_mdb_env_create(MDB_env **env);
int __wrap_mdb_env_create(MDB_env **env);
int __wrap_mdb_env_create(MDB_env **env)
{
    if (lmdb_is_deaf)
        tree_pid_pretend(0);
    return __real_mdb_env_create(env);
}

static int set_up(void **state)
{
    (void)state;
    lmdb_is_deaf = false;
    scratch_make(&scratch);
    scratch_make(&other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    scratch_remove(&other);
    return 0;
}

static enum err try_to_open(const char *folder, struct tree **ret_tree, struct diag *reterr)
{
    const struct tables_options options = {.folder = folder, .size_mb = TREE_MB};

    return tree_open(&options, ret_tree, reterr);
}

static struct tree *open_tree(const char *folder)
{
    struct tree *s = NULL;
    struct diag diag;

    if (try_to_open(folder, &s, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return s;
}

static void no_process_has_the_number_of_an_environment(void **state)
{
    struct tree *a = open_tree(scratch.folder), *b = open_tree(other.folder);
    struct tree_txn *reads;

    (void)state;
    assert_int_equal(tree_begin_read(a, &reads), ERR_OK);
    assert_in_range(a->pid, REAL_PID_MAX + 1, INT32_MAX);
    assert_int_not_equal(a->pid, b->pid);
    assert_true(tree_pid_is_known(a->env, a->pid));
    assert_false(tree_pid_is_known(a->env, b->pid));
    assert_false(tree_pid_is_known(a->env, getpid()));
    assert_int_equal(getpid(), syscall(SYS_getpid));
    tree_abort(reads);
    tree_close(a);
    tree_close(b);
}

static void *ask(void *ret_pid)
{
    *(pid_t *)ret_pid = getpid();
    return NULL;
}

static void other_threads_are_told_the_truth(void **state)
{
    pthread_t thread;
    pid_t there = 0, here;

    (void)state;
    tree_pid_pretend(REAL_PID_MAX + 1);
    here = getpid();
    assert_int_equal(pthread_create(&thread, NULL, ask, &there), 0);
    pthread_join(thread, NULL);
    tree_pid_pretend(0);
    assert_int_equal(here, REAL_PID_MAX + 1);
    assert_int_equal(there, syscall(SYS_getpid));
}

static void an_LMDB_that_does_not_ask_is_refused(void **state)
{
    struct tree *s = NULL;
    struct diag diag;

    (void)state;
    lmdb_is_deaf = true;
    assert_int_equal(try_to_open(scratch.folder, &s, &diag), ERR_UNAVAILABLE);
    assert_null(s);
    assert_non_null(strstr(diag.text, "does not ask the program for its number"));
    lmdb_is_deaf = false;
    tree_close(open_tree(scratch.folder));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(no_process_has_the_number_of_an_environment, set_up, tear_down),
    cmocka_unit_test_setup_teardown(other_threads_are_told_the_truth, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_LMDB_that_does_not_ask_is_refused, set_up, tear_down),
};

RUN(tests)
