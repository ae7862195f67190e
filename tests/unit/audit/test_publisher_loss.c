#include "trail_fixture.h"

#include <time.h>

static void events_of_an_outage_go_out_after_it(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    p = start(&s.f);
    append(&s.f, 50);
    wait_sent(p, 50);
    nats_server_kill9(&s.f.server);
    append(&s.f, 100);
    publisher_nudge(p);
    usleep(300 * 1000);
    assert_int_equal(publisher_progress(p).position, 50);
    nats_server_restart(&s.f.server, NULL);
    wait_sent(p, 150);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 150);
    stand_close(&s);
}

/* The server has the connection, but not yet what was sent on it. */
static void what_dies_with_the_server_is_sent_again(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    p = start(&s.f);
    append(&s.f, 50);
    wait_sent(p, 50);
    nats_server_freeze(&s.f.server);
    append(&s.f, 100);
    publisher_nudge(p);
    usleep(500 * 1000);
    nats_server_kill9(&s.f.server);
    nats_server_restart(&s.f.server, NULL);
    wait_sent(p, 150);
    assert_true(publisher_stats(p).resent > 0);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 150);
    stand_close(&s);
}

/* Longer than an acknowledgement is waited for; the connection stays. */
static void a_server_that_was_stopped_goes_on_where_it_was(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    p = start(&s.f);
    append(&s.f, 50);
    wait_sent(p, 50);
    nats_server_freeze(&s.f.server);
    append(&s.f, 1000);
    publisher_nudge(p);
    usleep(8 * 1000 * 1000);
    assert_int_equal(publisher_progress(p).position, 50);
    nats_server_thaw(&s.f.server);
    wait_sent(p, 1050);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 1050);
    stand_close(&s);
}

static void stopping_while_the_server_is_stopped_ends_in_time(void **state)
{
    struct stand s;
    struct publisher *p;
    time_t began;

    (void)state;
    stand_open(&s);
    p = start(&s.f);
    append(&s.f, 50);
    wait_sent(p, 50);
    nats_server_freeze(&s.f.server);
    append(&s.f, 1000);
    usleep(300 * 1000);
    began = time(NULL);
    publisher_stop(p, 1000);
    assert_true(time(NULL) - began < 10);
    nats_server_thaw(&s.f.server);
    stand_close(&s);
}

static void a_bus_that_comes_after_the_start_gets_everything(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;

    (void)state;
    fixture_open(&f, NULL);
    nats_server_kill9(&f.server);
    append(&f, 5);
    p = start(&f);
    usleep(200 * 1000);
    assert_int_equal(publisher_progress(p).position, 0);
    assert_int_equal(publisher_stats(p).way, WAY_STARTING);
    nats_server_restart(&f.server, NULL);
    wait_sent(p, 5);
    publisher_stop(p, LONG_MS);
    fixture_close(&f);
}

static void stopping_without_a_bus_ends_and_keeps_the_outbox(void **state)
{
    struct publisher_fixture f;
    struct outbox_entry entries[8];
    struct arena *arena = arena_new(64 * 1024);
    size_t n = 0;

    (void)state;
    fixture_open(&f, NULL);
    nats_server_kill9(&f.server);
    append(&f, 5);
    publisher_stop(start(&f), 300);
    assert_int_equal(f.store->ops->read_events(f.store, 0, arena, entries, 8, &n), ERR_OK);
    assert_int_equal(n, 5);
    arena_free(arena);
    fixture_close(&f);
}

#define LOGIN(publish)                                                       \
    "authorization { users = [\n"                                            \
    "  {user: audit, password: p, permissions: {publish: [" publish "]}},\n" \
    "  {user: watcher, password: p} ] }\n"

static void what_the_bus_refuses_is_not_sent(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;
    char watcher[128];

    (void)state;
    fixture_open(&f, LOGIN("\"twofold.audit.v1.globex.>\""));
    snprintf(f.url, sizeof f.url, "nats://audit:p@127.0.0.1:%d", f.server.port);
    snprintf(watcher, sizeof watcher, "nats://watcher:p@127.0.0.1:%d", f.server.port);
    append(&f, 3);
    p = start(&f);
    usleep(500 * 1000);
    assert_int_equal(publisher_progress(p).position, 0);
    nats_server_kill9(&f.server);
    nats_server_restart(&f.server, LOGIN("\"twofold.audit.v1.>\""));
    nc = observe(watcher, &sub);
    expect_event(sub, 1);
    expect_event(sub, 2);
    expect_event(sub, 3);
    wait_sent(p, 3);
    publisher_stop(p, LONG_MS);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

/* ---- what the stream had acknowledged, and has no more ---- */

static void a_stream_made_anew_gets_the_whole_tail(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    s.f.age_ms = 3LL * 3600 * 1000; /* however old it is */
    append(&s.f, 600);
    s.f.age_ms = 0;
    p = start(&s.f);
    wait_sent(p, 600);
    mark(&s.f, p);
    assert_int_equal(js_DeleteStream(s.trail.js, STREAM, NULL, NULL), NATS_OK);
    append(&s.f, 10);
    wait_sent(p, 610);
    trail_expect(&s.trail, 1, 610);
    assert_int_equal(publisher_progress(p).sequence, 610);
    assert_in_range(publisher_stats(p).resent, 601, 610); /* and those that found out */
    publisher_stop(p, LONG_MS);
    stand_close(&s);
}

/* The machine of the bus lost power: what it had not synced is gone. WITH: a publisher that was
 * there all the time; else one that starts later and knows from the store. */
static void lose_the_newest(bool with)
{
    struct stand s;
    struct publisher *p;

    stand_open(&s);
    p = start(&s.f);
    append(&s.f, 300);
    wait_sent(p, 300);
    nats_server_kill9(&s.f.server);
    remember_stream(&s);
    nats_server_restart(&s.f.server, NULL);
    append(&s.f, 200);
    wait_sent(p, 500);
    trail_wait(&s.trail, 500);
    mark(&s.f, p);
    if (!with)
        publisher_stop(STEAL(p), LONG_MS);
    nats_server_kill9(&s.f.server);
    restore_stream(&s);
    nats_server_restart(&s.f.server, NULL);
    if (!with)
        p = start(&s.f);
    trail_expect(&s.trail, 1, 500);
    append(&s.f, 10);
    wait_sent(p, 510);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 510);
    stand_close(&s);
}

