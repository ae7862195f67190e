#include "stream_fixture.h"

#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_whole_window_is_acknowledged(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    struct stream_info info;

    (void)state;
    create(&f);
    put_run(f.stream, 1, STREAM_WINDOW_MAX);
    for (unsigned n = 1; n <= STREAM_WINDOW_MAX; n++)
        expect_kept(f.stream, n, n, false);
    expect_no_ack(f.stream);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_READY);
    assert_int_equal(info.last_sequence, STREAM_WINDOW_MAX);
    assert_true(info.last_unix_ms / 1000 >= time(NULL) - 60);
    assert_true(info.last_unix_ms / 1000 <= time(NULL));
    stream_fixture_close(&f);
}

static void what_comes_again_is_a_duplicate(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);

    (void)state;
    create(&f);
    put_run(f.stream, 1, 3);
    for (unsigned n = 1; n <= 3; n++)
        expect_kept(f.stream, n, n, false);
    put_run(f.stream, 2, 2);
    expect_kept(f.stream, 2, 2, true);
    stream_fixture_close(&f);
}

static void what_follows_a_missing_message_is_out_of_turn(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);

    (void)state;
    create(&f);
    put_run(f.stream, 1, 2);
    assert_int_equal(put(f.stream, 4, 3), ERR_OK);
    assert_int_equal(put(f.stream, 5, 4), ERR_OK);
    expect_kept(f.stream, 1, 1, false);
    expect_kept(f.stream, 2, 2, false);
    assert_int_equal(next_ack(f.stream).verdict, STREAM_OUT_OF_TURN);
    assert_int_equal(next_ack(f.stream).verdict, STREAM_OUT_OF_TURN);
    stream_fixture_close(&f);
}

/* The server looks for the id before it looks at the expectation; so a run that is sent again over
 * what was stored goes on behind it, also when the server was started anew. */
static void a_run_sent_again_goes_on_behind_what_is_stored(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);

    (void)state;
    create(&f);
    put_run(f.stream, 1, 4);
    for (unsigned n = 1; n <= 4; n++)
        expect_kept(f.stream, n, n, false);
    put_run(f.stream, 2, 6);
    for (unsigned n = 2; n <= 6; n++)
        expect_kept(f.stream, n, n, n <= 4);
    nats_server_kill9(&f.on.server);
    nats_server_restart(&f.on.server, NULL);
    while (put(f.stream, 5, 0) != ERR_OK)
        usleep(10 * 1000);
    assert_int_equal(put(f.stream, 6, 5), ERR_OK);
    assert_int_equal(put(f.stream, 7, 6), ERR_OK);
    expect_kept(f.stream, 5, 5, true);
    expect_kept(f.stream, 6, 6, true);
    expect_kept(f.stream, 7, 7, false);
    stream_fixture_close(&f);
}

static void without_a_stream_nobody_takes_it(void **state)
{
    static const char *const configs[] = {NATS_SERVER_JETSTREAM, NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        struct stream_fixture f = stream_fixture_open(configs[i]);

        put_run(f.stream, 7, 7);
        assert_int_equal(next_ack(f.stream).verdict, STREAM_NOBODY);
        stream_fixture_close(&f);
    }
}

static void another_stream_does_not_count(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    const char *subject = "trail.>";
    jsStreamConfig c = config_of("OTHER", &subject);
    struct stream_ack a;

    (void)state;
    assert_int_equal(js_AddStream(NULL, f.js, &c, NULL, NULL), NATS_OK);
    put_run(f.stream, 1, 1);
    a = next_ack(f.stream);
    assert_int_equal(a.verdict, STREAM_REFUSED);
    assert_string_equal(a.detail, "stream \"OTHER\" takes the events as well");
    stream_fixture_close(&f);
}

static void a_full_stream_refuses_and_says_why(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    const char *subject = "trail.v1.>";
    jsStreamConfig c = config_of("TRAIL", &subject);
    struct stream_ack a;

    (void)state;
    c.MaxMsgs = 2;
    assert_int_equal(js_AddStream(NULL, f.js, &c, NULL, NULL), NATS_OK);
    put_run(f.stream, 1, 4);
    expect_kept(f.stream, 1, 1, false);
    expect_kept(f.stream, 2, 2, false);
    a = next_ack(f.stream);
    assert_int_equal(a.verdict, STREAM_REFUSED);
    assert_string_equal(a.detail, "maximum messages exceeded");
    assert_int_equal(next_ack(f.stream).verdict, STREAM_OUT_OF_TURN);
    stream_fixture_close(&f);
}

