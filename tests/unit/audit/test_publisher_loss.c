#include "publisher_fixture.h"

#include <signal.h>

/* Connects whatever the server does in between. */
static jsCtx *keep_trail(const char *url, natsConnection **ret_nc)
{
    const char *subjects[] = {"twofold.audit.>"};
    natsOptions *o = NULL;
    jsStreamConfig config;
    jsCtx *js = NULL;

    natsOptions_Create(&o);
    natsOptions_SetURL(o, url);
    natsOptions_SetMaxReconnect(o, -1);
    natsOptions_SetReconnectWait(o, 20);
    assert_int_equal(natsConnection_Connect(ret_nc, o), NATS_OK);
    natsOptions_Destroy(o);
    jsStreamConfig_Init(&config);
    config.Name = "TWOFOLD_AUDIT";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    assert_int_equal(natsConnection_JetStream(&js, *ret_nc, NULL), NATS_OK);
    assert_int_equal(js_AddStream(NULL, js, &config, NULL, NULL), NATS_OK);
    return js;
}

static uint64_t kept(jsCtx *js)
{
    jsStreamInfo *info = NULL;
    natsStatus s = NATS_TIMEOUT;
    uint64_t n;

    for (int i = 0; i < 100 && s != NATS_OK; i++) {
        s = js_GetStreamInfo(&info, js, "TWOFOLD_AUDIT", NULL, NULL);
        if (s != NATS_OK)
            usleep(50 * 1000);
    }
    assert_int_equal(s, NATS_OK);
    n = info->State.Msgs;
    jsStreamInfo_Destroy(info);
    return n;
}

/* The stream holds the events 1..N, each once, in order. */
static void expect_trail(jsCtx *js, int n)
{
    for (int i = 0; i < 100 && kept(js) < (uint64_t)n; i++)
        usleep(50 * 1000);
    assert_int_equal(kept(js), n);
    for (int i = 1; i <= n; i++) {
        natsMsg *m = NULL;
        const char *value = NULL;
        char id[16];

        assert_int_equal(js_GetMsg(&m, js, "TWOFOLD_AUDIT", (uint64_t)i, NULL, NULL), NATS_OK);
        snprintf(id, sizeof id, "e-%d", i);
        assert_int_equal(natsMsgHeader_Get(m, "ce-id", &value), NATS_OK);
        assert_string_equal(value, id);
        natsMsg_Destroy(m);
    }
}

static void what_is_sent_twice_is_kept_once(void **state)
{
    struct publisher_fixture f;
    natsConnection *nc = NULL;
    struct publisher *p;
    jsCtx *js;

    (void)state;
    fixture_open(&f, NATS_SERVER_JETSTREAM);
    js = keep_trail(f.url, &nc);
    append(&f, 50);
    p = start(&f);
    wait_sent(p, 50);
    publisher_stop(p, LONG_MS);
    append(&f, 10);
    p = start(&f); /* nothing was trimmed: begins anew */
    wait_sent(p, 60);
    publisher_stop(p, LONG_MS);
    expect_trail(js, 60);
    jsCtx_Destroy(js);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void events_of_an_outage_go_out_after_it(void **state)
{
    struct publisher_fixture f;
    natsConnection *nc = NULL;
    struct publisher *p;
    jsCtx *js;

    (void)state;
    fixture_open(&f, NATS_SERVER_JETSTREAM);
    js = keep_trail(f.url, &nc);
    p = start(&f);
    append(&f, 50);
    wait_sent(p, 50);
    expect_trail(js, 50); /* what the stream has not stored yet would die with the server */
    nats_server_kill9(&f.server);
    append(&f, 100);
    publisher_nudge(p);
    usleep(300 * 1000);
    assert_int_equal(publisher_sent(p), 50);
    nats_server_restart(&f.server, NULL);
    wait_sent(p, 150);
    publisher_stop(p, LONG_MS);
    expect_trail(js, 150);
    jsCtx_Destroy(js);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

/* The server has the connection, but not yet what was sent on it. */
static void what_dies_with_the_server_is_sent_again(void **state)
{
    struct publisher_fixture f;
    natsConnection *nc = NULL;
    struct publisher *p;
    jsCtx *js;

    (void)state;
    fixture_open(&f, NATS_SERVER_JETSTREAM);
    js = keep_trail(f.url, &nc);
    p = start(&f);
    append(&f, 50);
    wait_sent(p, 50);
    kill(f.server.pid, SIGSTOP);
    append(&f, 100);
    publisher_nudge(p);
    usleep(500 * 1000);
    nats_server_kill9(&f.server);
    nats_server_restart(&f.server, NULL);
    wait_sent(p, 150);
    publisher_stop(p, LONG_MS);
    expect_trail(js, 150);
    jsCtx_Destroy(js);
    natsConnection_Destroy(nc);
    fixture_close(&f);
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
    assert_int_equal(publisher_sent(p), 0);
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
    assert_int_equal(publisher_sent(p), 0);
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_sent_twice_is_kept_once),
    cmocka_unit_test(events_of_an_outage_go_out_after_it),
    cmocka_unit_test(what_dies_with_the_server_is_sent_again),
    cmocka_unit_test(a_bus_that_comes_after_the_start_gets_everything),
    cmocka_unit_test(stopping_without_a_bus_ends_and_keeps_the_outbox),
    cmocka_unit_test(what_the_bus_refuses_is_not_sent),
};

RUN(tests)
