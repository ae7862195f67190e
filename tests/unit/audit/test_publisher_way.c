#include "log_fixture.h"
#include "trail_fixture.h"

#include <malloc.h>

/* As docker/nats.conf has it: a login of its own, with what PERMISSIONS allow; anyone else may do
 * all. */
#define LOGIN(permissions)                                                                   \
    "authorization { users = [ {user: audit, password: p, permissions: {" permissions "}}, " \
    "{user: any, password: p} ] }\nno_auth_user: any\n"
#define INBOX "subscribe: [\"_INBOX.service-audit.>\"]"
#define PUBLISHES "publish: [\"twofold.audit.v1.>\""

static void open_as_audit(struct publisher_fixture *f, const char *config)
{
    fixture_open(f, config);
    f->stream = STREAM;
    snprintf(f->url, sizeof f->url, "nats://audit:p@127.0.0.1:%d", f->server.port);
}

static void a_missing_stream_is_made_if_the_login_may(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;

    (void)state;
    open_as_audit(&f, NATS_SERVER_JETSTREAM LOGIN(PUBLISHES ", \"$JS.API.STREAM.INFO." STREAM
                                                            "\", \"$JS.API.STREAM.CREATE." STREAM
                                                            "\"], " INBOX));
    trail = trail_open(f.server.url);
    append(&f, 20);
    p = start(&f);
    wait_sent(p, 20);
    publisher_stop(p, LONG_MS);
    trail_expect(&trail, 1, 20);
    trail_close(&trail);
    fixture_close(&f);
}

static void without_leave_to_make_it_events_wait_and_the_command_is_told(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;
    int before;

    (void)state;
    open_as_audit(
        &f, NATS_SERVER_JETSTREAM LOGIN(PUBLISHES ", \"$JS.API.STREAM.INFO." STREAM "\"], " INBOX));
    trail = trail_open(f.server.url);
    before = log_begin(&f);
    append(&f, 20);
    p = start(&f);
    wait_way(p, WAY_HELD);
    usleep(1500 * 1000); /* it looks again and again, and says it once */
    assert_int_equal(publisher_progress(p).position, 0);
    assert_int_equal(log_lines(&f, "nats stream add " STREAM " --subjects 'twofold.audit.v1.>'"),
                     1);
    assert_int_equal(log_lines(&f, "twofoldd audit stream"), 1);
    log_end(before);
    trail_make(&trail);
    wait_sent(p, 20);
    publisher_stop(p, LONG_MS);
    trail_expect(&trail, 1, 20);
    trail_close(&trail);
    fixture_close(&f);
}

static void a_login_that_may_not_look_publishes_and_sees(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;

    (void)state;
    open_as_audit(&f, NATS_SERVER_JETSTREAM LOGIN(PUBLISHES "], " INBOX));
    trail = trail_open(f.server.url);
    trail_make(&trail);
    append(&f, 700);
    p = start(&f);
    wait_sent(p, 700);
    assert_true(publisher_progress(p).in_stream);
    publisher_stop(p, LONG_MS);
    trail_expect(&trail, 1, 700);
    trail_close(&trail);
    fixture_close(&f);
}

/* It cannot know whether the bus has JetStream at all. */
static void a_blind_login_without_a_stream_sends_plain_messages(void **state)
{
    static const bool heard[] = {false, true};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heard); i++) {
        struct publisher_fixture f;
        natsSubscription *sub = NULL;
        natsConnection *nc = NULL;
        struct publisher *p;

        open_as_audit(&f, LOGIN(PUBLISHES "], " INBOX));
        if (heard[i])
            nc = observe(f.server.url, &sub);
        append(&f, 20);
        p = start(&f);
        for (int n = 1; heard[i] && n <= 20; n++)
            expect_event(sub, n); /* each once, also the one that was the question */
        wait_sent(p, 20);
        assert_int_equal(publisher_stats(p).way, WAY_PLAIN);
        assert_false(publisher_progress(p).in_stream);
        publisher_stop(p, LONG_MS);
        natsSubscription_Destroy(sub);
        natsConnection_Destroy(nc);
        fixture_close(&f);
    }
}

static void a_login_without_an_inbox_holds_events_and_is_told(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    int before;

    (void)state;
    open_as_audit(&f, NATS_SERVER_JETSTREAM LOGIN(PUBLISHES "], subscribe: [\"x\"]"));
    before = log_begin(&f);
    append(&f, 2);
    p = start(&f);
    wait_way(p, WAY_HELD);
    assert_true(log_lines(&f, "allow it to subscribe to \\\"_INBOX.service-audit.>\\\"") > 0);
    log_end(before);
    publisher_stop(p, 300);
    fixture_close(&f);
}

/* A subscription that the server has refused stays with the connection, and takes 32 KiB. */
static void a_refused_inbox_is_given_up_before_the_next_is_tried(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    size_t before, after;

    (void)state;
    open_as_audit(&f, NATS_SERVER_JETSTREAM LOGIN(PUBLISHES "], subscribe: [\"x\"]"));
    append(&f, 2);
    p = start(&f);
    wait_way(p, WAY_HELD);
    before = mallinfo2().uordblks; /* zero under ASan */
    usleep(4000 * 1000);           /* it looks again every 300 ms */
    after = mallinfo2().uordblks;
    assert_true(after < before + 200 * 1024);
    publisher_stop(p, 300);
    fixture_close(&f);
}