static void what_is_no_acknowledgement_keeps_nothing(void **state)
{
    static const char *const rubbish[] = {"",
                                          "{",
                                          "+OK",
                                          "{}",
                                          "{\"seq\":1}",
                                          "[]",
                                          "{\"stream\":\"TRAIL\"}",
                                          "{\"stream\":\"TRAIL\",\"seq\":-1}"};
    struct stream_fixture f = stream_fixture_open(NULL);
    natsSubscription *sub = NULL;
    natsMsg *m = NULL;
    char subject[128];

    (void)state;
    assert_int_equal(natsConnection_SubscribeSync(&sub, f.on.client, "trail.v1.>"), NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(f.on.client, LONG_MS), NATS_OK);
    put_run(f.stream, 12, 12);
    assert_int_equal(natsSubscription_NextMsg(&m, sub, LONG_MS), NATS_OK);
    for (size_t i = 0; i < ARRAY_LEN(rubbish); i++) {
        assert_int_equal(natsConnection_PublishString(f.on.client, natsMsg_GetReply(m), rubbish[i]),
                         NATS_OK);
        natsConnection_FlushTimeout(f.on.client, LONG_MS);
        expect_no_ack(f.stream);
    }
    natsConnection_PublishString(f.on.client, natsMsg_GetReply(m),
                                 "{\"stream\":\"TRAIL\",\"seq\":1,\"error\":{}}");
    assert_int_equal(next_ack(f.stream).verdict, STREAM_REFUSED);
    snprintf(subject, sizeof subject, "%.*sx", (int)(strlen(natsMsg_GetReply(m)) - 2),
             natsMsg_GetReply(m));
    natsConnection_PublishString(f.on.client, subject, "{\"stream\":\"TRAIL\",\"seq\":1}");
    natsConnection_FlushTimeout(f.on.client, LONG_MS);
    expect_no_ack(f.stream);
    natsMsg_Destroy(m);
    natsSubscription_Destroy(sub);
    stream_fixture_close(&f);
}

static void a_message_larger_than_the_bus_takes_can_never_go(void **state)
{
    struct stream_fixture f = stream_fixture_open("max_payload: 1024\n" NATS_SERVER_JETSTREAM);
    static const uint8_t large[1024];

    (void)state;
    assert_int_equal(
        stream_publish(f.stream, &(struct stream_message){.position = 1,
                                                          .subject = "trail.v1.a",
                                                          .body = {large, sizeof large},
                                                          .expect_last_id = "x"}),
        ERR_VALIDATION);
    stream_fixture_close(&f);
}

/* Takes acknowledgements until none has come for a while; how many messages they kept, below MAX.
 */
static unsigned drain_kept(struct stream *s, bool *kept, unsigned max)
{
    struct stream_ack acks[STREAM_WINDOW_MAX];
    unsigned n_kept = 0;
    size_t n;

    while ((n = stream_acks(s, 300, acks, ARRAY_LEN(acks))) > 0)
        for (size_t i = 0; i < n; i++)
            if (acks[i].verdict == STREAM_KEPT && acks[i].position < max &&
                !kept[acks[i].position]) {
                kept[acks[i].position] = true;
                n_kept++;
            }
    return n_kept;
}

static void a_server_that_dies_with_a_window_in_flight_loses_nothing(void **state)
{
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    bool kept[STREAM_WINDOW_MAX + 1] = {false};
    struct stream_info info;
    unsigned n_kept;

    (void)state;
    create(&f);
    nats_server_freeze(&f.on.server);
    put_run(f.stream, 1, STREAM_WINDOW_MAX);
    nats_server_thaw(&f.on.server);
    usleep(2000);
    nats_server_kill9(&f.on.server);
    n_kept = drain_kept(f.stream, kept, ARRAY_LEN(kept));
    assert_int_equal(put(f.stream, 1, 0), ERR_UNAVAILABLE);
    nats_server_restart(&f.on.server, NULL);
    while (put(f.stream, 1, 0) != ERR_OK)
        usleep(10 * 1000);
    for (unsigned n = 2; n <= STREAM_WINDOW_MAX; n++)
        assert_int_equal(put(f.stream, n, n - 1), ERR_OK);
    n_kept += drain_kept(f.stream, kept, ARRAY_LEN(kept));
    assert_int_equal(n_kept, STREAM_WINDOW_MAX);
    assert_int_equal(stream_look(f.stream, LONG_MS, &info), STREAM_READY);
    assert_int_equal(info.last_sequence, STREAM_WINDOW_MAX);
    stream_fixture_close(&f);
}

static void a_server_that_stops_reading_holds_nobody_up(void **state)
{
    static const uint8_t body[256 * 1024];
    struct stream_fixture f = stream_fixture_open(NATS_SERVER_JETSTREAM);
    int64_t began = now_ms();
    enum err err = ERR_OK;

    (void)state;
    create(&f);
    nats_server_freeze(&f.on.server);
    for (unsigned n = 1; n <= 64 && err == ERR_OK; n++)
        err = stream_publish(f.stream, &(struct stream_message){.position = n,
                                                                .subject = "trail.v1.a",
                                                                .body = {body, sizeof body}});
    assert_int_equal(err, ERR_UNAVAILABLE);
    stream_close(STEAL(f.stream));
    bus_close(STEAL(f.on.bus));
    assert_true(now_ms() - began < 30 * 1000);
    nats_server_thaw(&f.on.server);
    stream_fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_whole_window_is_acknowledged),
    cmocka_unit_test(what_comes_again_is_a_duplicate),
    cmocka_unit_test(what_follows_a_missing_message_is_out_of_turn),
    cmocka_unit_test(a_run_sent_again_goes_on_behind_what_is_stored),
    cmocka_unit_test(without_a_stream_nobody_takes_it),
    cmocka_unit_test(another_stream_does_not_count),
    cmocka_unit_test(a_full_stream_refuses_and_says_why),
    cmocka_unit_test(what_is_no_acknowledgement_keeps_nothing),
    cmocka_unit_test(a_message_larger_than_the_bus_takes_can_never_go),
    cmocka_unit_test(a_server_that_dies_with_a_window_in_flight_loses_nothing),
    cmocka_unit_test(a_server_that_stops_reading_holds_nobody_up),
};

RUN(tests)
