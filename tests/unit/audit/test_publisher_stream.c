#include "trail_fixture.h"

#include <pthread.h>

static void events_are_kept_in_order_each_once(void **state)
{
    struct stand s;
    struct publisher *p;
    struct outbox_taken taken;

    (void)state;
    stand_open(&s);
    append(&s.f, 1500);
    p = start(&s.f);
    wait_sent(p, 1500);
    taken = publisher_progress(p);
    assert_true(taken.in_stream);
    assert_int_equal(taken.sequence, 1500);
    assert_int_equal(publisher_stats(p).way, WAY_STREAM);
    assert_int_equal(publisher_stats(p).resent, 0);
    assert_true(s.f.progress >= 1);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 1500);
    stand_close(&s);
}

static void stopping_waits_for_what_is_in_flight(void **state)
{
    struct stand s;

    (void)state;
    stand_open(&s);
    append(&s.f, 1000);
    publisher_stop(start(&s.f), LONG_MS);
    trail_expect(&s.trail, 1, 1000);
    stand_close(&s);
}

static void what_is_marked_is_not_sent_again(void **state)
{
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    append(&s.f, 50);
    p = start(&s.f);
    wait_sent(p, 50);
    mark(&s.f, p);
    publisher_stop(p, LONG_MS);
    nc = observe(s.f.url, &sub);
    p = start(&s.f);
    assert_int_equal(publisher_progress(p).position, 0);
    append(&s.f, 10);
    wait_sent(p, 60);
    publisher_stop(p, LONG_MS);
    for (int i = 51; i <= 60; i++)
        expect_event(sub, i);
    expect_silence(sub, 50);
    trail_expect(&s.trail, 1, 60);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    stand_close(&s);
}

/* The process died before it marked anything: all is sent again, and kept once. */
static void what_is_sent_twice_is_kept_once(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    append(&s.f, 50);
    p = start(&s.f);
    wait_sent(p, 50);
    publisher_stop(p, LONG_MS);
    append(&s.f, 10);
    p = start(&s.f);
    wait_sent(p, 60);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 60);
    stand_close(&s);
}

static void a_large_event_goes_and_one_too_large_is_left_out(void **state)
{
    enum { LARGE = 200 * 1000, TOO_LARGE = 300 * 1000 };
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;
    char *text = malloc(TOO_LARGE + 1), id[32];

    (void)state;
    fixture_open(&f, "max_payload: 262144\n" NATS_SERVER_JETSTREAM);
    f.stream = STREAM;
    trail = trail_open(f.url);
    memset(text, 'x', TOO_LARGE);
    append(&f, 2);
    text[LARGE] = '\0';
    for (int i = 0; i < 8; i++) /* more than the window takes at once */
        append_for(&f, text);
    text[LARGE] = 'x';
    text[TOO_LARGE] = '\0';
    append_for(&f, text);
    append_bytes(&f, bytes_of_text("this is no event"));
    append(&f, 2);
    p = start(&f);
    wait_sent(p, 14);
    assert_int_equal(publisher_progress(p).sequence, 12);
    publisher_stop(p, LONG_MS);
    trail_wait(&trail, 12);
    trail_id(&trail, 10, id);
    assert_string_equal(id, "e-10");
    trail_id(&trail, 11, id);
    assert_string_equal(id, "e-12");
    free(text);
    trail_close(&trail);
    fixture_close(&f);
}

static void a_server_killed_again_and_again_keeps_each_event_once(void **state)
{
    enum { ROUNDS = 8, A_ROUND = 400 };
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    p = start(&s.f);
    for (int i = 0; i < ROUNDS; i++) {
        append(&s.f, A_ROUND);
        publisher_nudge(p);
        usleep((useconds_t)(i * 7) * 1000);
        nats_server_kill9(&s.f.server);
        append(&s.f, 10);
        nats_server_restart(&s.f.server, NULL);
    }
    wait_sent(p, ROUNDS * (A_ROUND + 10));
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, ROUNDS * (A_ROUND + 10));
    stand_close(&s);
}

