/* What is known of a stream proves wrong: it was made anew, or restored, or holds less than it
 * seems to. */
#include "log_fixture.h"
#include "trail_fixture.h"

enum { FORGETS_MS = 500 };

static void another_writes(const struct stand *s)
{
    assert_int_equal(
        js_Publish(NULL, s->trail.js, "twofold.audit.v1.other.a.b", "x", 1, NULL, NULL), NATS_OK);
}

static void make_anew(const struct stand *s)
{
    assert_int_equal(js_DeleteStream(s->trail.js, STREAM, NULL, NULL), NATS_OK);
    trail_make(&s->trail);
}

/* Message number SEQUENCE and those behind it are the events FROM..TO, in order. */
static void expect_from(const struct stand *s, uint64_t sequence, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char id[32], expected[16];

        trail_id(&s->trail, sequence++, id);
        snprintf(expected, sizeof expected, "e-%d", i);
        assert_string_equal(id, expected);
    }
}

/* Fifty events, another writer, and one event more that found out about it: 52 messages. */
static struct publisher *start_beside_another(struct stand *s)
{
    struct publisher *p = start(&s->f);

    append(&s->f, 50);
    wait_sent(p, 50);
    another_writes(s);
    append(&s->f, 1);
    wait_sent(p, 51);
    return p;
}

/* Events that waited out an outage are old when the stream stores them: times do not find them. */
static void what_waited_long_and_was_then_forgotten_is_sent_again(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    s.f.age_ms = 3600 * 1000;
    append(&s.f, 600);
    p = start(&s.f);
    wait_sent(p, 600);
    nats_server_kill9(&s.f.server);
    remember_stream(&s);
    nats_server_restart(&s.f.server, NULL);
    append(&s.f, 600);
    wait_sent(p, 1200);
    trail_wait(&s.trail, 1200);
    mark(&s.f, p);
    nats_server_kill9(&s.f.server);
    restore_stream(&s);
    nats_server_restart(&s.f.server, NULL);
    s.f.age_ms = 0;
    append(&s.f, 10);
    wait_sent(p, 1210);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 1210);
    stand_close(&s);
}

/* The stream does not take a large event, and would take those behind it. */
static void what_was_refused_is_not_passed_over_later(void **state)
{
    struct stand s;
    struct publisher *p;
    jsStreamConfig c = trail_config(&trail_subjects);
    char large[4000];

    (void)state;
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    stand_open(&s);
    s.f.remembers_ms = FORGETS_MS;
    c.Duplicates = FORGETS_MS * 1000LL * 1000;
    c.MaxMsgSize = 2000;
    assert_int_equal(js_AddStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
    p = start_beside_another(&s);
    append_for(&s.f, large); /* e-52 */
    append(&s.f, 5);
    publisher_nudge(p);
    usleep(500 * 1000); /* for those that would overtake it */
    assert_int_equal(publisher_progress(p).position, 51);
    mark(&s.f, p);
    publisher_stop(p, 1000);
    c.MaxMsgSize = -1;
    assert_int_equal(js_UpdateStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
    usleep(3 * FORGETS_MS * 1000);
    append(&s.f, 1);
    p = start(&s.f);
    wait_sent(p, 58);
    publisher_stop(p, LONG_MS);
    trail_wait(&s.trail, 59);
    expect_from(&s, 1, 1, 50);
    expect_from(&s, 52, 51, 58);
    stand_close(&s);
}

/* The event that finds out is in front of those that the stream has lost: only the stream can tell
 * that it was made anew, and it tells when it stores one. No other is out of its turn. */
static void a_stream_made_anew_shows_where_order_is_not_asked_for(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    s.f.look_again_ms = LONG_MS;
    p = start_beside_another(&s);
    mark(&s.f, p);
    make_anew(&s);
    append(&s.f, 10);
    wait_sent(p, 61);
    publisher_stop(p, LONG_MS);
    trail_wait(&s.trail, 61);
    expect_from(&s, 1, 52, 52);
    expect_from(&s, 2, 1, 51);
    expect_from(&s, 53, 53, 61);
    stand_close(&s);
}

/* Nothing is to be sent, and the connection stays. */
static void a_stream_made_anew_is_seen_without_an_event(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    p = start(&s.f);
    append(&s.f, 50);
    wait_sent(p, 50);
    mark(&s.f, p);
    make_anew(&s);
    trail_expect(&s.trail, 1, 50);
    publisher_stop(p, LONG_MS);
    stand_close(&s);
}

/* Nothing of it is left in the tail: that is said once, and not at every look. */
static void what_nobody_has_any_more_is_mourned_once(void **state)
{
    struct stand s;
    struct publisher *p;
    int before;

    (void)state;
    stand_open(&s);
    before = log_begin(&s.f);
    p = start(&s.f);
    append(&s.f, 20);
    wait_sent(p, 20);
    mark(&s.f, p);
    trim(&s.f, 20);
    make_anew(&s);
    for (int i = 0; i < LONG_MS / 10 && !log_lines(&s.f, "has lost events"); i++)
        usleep(10 * 1000);
    usleep(1000 * 1000); /* three looks */
    assert_int_equal(log_lines(&s.f, "has lost events"), 1);
    log_end(before);
    publisher_stop(p, LONG_MS);
    stand_close(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_waited_long_and_was_then_forgotten_is_sent_again),
    cmocka_unit_test(what_was_refused_is_not_passed_over_later),
    cmocka_unit_test(a_stream_made_anew_shows_where_order_is_not_asked_for),
    cmocka_unit_test(a_stream_made_anew_is_seen_without_an_event),
    cmocka_unit_test(what_nobody_has_any_more_is_mourned_once),
};

RUN(tests)
