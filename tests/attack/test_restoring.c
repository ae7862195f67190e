/* Putting a backup in place: who is told, and what is left of an attempt that was killed. */
#include "attack/restored_ground.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* One event an organization, in its chain. */
static unsigned told_of(struct service *s, const char *org)
{
    static Twofold__V1__AuditEvent *events[1024];
    size_t n = service_events(s, events, ARRAY_LEN(events));
    unsigned told = 0;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(events[i]->type, "service.restored") == 0 && strcmp(events[i]->org, org) == 0) {
            told++;
            assert_true(events[i]->sequence > 1);
            assert_int_equal(events[i]->previous_digest.len, 32);
        }
        twofold__v1__audit_event__free_unpacked(events[i], NULL);
    }
    return told;
}

static void every_organization_is_told(void **state)
{
    static const char *const orgs[] = {"acme", "zeta"};
    struct ground *g = *state;
    struct service *s = &g->s;

    for (size_t i = 0; i < ARRAY_LEN(orgs); i++) {
        s->org = orgs[i];
        set_policy(s, "max_failures", 3);
        service_put_user(s, "ada", PASSWORD);
        service_put_user(s, "eve", PASSWORD);
    }
    s->org = NULL;
    take_backup(g);
    assert_int_equal(restore(g, false).orgs, 3);
    for (size_t i = 0; i < ARRAY_LEN(orgs); i++)
        assert_int_equal(told_of(s, orgs[i]), 1);
    assert_int_equal(told_of(s, "default"), 1);
}

/* ---- events ---- */

/* Only the first is known to be sent. */
static void mark_first_as_taken(struct service *s)
{
    const struct outbox_marks marks = {.taken = {.position = 1}};
    struct store_txn *t = NULL;

    assert_int_equal(s->store->ops->begin(s->store, &t), ERR_OK);
    assert_int_equal(s->store->ops->save_marks(t, &marks), ERR_OK);
    assert_int_equal(s->store->ops->commit(t), ERR_OK);
}

/* Whether they were sent after the backup was taken, nobody knows: they go out again, as they were,
 * and what comes now goes behind them. */
static void unsent_events_are_sent_after_a_restore(void **state)
{
    static struct outbox_entry before[64], after[64];
    struct arena *arena = arena_new(1024 * 1024);
    struct ground *g = *state;
    struct service *s = &g->s;
    struct outbox_state now;
    size_t n, n_after;

    service_put_user(s, "ada", PASSWORD);
    service_put_user(s, "eve", PASSWORD);
    mark_first_as_taken(s);
    n = peek_outbox(s, arena, before, ARRAY_LEN(before));
    assert_true(n >= 2);
    take_backup(g);
    service_put_user(s, "bob", PASSWORD);
    restore(g, false);
    n_after = peek_outbox(s, arena, after, ARRAY_LEN(after));
    assert_true(n_after > n);
    for (size_t i = 0; i < n; i++) {
        assert_true(before[i].position == after[i].position);
        assert_true(bytes_equal(before[i].event, after[i].event));
    }
    assert_true(after[n].position == before[n - 1].position + 1);
    assert_int_equal(s->store->ops->look_outbox(s->store, NULL, &now), ERR_OK);
    assert_true(now.marks.taken.position == 1);
    arena_free(arena);
}

/* ---- killed half-way ---- */

static unsigned dies_at;

static bool die(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
    if (dies_at-- == 0)
        kill(getpid(), SIGKILL);
    return true;
}

/* In a process of its own, which opens the files itself; killed at the AT-th word of progress. */
static void restore_killed(struct ground *g, unsigned at)
{
    const struct work_progress progress = {.call = die};
    struct restored_report report;
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        dies_at = at;
        (void)!run_restore(g, false, &progress, &report);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static bool is_there(const struct service *s, const char *name)
{
    char path[160];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return lstat(path, &st) == 0;
}

static void killed_half_way_leaves_nothing_that_serves(void **state)
{
    const struct work_progress nobody = {.call = NULL};
    struct ground *g = *state;
    struct service *s = &g->s;
    struct restored_report report;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (unsigned i = 0; i < 600; i++) {
        char name[16];

        snprintf(name, sizeof name, "user-%u", i);
        EXPECT(ERR_OK, ASK(s, "admin.put_user", {"username", name}, {"password", PASSWORD}));
    }
    take_backup(g);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    lose_database(s);
    for (unsigned at = 0; at < 2; at++) {
        restore_killed(g, at);
        assert_true(is_there(s, RESTORING_FOLDER "/data.mdb"));
        assert_false(is_there(s, "data.mdb"));
    }
    assert_int_equal(run_restore(g, false, &nobody, &report), ERR_OK);
    assert_int_equal(report.ended.users, 601);
    assert_false(is_there(s, RESTORING_FOLDER));
    service_open(s);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
}

/* ---- disturbed ---- */

/* As a service does that is started too early. */
static bool start_meanwhile(void *ctx, uint64_t done, uint64_t total)
{
    char path[160];
    FILE *f;

    (void)done;
    (void)total;
    snprintf(path, sizeof path, "%s/data.mdb", ((const struct service *)ctx)->folder);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("new", f) >= 0);
    assert_int_equal(fclose(f), 0);
    return true;
}

static void a_database_made_meanwhile_is_not_replaced(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    const struct work_progress progress = {.call = start_meanwhile, .ctx = s};
    const struct work_progress nobody = {.call = NULL};
    struct restored_report report;
    char path[160];
    struct stat st;

    service_put_user(s, "ada", PASSWORD);
    take_backup(g);
    lose_database(s);
    assert_int_equal(run_restore(g, false, &progress, &report), ERR_CONFLICT);
    snprintf(path, sizeof path, "%s/data.mdb", s->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_false(is_there(s, RESTORING_FOLDER));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(run_restore(g, false, &nobody, &report), ERR_OK);
    service_open(s);
}

static bool stop(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
    return false;
}

static void a_stopped_restore_leaves_nothing(void **state)
{
    struct ground *g = *state;
    struct service *s = &g->s;
    const struct work_progress progress = {.call = stop};
    const struct work_progress nobody = {.call = NULL};
    struct restored_report report;

    service_put_user(s, "ada", PASSWORD);
    take_backup(g);
    lose_database(s);
    assert_int_equal(run_restore(g, false, &progress, &report), ERR_CONFLICT);
    assert_false(is_there(s, RESTORING_FOLDER));
    assert_false(is_there(s, "data.mdb"));
    assert_int_equal(run_restore(g, false, &nobody, &report), ERR_OK);
    service_open(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_organization_is_told, ground_set_up, ground_tear_down),
    cmocka_unit_test_setup_teardown(unsent_events_are_sent_after_a_restore, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(killed_half_way_leaves_nothing_that_serves, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(a_database_made_meanwhile_is_not_replaced, ground_set_up,
                                    ground_tear_down),
    cmocka_unit_test_setup_teardown(a_stopped_restore_leaves_nothing, ground_set_up,
                                    ground_tear_down),
};
RUN(tests)
