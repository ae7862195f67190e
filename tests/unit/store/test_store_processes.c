/* Several processes on one database, and processes that are killed. */
#include "unit/store/child.h"
#include "unit/store/one_place.h"

#include "base/arena.h"

#include <unistd.h>

static uint32_t failures_of_alice(struct store *s)
{
    struct user u;

    get_user(s, &alice, &u);
    return u.code_lockout.failures;
}

static size_t count_events(struct store *s)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct outbox_entry entries[64];
    uint64_t after = 0;
    size_t total = 0, n = 0;

    do {
        assert_int_equal(s->ops->read_events(s, after, arena, entries, 64, &n), ERR_OK);
        if (n)
            after = entries[n - 1].position;
        total += n;
        arena_reset(arena);
    } while (n);
    arena_free(arena);
    return total;
}

static void commits_are_seen_by_other_processes(void **state)
{
    struct store *s = store_fixed(&place, keyring);
    struct child c;

    (void)state;
    assert_int_equal(failures_of_alice(s), 0);
    c = child_start(&place, "count");
    assert_int_equal(child_report(&c), COUNTS);
    assert_int_equal(failures_of_alice(s), COUNTS);
    assert_int_equal(count_events(s), COUNTS);
    child_finish(&c);
    store_close(s);
}

static void processes_take_turns(void **state)
{
    struct child a = child_start(&place, "count"), b = child_start(&place, "count");
    struct store *s;

    (void)state;
    child_report(&a);
    child_report(&b);
    child_finish(&a);
    child_finish(&b);
    s = store_fixed(&place, keyring);
    assert_int_equal(failures_of_alice(s), 2 * COUNTS);
    assert_int_equal(count_events(s), 2 * COUNTS);
    store_close(s);
}

static void opening_at_once_is_fine(void **state)
{
    struct child children[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(children); i++)
        children[i] = child_start(&place, "open");
    for (size_t i = 0; i < ARRAY_LEN(children); i++)
        child_finish(&children[i]);
}

/* The lock of the dead process is taken over, by one that was there before and by a new one. */
static void killed_in_a_transaction_leaves_nothing(void **state)
{
    struct store *s = store_fixed(&place, keyring);
    struct child c = child_start(&place, "hold");

    (void)state;
    assert_int_equal(child_report(&c), 1);
    child_kill(&c);
    close(c.out);
    for (unsigned opened = 0; opened < 2; opened++) {
        assert_int_equal(failures_of_alice(s), 0);
        assert_int_equal(count_events(s), 0);
        store_close(s);
        s = store_fixed(&place, keyring);
    }
    put_event(s, "alive");
    assert_int_equal(count_events(s), 1);
    store_close(s);
}

/* What was reported is there; at most one commit more, whole; user and events agree. */
static void killed_at_any_moment_loses_nothing(void **state)
{
    enum { ROUNDS = 20 };
    uint32_t last = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct child c = child_start(&place, "ledger");
        struct store *s;
        uint32_t n, found;

        last = child_report(&c);
        usleep(1000 + 997 * i);
        child_kill(&c);
        while (read(c.out, &n, sizeof n) == (ssize_t)sizeof n)
            last = n;
        close(c.out);
        s = store_fixed(&place, keyring);
        found = failures_of_alice(s);
        assert_in_range(found, last, last + 1);
        assert_int_equal(count_events(s), found);
        store_close(s);
    }
    assert_true(last > ROUNDS);
}

/* Up to LAST all were appended, marked and removed, each once, but for the newest ones. */
static void assert_kept_up_to(struct store *s, uint64_t last)
{
    struct outbox_state now;

    assert_int_equal(s->ops->look_outbox(s, NULL, &now), ERR_OK);
    assert_true(now.last == last);
    assert_true(now.marks.dropped == last);
    assert_true(now.marks.taken.position == (last > KEPT ? last - KEPT : 0));
    assert_true(now.first == now.marks.taken.position + 1);
    assert_int_equal(count_events(s), last - now.first + 1);
}

static void processes_mark_and_trim_in_turns(void **state)
{
    struct child a = child_start(&place, "keep counted"), b = child_start(&place, "keep counted");
    struct store *s;

    (void)state;
    child_report(&a);
    child_report(&b);
    child_finish(&a);
    child_finish(&b);
    s = store_fixed(&place, keyring);
    assert_kept_up_to(s, 2 * COUNTS);
    store_close(s);
}

/* Marks, what is kept and what was removed agree; no position comes twice. */
static void killed_at_any_moment_marks_stay_right(void **state)
{
    enum { ROUNDS = 20 };
    uint32_t last = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct child c = child_start(&place, "keep");
        struct outbox_state now;
        struct store *s;
        uint32_t n;

        n = child_report(&c);
        assert_in_range(n, last + 1, last + 2);
        last = n;
        usleep(1000 + 997 * i);
        child_kill(&c);
        while (read(c.out, &n, sizeof n) == (ssize_t)sizeof n)
            last = n;
        close(c.out);
        s = store_fixed(&place, keyring);
        assert_int_equal(s->ops->look_outbox(s, NULL, &now), ERR_OK);
        assert_in_range(now.last, last, last + 1);
        assert_kept_up_to(s, now.last);
        store_close(s);
    }
    assert_true(last > ROUNDS);
}

/* Another process may use a larger size. */
static void a_grown_file_is_mapped_again(void **state)
{
    struct store *s = store_sized(&place, keyring, 1);
    struct arena *arena = arena_new(4 * 1024 * 1024);
    struct outbox_entry entry;
    struct child c;
    size_t n;

    (void)state;
    assert_int_equal(failures_of_alice(s), 0);
    c = child_start(&place, "grow");
    child_report(&c);
    child_finish(&c);
    assert_int_equal(s->ops->read_events(s, 0, arena, &entry, 1, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(entry.event.n, 2 * 1024 * 1024 - 1);
    c = child_start(&place, "grow");
    child_report(&c);
    child_finish(&c);
    assert_int_equal(failures_of_alice(s), 0); /* a write transaction, this time */
    put_event(s, "more");
    assert_false(s->ops->is_broken(s));
    arena_free(arena);
    store_close(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(commits_are_seen_by_other_processes, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(processes_take_turns, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(opening_at_once_is_fine, place_set_up, place_tear_down),
    cmocka_unit_test_setup_teardown(killed_in_a_transaction_leaves_nothing, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(killed_at_any_moment_loses_nothing, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(processes_mark_and_trim_in_turns, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(killed_at_any_moment_marks_stay_right, place_set_up,
                                    place_tear_down),
    cmocka_unit_test_setup_teardown(a_grown_file_is_mapped_again, place_set_up, place_tear_down),
};

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--child") == 0)
        return child_main(argv[2], argv[3], argv[4]);
    return run_named(argc, argv, tests, ARRAY_LEN(tests));
}
