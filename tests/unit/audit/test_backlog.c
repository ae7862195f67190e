#include "audit/backlog.h"

#include "log_fixture.h"

static int64_t now_ms(void)
{
    struct clock clock = clock_system();

    return clock_unix_ms(&clock);
}

static void set_marks(struct publisher_fixture *f, struct outbox_marks marks)
{
    struct store_txn *t = NULL;

    assert_int_equal(f->store->ops->begin(f->store, &t), ERR_OK);
    assert_int_equal(f->store->ops->save_marks(t, &marks), ERR_OK);
    assert_int_equal(f->store->ops->commit(t), ERR_OK);
}

static void expect_backlog(struct publisher_fixture *f, uint64_t events, uint64_t tail,
                           uint64_t dropped)
{
    struct backlog b;

    assert_int_equal(backlog_look(f->store, now_ms(), &b), ERR_OK);
    assert_int_equal(b.events, events);
    assert_int_equal(b.tail, tail);
    assert_int_equal(b.dropped, dropped);
}

static void events_are_counted_on_both_sides_of_the_mark(void **state)
{
    struct publisher_fixture f;
    struct backlog b;

    (void)state;
    fixture_open(&f, NULL);
    expect_backlog(&f, 0, 0, 0);
    f.age_ms = 60 * 1000;
    append(&f, 4);
    f.age_ms = 5 * 1000;
    append(&f, 6);
    expect_backlog(&f, 10, 0, 0);
    assert_int_equal(backlog_look(f.store, now_ms(), &b), ERR_OK);
    assert_in_range(b.oldest_age_ms, 60 * 1000, 80 * 1000);
    set_marks(&f, (struct outbox_marks){.taken.position = 4, .dropped = 7});
    expect_backlog(&f, 6, 4, 7);
    assert_int_equal(backlog_look(f.store, now_ms(), &b), ERR_OK);
    assert_in_range(b.oldest_age_ms, 5 * 1000, 25 * 1000);
    trim(&f, 2);
    expect_backlog(&f, 6, 2, 7);
    trim(&f, 7); /* unsent ones as well */
    expect_backlog(&f, 3, 0, 7);
    set_marks(&f, (struct outbox_marks){.taken.position = 10});
    expect_backlog(&f, 0, 3, 0);
    assert_int_equal(backlog_look(f.store, now_ms(), &b), ERR_OK);
    assert_int_equal(b.oldest_age_ms, 0);
    trim(&f, 10);
    expect_backlog(&f, 0, 0, 0);
    fixture_close(&f);
}

static void an_event_from_the_future_has_no_age(void **state)
{
    struct publisher_fixture f;
    struct backlog b;

    (void)state;
    fixture_open(&f, NULL);
    f.age_ms = -60 * 1000;
    append(&f, 1);
    assert_int_equal(backlog_look(f.store, now_ms(), &b), ERR_OK);
    assert_int_equal(b.events, 1);
    assert_int_equal(b.oldest_age_ms, 0);
    assert_int_equal(backlog_event_ms(bytes_of_text("this is no event")), 0);
    fixture_close(&f);
}

/* Looks every 400 ms. */
static void watch_for(struct backlog_watch *watch, struct publisher_fixture *f, int64_t from_ms,
                      int64_t to_ms)
{
    for (int64_t ms = from_ms; ms <= to_ms; ms += 400)
        backlog_watch_look(watch, f->store, ms, 5);
}

static void waiting_is_told_once_and_its_end_once(void **state)
{
    const struct clock clock = clock_system();
    struct backlog_watch watch = {0};
    struct publisher_fixture f;
    int64_t t0;
    int before;

    (void)state;
    fixture_open(&f, NULL);
    before = log_begin(&f);
    append(&f, 1);
    t0 = clock_unix_ms(&clock); /* a little later than the event */
    watch_for(&watch, &f, t0, t0 + 8000);
    assert_int_equal(log_lines(&f, "audit events wait for the bus"), 0);
    watch_for(&watch, &f, t0 + 8400, t0 + 70000);
    assert_int_equal(log_lines(&f, "audit events wait for the bus"), 1);
    assert_int_equal(log_lines(&f, "events=1 oldest_seconds=1"), 1); /* ten or eleven */
    assert_int_equal(log_lines(&f, "resent=5 dropped=0"), 1);
    watch_for(&watch, &f, t0 + 70400, t0 + 80000);
    assert_int_equal(log_lines(&f, "audit events wait for the bus"), 2);
    set_marks(&f, (struct outbox_marks){.taken.position = 1});
    watch_for(&watch, &f, t0 + 80400, t0 + 90000);
    assert_int_equal(log_lines(&f, "no audit event waits for the bus any more"), 1);
    assert_int_equal(log_lines(&f, "audit events wait for the bus"), 2);
    log_end(before);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_are_counted_on_both_sides_of_the_mark),
    cmocka_unit_test(an_event_from_the_future_has_no_age),
    cmocka_unit_test(waiting_is_told_once_and_its_end_once),
};

RUN(tests)
