#include "bus_desk.h"

static void serving_goes_on_after_the_bus_was_killed(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {0};

    (void)state;
    serve(&desk, f.bus, "twofold.v1.>");
    for (size_t round = 1; round <= 3; round++) {
        nats_server_kill9(&f.server);
        wait_connected(f.bus, false);
        assert_false(bus_is_closed(f.bus));
        assert_int_equal(bus_publish(f.bus, "_INBOX.x", NULL, 0, bytes_of_text("x")),
                         ERR_UNAVAILABLE);
        nats_server_restart(&f.server, NULL);
        wait_connected(f.bus, true);
        err_drop(bus_flush(f.bus, LONG_MS)); /* the subscription was sent again before */
        assert_int_equal(bus_renewals(f.bus), round);
        assert_int_equal(natsConnection_FlushTimeout(f.client, LONG_MS), NATS_OK);
        assert_int_equal(natsConnection_PublishString(f.client, "twofold.v1.acme.a.b", "x"),
                         NATS_OK);
        wait_for(&desk, round);
    }
    fixture_close(&f);
}

/* A stream of the server keeps them, so that it does not matter who is back first. */
static void messages_of_the_outage_arrive_after_it(void **state)
{
    struct bus_fixture f = publishing_fixture_open(NATS_SERVER_JETSTREAM);
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
static void expect_admission(struct bus_fixture *f)
{
    assert_int_equal(bus_flush(f->bus, LONG_MS), ERR_OK);
    assert_int_equal(bus_publish(f->bus, "_INBOX.lost", NULL, 0, bytes_of_text("x")), ERR_OK);
    usleep(100 * 1000); /* until it is written */
    nats_server_kill9(&f->server);
    wait_connected(f->bus, false);
    nats_server_restart(&f->server, NULL);
    wait_connected(f->bus, true);
    assert_int_equal(bus_flush(f->bus, LONG_MS), ERR_UNAVAILABLE);
    assert_int_equal(bus_flush(f->bus, LONG_MS), ERR_OK);
    fixture_close(f);
}

static void a_flush_after_a_reconnect_admits_the_loss(void **state)
{
    struct bus_fixture serves = fixture_open(NULL), publishes = publishing_fixture_open(NULL);

    (void)state;
    expect_admission(&serves);
    expect_admission(&publishes);
}

static void the_buffer_of_an_outage_has_an_end(void **state)
{
    struct bus_fixture f = publishing_fixture_open(NULL);
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

/* A login that is taken away while the service runs: that must be seen, by whoever is served as
 * well. */
static void expect_the_end(bool serves)
{
    struct nats_server s =
        nats_server_start("authorization { users = [{user: twofold, password: p}] }\n");
    struct desk desk = {0};
    struct bus *bus;
    char url[128];
    size_t turns;

    snprintf(url, sizeof url, "nats://twofold:p@127.0.0.1:%d", s.port);
    bus = serves ? open_bus(url) : open_publishing_bus(url);
    if (serves)
        serve(&desk, bus, "twofold.v1.>");
    nats_server_kill9(&s);
    wait_connected(bus, false);
    turns = atomic_load(&desk.turns);
    nats_server_restart(&s, "authorization { users = [{user: twofold, password: other}] }\n");
    for (int tries = 0; tries < 2000 && !bus_is_closed(bus); tries++)
        usleep(10 * 1000);
    assert_true(bus_is_closed(bus));
    for (int tries = 0; serves && tries < 200 && atomic_load(&desk.turns) == turns; tries++)
        usleep(10 * 1000);
    assert_true(!serves || atomic_load(&desk.turns) > turns);
    bus_close(bus);
    nats_server_stop(&s);
}

static void a_login_that_was_taken_away_closes_for_good(void **state)
{
    (void)state;
    expect_the_end(true);
    expect_the_end(false);
}

static void closing_during_an_outage_ends(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {0};

    (void)state;
    serve(&desk, f.bus, "twofold.v1.>");
    nats_server_kill9(&f.server);
    wait_connected(f.bus, false);
    bus_drain(f.bus, 200);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(serving_goes_on_after_the_bus_was_killed),
    cmocka_unit_test(messages_of_the_outage_arrive_after_it),
    cmocka_unit_test(a_flush_after_a_reconnect_admits_the_loss),
    cmocka_unit_test(the_buffer_of_an_outage_has_an_end),
    cmocka_unit_test(a_login_that_was_taken_away_closes_for_good),
    cmocka_unit_test(closing_during_an_outage_ends),
};

RUN(tests)