static void a_stream_that_refuses_in_the_middle_loses_no_order(void **state)
{
    jsStreamConfig c = trail_config(&trail_subjects);
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    c.MaxMsgs = 100;
    assert_int_equal(js_AddStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
    append(&s.f, 600);
    p = start(&s.f);
    wait_sent(p, 100);
    usleep(500 * 1000);
    assert_int_equal(publisher_progress(p).position, 100);
    for (int limit = 130; limit < 600; limit += 150) {
        c.MaxMsgs = limit; /* while it is being tried */
        assert_int_equal(js_UpdateStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
        usleep(200 * 1000);
    }
    c.MaxMsgs = -1;
    assert_int_equal(js_UpdateStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
    wait_sent(p, 600);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 600);
    stand_close(&s);
}

/* It takes what follows, but must not before it takes this. */
static void an_event_that_is_refused_is_not_overtaken(void **state)
{
    jsStreamConfig c = trail_config(&trail_subjects);
    struct stand s;
    struct publisher *p;
    char text[8000];

    (void)state;
    stand_open(&s);
    c.MaxMsgSize = 4096;
    assert_int_equal(js_AddStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    append(&s.f, 20);
    append_for(&s.f, text);
    append(&s.f, 20);
    p = start(&s.f);
    wait_sent(p, 20);
    usleep(1000 * 1000);
    assert_int_equal(trail_kept(&s.trail), 20);
    c.MaxMsgSize = -1;
    assert_int_equal(js_UpdateStream(NULL, s.trail.js, &c, NULL, NULL), NATS_OK);
    wait_sent(p, 41);
    publisher_stop(p, LONG_MS);
    trail_expect(&s.trail, 1, 41);
    stand_close(&s);
}

struct intruder {
    const char *url;
    atomic_bool ends;
};

static void *intrude(void *ctx)
{
    struct intruder *i = ctx;
    struct trail t = trail_open(i->url);

    while (!i->ends) {
        js_Publish(NULL, t.js, "twofold.audit.v1.other.a.b", "x", 1, NULL, NULL);
        usleep(500);
    }
    trail_close(&t);
    return NULL;
}

/* In order among themselves, and at a pace. */
static void another_writer_holds_nobody_up(void **state)
{
    enum { EVENTS = 3000 };
    struct stand s;
    struct publisher *p;
    struct intruder intruder = {0};
    pthread_t thread;
    int next = 1;

    (void)state;
    stand_open(&s);
    trail_make(&s.trail);
    intruder.url = s.f.url;
    assert_int_equal(pthread_create(&thread, NULL, intrude, &intruder), 0);
    while (trail_kept(&s.trail) < 10)
        usleep(1000);
    p = start(&s.f);
    append(&s.f, EVENTS);
    wait_sent(p, EVENTS);
    /* A window comes again to find out what was refused; then the other writer is known, and it
     * comes one by one. */
    assert_in_range(publisher_stats(p).resent, 1, 3 * STREAM_WINDOW_MAX);
    intruder.ends = true;
    pthread_join(thread, NULL);
    publisher_stop(p, LONG_MS);
    for (uint64_t i = 1, n = trail_kept(&s.trail); i <= n; i++) {
        natsMsg *m = NULL;
        const char *id = NULL;
        char expected[16];

        assert_int_equal(js_GetMsg(&m, s.trail.js, STREAM, i, NULL, NULL), NATS_OK);
        snprintf(expected, sizeof expected, "e-%d", next);
        if (natsMsgHeader_Get(m, "ce-id", &id) == NATS_OK) {
            assert_string_equal(id, expected);
            next++;
        }
        natsMsg_Destroy(m);
    }
    assert_int_equal(next, EVENTS + 1);
    stand_close(&s);
}

/* The oldest unsent events are dropped by the serving thread while they are being sent. */
static void events_dropped_under_its_feet_are_no_trouble(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open(&s);
    append(&s.f, 50);
    p = start(&s.f);
    wait_sent(p, 50);
    nats_server_kill9(&s.f.server);
    append(&s.f, 1000);
    trim(&s.f, 700);
    nats_server_restart(&s.f.server, NULL);
    for (int i = 1; i <= 40; i++)
        trim(&s.f, (uint64_t)(700 + 5 * i));
    append(&s.f, 100);
    wait_sent(p, 1150);
    publisher_stop(p, LONG_MS);
    for (uint64_t i = 1, last = 0, n = trail_kept(&s.trail); i <= n; i++) {
        char id[32];
        uint64_t at;

        trail_id(&s.trail, i, id);
        at = strtoull(id + 2, NULL, 10);
        assert_true(at > last && (i <= 50 ? at == i : at > 700));
        assert_true(at == last + 1 || last < 900);
        last = at;
    }
    stand_close(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_are_kept_in_order_each_once),
    cmocka_unit_test(stopping_waits_for_what_is_in_flight),
    cmocka_unit_test(what_is_marked_is_not_sent_again),
    cmocka_unit_test(what_is_sent_twice_is_kept_once),
    cmocka_unit_test(a_large_event_goes_and_one_too_large_is_left_out),
    cmocka_unit_test(a_server_killed_again_and_again_keeps_each_event_once),
    cmocka_unit_test(a_stream_that_refuses_in_the_middle_loses_no_order),
    cmocka_unit_test(an_event_that_is_refused_is_not_overtaken),
    cmocka_unit_test(another_writer_holds_nobody_up),
    cmocka_unit_test(events_dropped_under_its_feet_are_no_trouble),
};

RUN(tests)
