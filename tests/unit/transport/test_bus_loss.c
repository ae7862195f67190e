#include "bus_fixture.h"

enum { QUEUE_MAX = 64 };

static void wait_connected(struct bus *bus, bool wanted)
{
    for (int tries = 0; tries < 1000 && bus_connected(bus) != wanted; tries++)
        usleep(10 * 1000);
    assert_int_equal(bus_connected(bus), wanted);
}

static void serving_goes_on_after_the_bus_was_killed(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);
    struct bus_request r;

    (void)state;
    serve(f.bus, "twofold.v1.>");
    nats_server_kill9(&f.server);
    wait_connected(f.bus, false);
    assert_false(bus_is_closed(f.bus));
    nats_server_restart(&f.server, NULL);
    wait_connected(f.bus, true);
    err_drop(bus_flush(f.bus, LONG_MS)); /* the subscription was sent again before */
    assert_int_equal(natsConnection_FlushTimeout(f.client, LONG_MS), NATS_OK);
    assert_int_equal(natsConnection_PublishString(f.client, "twofold.v1.acme.a.b", "x"), NATS_OK);
    assert_int_equal(bus_wait(f.bus, LONG_MS, &r, 1), 1);
    bus_release(r.message);
    fixture_close(&f);
}

/* A stream of the server keeps the replies, so that it does not matter who is back first. */
static void replies_of_the_outage_arrive_after_it(void **state)
{
    struct bus_fixture f = fixture_open(NATS_SERVER_JETSTREAM, QUEUE_MAX);
    const char *subjects[] = {"_INBOX.>"};
    jsStreamConfig config;
    jsStreamInfo *info = NULL;
    jsCtx *js = NULL;
    uint64_t kept = 0;

    (void)state;
    jsStreamConfig_Init(&config);
    config.Name = "REPLIES";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.NoAck = true;
    assert_int_equal(natsConnection_JetStream(&js, f.client, NULL), NATS_OK);
    assert_int_equal(js_AddStream(NULL, js, &config, NULL, NULL), NATS_OK);
    nats_server_kill9(&f.server);
    wait_connected(f.bus, false);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bus_publish(f.bus, "_INBOX.kept", NULL, 0, bytes_of_text("reply")),
                         ERR_OK);
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_UNAVAILABLE);
    nats_server_restart(&f.server, NULL);
    wait_connected(f.bus, true);
    for (int tries = 0; tries < 100 && kept < 3; tries++) {
        if (js_GetStreamInfo(&info, js, "REPLIES", NULL, NULL) == NATS_OK)
            kept = info->State.Msgs;
        jsStreamInfo_Destroy(info);
        info = NULL;
        usleep(50 * 1000);
    }
    assert_true(kept >= 3);
    jsCtx_Destroy(js);
    fixture_close(&f);
}

/* What was written to the connection that died is lost, and nobody else can know. */
static void a_flush_after_a_reconnect_admits_the_loss(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);

    (void)state;
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_OK);
    assert_int_equal(bus_publish(f.bus, "_INBOX.lost", NULL, 0, bytes_of_text("x")), ERR_OK);
    usleep(100 * 1000); /* until the library has written it */
    nats_server_kill9(&f.server);
    nats_server_restart(&f.server, NULL);
    for (int tries = 0; tries < 1000 && !bus_connected(f.bus); tries++)
        usleep(10 * 1000);
    wait_connected(f.bus, true);
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_UNAVAILABLE);
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_OK);
    fixture_close(&f);
}

static void the_buffer_of_an_outage_has_an_end(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);
    static const uint8_t kilobyte[1024];
    enum err err = ERR_OK;
    int published = 0;

    (void)state;
    nats_server_kill9(&f.server);
    wait_connected(f.bus, false);
    for (; published < 4096 && err == ERR_OK; published++)
        err = bus_publish(f.bus, "_INBOX.x", NULL, 0,
                          (struct bytes){.p = kilobyte, .n = sizeof kilobyte});
    assert_int_equal(err, ERR_UNAVAILABLE);
    assert_true(published > 512);
    fixture_close(&f);
}

/* A login that is taken away while the service runs: the library gives up, and that must be seen,
 * by a waiting thread as well. */
static void a_login_that_was_taken_away_closes_for_good(void **state)
{
    struct nats_server s =
        nats_server_start("authorization { users = [{user: twofold, password: p}] }\n");
    struct bus_request r;
    struct bus *bus;
    char url[128];

    (void)state;
    snprintf(url, sizeof url, "nats://twofold:p@127.0.0.1:%d", s.port);
    bus = open_bus(url, QUEUE_MAX);
    nats_server_kill9(&s);
    nats_server_restart(&s, "authorization { users = [{user: twofold, password: other}] }\n");
    assert_int_equal(bus_wait(bus, 600 * 1000, &r, 1), 0); /* or the test times out */
    assert_true(bus_is_closed(bus));
    bus_close(bus);
    nats_server_stop(&s);
}

static void closing_during_an_outage_ends(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);

    (void)state;
    serve(f.bus, "twofold.v1.>");
    nats_server_kill9(&f.server);
    wait_connected(f.bus, false);
    bus_drain(f.bus, 200);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(serving_goes_on_after_the_bus_was_killed),
    cmocka_unit_test(replies_of_the_outage_arrive_after_it),
    cmocka_unit_test(a_flush_after_a_reconnect_admits_the_loss),
    cmocka_unit_test(the_buffer_of_an_outage_has_an_end),
    cmocka_unit_test(a_login_that_was_taken_away_closes_for_good),
    cmocka_unit_test(closing_during_an_outage_ends),
};

RUN(tests)