static void a_foreign_stream_holds_events_until_it_is_right(void **state)
{
    const char *subject = "orders.>";
    jsStreamConfig c = trail_config(&subject);
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;
    int before;

    (void)state;
    fixture_open(&f, NATS_SERVER_JETSTREAM);
    f.stream = STREAM;
    trail = trail_open(f.url);
    assert_int_equal(js_AddStream(NULL, trail.js, &c, NULL, NULL), NATS_OK);
    before = log_begin(&f);
    append(&f, 10);
    p = start(&f);
    wait_way(p, WAY_HELD);
    assert_true(log_lines(&f, "does not take all audit events") > 0);
    log_end(before);
    c.Subjects = &trail_subjects;
    assert_int_equal(js_UpdateStream(NULL, trail.js, &c, NULL, NULL), NATS_OK);
    wait_sent(p, 10);
    publisher_stop(p, LONG_MS);
    trail_expect(&trail, 1, 10);
    trail_close(&trail);
    fixture_close(&f);
}

static void without_jetstream_messages_are_plain_and_that_is_said_once(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;
    int before;

    (void)state;
    fixture_open(&f, NULL);
    f.stream = STREAM;
    nc = observe(f.url, &sub);
    before = log_begin(&f);
    append(&f, 10);
    p = start(&f);
    for (int i = 1; i <= 10; i++)
        expect_event(sub, i);
    usleep(1000 * 1000);
    append(&f, 1);
    expect_event(sub, 11);
    wait_sent(p, 11);
    assert_int_equal(log_lines(&f, "the bus offers no JetStream"), 1);
    assert_int_equal(publisher_stats(p).way, WAY_PLAIN);
    publisher_stop(p, LONG_MS);
    log_end(before);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void a_jetstream_that_comes_later_is_used(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;

    (void)state;
    fixture_open(&f, NULL);
    f.stream = STREAM;
    append(&f, 10);
    p = start(&f);
    wait_sent(p, 10);
    wait_way(p, WAY_PLAIN);
    nats_server_kill9(&f.server);
    append(&f, 5);
    nats_server_restart(&f.server, NATS_SERVER_JETSTREAM);
    trail = trail_open(f.url);
    append(&f, 5);
    wait_sent(p, 20);
    wait_way(p, WAY_STREAM);
    publisher_stop(p, LONG_MS);
    trail_expect(&trail, 11, 20);
    trail_close(&trail);
    fixture_close(&f);
}

/* While the bus stays up: a stream is made by hand where the login could not look for JetStream. */
static void a_stream_that_comes_later_is_used(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    struct trail trail;

    (void)state;
    open_as_audit(&f, NATS_SERVER_JETSTREAM LOGIN(PUBLISHES "], " INBOX));
    trail = trail_open(f.server.url);
    append(&f, 10);
    p = start(&f);
    wait_sent(p, 10);
    wait_way(p, WAY_PLAIN);
    trail_make(&trail);
    for (int i = 0; i < 200 && publisher_stats(p).way != WAY_STREAM; i++) {
        append(&f, 1);
        usleep(50 * 1000);
    }
    wait_sent(p, f.events);
    assert_true(publisher_progress(p).in_stream);
    publisher_stop(p, LONG_MS);
    trail_expect(&trail, 11, f.events); /* plain ones are kept by the stream as well */
    trail_close(&trail);
    fixture_close(&f);
}

/* Also by a process that has not seen the stream itself. */
static void once_in_a_stream_a_jetstream_that_is_gone_is_trouble(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;

    (void)state;
    fixture_open(&f, NATS_SERVER_JETSTREAM);
    f.stream = STREAM;
    append(&f, 10);
    p = start(&f);
    wait_sent(p, 10);
    mark(&f, p);
    nats_server_kill9(&f.server);
    nats_server_restart(&f.server, "\n");
    nc = observe(f.url, &sub);
    append(&f, 10);
    wait_way(p, WAY_HELD);
    publisher_stop(p, 300);
    p = start(&f);
    wait_way(p, WAY_HELD);
    expect_silence(sub, 500);
    nats_server_kill9(&f.server);
    nats_server_restart(&f.server, NATS_SERVER_JETSTREAM);
    wait_sent(p, 20);
    publisher_stop(p, LONG_MS);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void a_login_that_may_not_publish_is_told(void **state)
{
    struct publisher_fixture f;
    struct publisher *p;
    int before;

    (void)state;
    open_as_audit(&f,
                  NATS_SERVER_JETSTREAM LOGIN("publish: [\"$JS.API.STREAM.INFO." STREAM
                                              "\", \"$JS.API.STREAM.CREATE." STREAM "\"], " INBOX));
    before = log_begin(&f);
    append(&f, 2);
    p = start(&f);
    for (int i = 0; i < 500 && log_lines(&f, "allow the login of the audit trail to publish") == 0;
         i++)
        usleep(10 * 1000);
    assert_true(log_lines(&f, "allow the login of the audit trail to publish") > 0);
    assert_int_equal(publisher_progress(p).position, 0);
    publisher_stop(p, 300);
    log_end(before);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_stream_is_made_if_the_login_may),
    cmocka_unit_test(without_leave_to_make_it_events_wait_and_the_command_is_told),
    cmocka_unit_test(a_login_that_may_not_look_publishes_and_sees),
    cmocka_unit_test(a_blind_login_without_a_stream_sends_plain_messages),
    cmocka_unit_test(a_login_without_an_inbox_holds_events_and_is_told),
    cmocka_unit_test(a_refused_inbox_is_given_up_before_the_next_is_tried),
    cmocka_unit_test(a_foreign_stream_holds_events_until_it_is_right),
    cmocka_unit_test(without_jetstream_messages_are_plain_and_that_is_said_once),
    cmocka_unit_test(a_jetstream_that_comes_later_is_used),
    cmocka_unit_test(a_stream_that_comes_later_is_used),
    cmocka_unit_test(once_in_a_stream_a_jetstream_that_is_gone_is_trouble),
    cmocka_unit_test(a_login_that_may_not_publish_is_told),
};

RUN(tests)