static void what_a_bus_forgets_is_sent_again_when_it_is_back(void **state)
{
    (void)state;
    lose_the_newest(true);
}

static void what_a_bus_forgot_is_sent_again_by_the_next_process(void **state)
{
    (void)state;
    lose_the_newest(false);
}

/* Nothing of it is in the tail any more: that is said, and then it is the past. */
static void what_the_tail_has_not_is_not_looked_for_for_ever(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    append(&s.f, 20);
    p = start(&s.f);
    wait_sent(p, 20);
    mark(&s.f, p);
    trim(&s.f, 20);
    assert_int_equal(js_DeleteStream(s.trail.js, STREAM, NULL, NULL), NATS_OK);
    append(&s.f, 1);
    wait_sent(p, 21);
    assert_int_equal(publisher_progress(p).sequence, 1);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 21, 21);
    stand_close(&s);
}

enum { FORGETS_MS = 500 };

/* The stream has kept more than is marked, and has forgotten its ids since. */
static void what_was_kept_long_ago_is_not_sent_again(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    s.f.remembers_ms = FORGETS_MS;
    p = start(&s.f);
    append(&s.f, 50);
    wait_sent(p, 50);
    mark(&s.f, p);
    append(&s.f, 600);
    wait_sent(p, 650);
    publisher_stop(p, LONG_MS);
    js_Publish(NULL, s.trail.js, "twofold.audit.v1.other.a.b", "x", 1, NULL, NULL);
    usleep(3 * FORGETS_MS * 1000);
    append(&s.f, 10);
    p = start(&s.f);
    wait_sent(p, 660);
    assert_int_equal(publisher_progress(p).sequence, 661);
    publisher_stop(p, LONG_MS);
    trail_wait(&s.trail, 661);
    stand_close(&s);
}

static void what_was_lost_long_ago_is_sent_again_and_nothing_else(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    s.f.remembers_ms = FORGETS_MS;
    p = start(&s.f);
    append(&s.f, 300);
    wait_sent(p, 300);
    nats_server_kill9(&s.f.server);
    remember_stream(&s);
    nats_server_restart(&s.f.server, NULL);
    append(&s.f, 200);
    wait_sent(p, 500);
    nats_server_kill9(&s.f.server);
    restore_stream(&s);
    usleep(3 * FORGETS_MS * 1000);
    nats_server_restart(&s.f.server, NULL);
    append(&s.f, 10);
    wait_sent(p, 510);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 510);
    stand_close(&s);
}

/* What is reported never goes back, whatever the stream forgets. */
static void progress_never_goes_back(void **state)
{
    struct stand s;
    struct publisher *p;
    uint64_t last = 0;

    (void)state;
    stand_open(&s);
    append(&s.f, 2000);
    p = start(&s.f);
    wait_sent(p, 2000);
    mark(&s.f, p);
    last = 2000;
    assert_int_equal(js_DeleteStream(s.trail.js, STREAM, NULL, NULL), NATS_OK);
    append(&s.f, 1);
    for (int i = 0; i < LONG_MS && last < 2001; i++) {
        uint64_t now = publisher_progress(p).position;

        assert_true(now >= last);
        last = now;
        usleep(1000);
    }
    assert_int_equal(last, 2001);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 2001);
    stand_close(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_of_an_outage_go_out_after_it),
    cmocka_unit_test(what_dies_with_the_server_is_sent_again),
    cmocka_unit_test(a_server_that_was_stopped_goes_on_where_it_was),
    cmocka_unit_test(stopping_while_the_server_is_stopped_ends_in_time),
    cmocka_unit_test(a_bus_that_comes_after_the_start_gets_everything),
    cmocka_unit_test(stopping_without_a_bus_ends_and_keeps_the_outbox),
    cmocka_unit_test(what_the_bus_refuses_is_not_sent),
    cmocka_unit_test(a_stream_made_anew_gets_the_whole_tail),
    cmocka_unit_test(what_a_bus_forgets_is_sent_again_when_it_is_back),
    cmocka_unit_test(what_a_bus_forgot_is_sent_again_by_the_next_process),
    cmocka_unit_test(what_the_tail_has_not_is_not_looked_for_for_ever),
    cmocka_unit_test(what_was_kept_long_ago_is_not_sent_again),
    cmocka_unit_test(what_was_lost_long_ago_is_sent_again_and_nothing_else),
    cmocka_unit_test(progress_never_goes_back),
};

RUN(tests)
