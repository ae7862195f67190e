/*
 * A disk that fails. This program's own write and sync functions stand before those of the C
 * library, also for LMDB; they can be told to fail from the n-th call on.
 */
#include "unit/store/fixture.h"

#include "base/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct fault_plan {
    int error;      /* 0: all goes well */
    bool syncs;     /* fails syncs; else writes */
    unsigned after; /* that many calls go well first */
    unsigned failed;
} plan;

static bool fails(bool sync)
{
    if (plan.error == 0 || plan.syncs != sync)
        return false;
    if (plan.after) {
        plan.after--;
        return false;
    }
    plan.failed++;
    errno = plan.error;
    return true;
}

int fdatasync(int fd)
{
    return fails(true) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return fails(true) ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return fails(false) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return fails(false) ? -1 : (ssize_t)syscall(SYS_writev, fd, parts, n);
}

static const struct user_id alice = {.org = "acme", .username = "alice"};
static struct place place;
static struct keyring *keyring;

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    keyring = keyring_fixed(&place, "1 active 1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plan = (struct fault_plan){0};
    keyring_free(keyring);
    place_remove(&place);
    return 0;
}

static struct store *store_how(bool plain)
{
    const struct store_lmdb_options options = {
        .folder = place.data,
        .size_mb = SIZE_MB,
        .keyring = keyring,
        .plain = plain,
    };
    struct store *s = NULL;
    struct diag diag;

    assert_int_equal(store_lmdb_open(&options, &s, &diag), ERR_OK);
    return s;
}

static struct store *store_synced(void)
{
    return store_how(false);
}

/* Saves alice with FAILURES while the disk fails as PLANNED; the commit's result. */
static enum err commit_with(struct store *s, struct fault_plan planned, uint32_t failures)
{
    struct store_txn *t;
    struct user u;
    enum err err;

    user_maximal(&u);
    u.code_lockout.failures = failures;
    assert_int_equal(s->ops->begin(s, &t), ERR_OK);
    assert_int_equal(s->ops->save_user(t, &alice, &u), ERR_OK);
    plan = planned;
    err = s->ops->commit(t);
    if (err)
        assert_true(plan.failed > 0);
    plan = (struct fault_plan){0};
    return err;
}

/* Every commit is synced: without this, nothing else here means anything. */
static void commits_are_synced(void **state)
{
    struct store *s = store_synced();

    (void)state;
    assert_int_equal(commit_with(s, (struct fault_plan){.error = EIO, .syncs = true}, 1),
                     ERR_UNAVAILABLE);
    store_close(s);
}

static void full_disk_breaks_nothing(void **state)
{
    const int errors[] = {ENOSPC, EDQUOT};
    struct store *s = store_synced();
    struct store_proof proof;
    struct user u;

    (void)state;
    assert_int_equal(commit_with(s, (struct fault_plan){0}, 1), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        assert_int_equal(commit_with(s, (struct fault_plan){.error = errors[i]}, 2),
                         ERR_UNAVAILABLE);
        assert_false(s->ops->is_broken(s));
        s->ops->look_proof(s, &proof);
        assert_non_null(strstr(proof.trouble, "is its disk full, or failing?"));
        assert_int_equal(s->ops->prove(s), ERR_OK);
        s->ops->look_proof(s, &proof);
        assert_null(proof.trouble);
        get_user(s, &alice, &u);
        assert_int_equal(u.code_lockout.failures, 1);
    }
    assert_int_equal(commit_with(s, (struct fault_plan){0}, 3), ERR_OK);
    get_user(s, &alice, &u);
    assert_int_equal(u.code_lockout.failures, 3);
    store_close(s);
}

/* Fails the n-th call for every n until the commit gets through. Whatever broke, after a restart
 * there is the old state or the new one. */
static void fail_each_call(struct fault_plan planned)
{
    enum err err = ERR_UNAVAILABLE;
    unsigned calls;

    for (calls = 0; err != ERR_OK; calls++) {
        struct store *s = store_synced();
        struct user u;

        assert_in_range(calls, 0, 100);
        assert_int_equal(commit_with(s, (struct fault_plan){0}, 1000 + calls), ERR_OK);
        planned.after = calls;
        err = commit_with(s, planned, 2000 + calls);
        assert_int_equal(s->ops->is_broken(s), err != ERR_OK);
        store_close(s);
        s = store_synced();
        get_user(s, &alice, &u);
        if (err == ERR_OK || u.code_lockout.failures != 1000 + calls)
            assert_int_equal(u.code_lockout.failures, 2000 + calls);
        assert_false(s->ops->is_broken(s));
        store_close(s);
    }
    assert_true(calls > 1);
}

static void failed_writes_end_the_process(void **state)
{
    (void)state;
    fail_each_call((struct fault_plan){.error = EIO});
}

static void failed_syncs_end_the_process(void **state)
{
    (void)state;
    fail_each_call((struct fault_plan){.error = EIO, .syncs = true});
}

/* The tree's root is written last; a full disk there leaves LMDB itself in doubt. */
static void full_disk_at_the_root_is_in_doubt(void **state)
{
    struct store *s;
    unsigned broken = 0;

    (void)state;
    for (unsigned after = 0; after < 8; after++) {
        s = store_how(true);
        if (commit_with(s, (struct fault_plan){.error = ENOSPC, .after = after}, 5))
            broken += s->ops->is_broken(s);
        store_close(s);
    }
    assert_int_equal(broken, 1);
}

static void a_broken_store_stays_broken(void **state)
{
    struct store *s = store_synced();
    struct store_txn *t;

    (void)state;
    assert_int_equal(commit_with(s, (struct fault_plan){.error = EIO, .syncs = true}, 1),
                     ERR_UNAVAILABLE);
    assert_true(s->ops->is_broken(s));
    assert_int_equal(s->ops->begin(s, &t), ERR_UNAVAILABLE);
    assert_true(s->ops->is_broken(s));
    store_close(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(commits_are_synced, set_up, tear_down),
    cmocka_unit_test_setup_teardown(full_disk_breaks_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(failed_writes_end_the_process, set_up, tear_down),
    cmocka_unit_test_setup_teardown(failed_syncs_end_the_process, set_up, tear_down),
    cmocka_unit_test_setup_teardown(full_disk_at_the_root_is_in_doubt, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_broken_store_stays_broken, set_up, tear_down),
};

RUN(tests)
