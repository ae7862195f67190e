#include "bus_fixture.h"

#include <pthread.h>

enum { QUEUE_MAX = 64 };

static void publish_requests(natsConnection *client, const char *reply, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            natsConnection_PublishRequestString(client, "twofold.v1.acme.a.b", reply, "hello"),
            NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(client, LONG_MS), NATS_OK);
}

static void *echo_one(void *bus)
{
    echo(bus, 1);
    return NULL;
}

static void a_request_gets_its_reply(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);
    natsMsg *reply = NULL;
    pthread_t server;

    (void)state;
    serve(f.bus, "twofold.v1.>");
    pthread_create(&server, NULL, echo_one, f.bus);
    assert_int_equal(
        natsConnection_RequestString(&reply, f.client, "twofold.v1.acme.a.b", "hello", LONG_MS),
        NATS_OK);
    pthread_join(server, NULL);
    assert_string_equal(natsMsg_GetData(reply), "hello");
    natsMsg_Destroy(reply);
    fixture_close(&f);
}

/* The server hands our client its messages before the answer to its ping; the delivering thread may
 * still be a moment behind. */
static size_t wait_for(struct bus *bus, struct bus_request *ret, size_t n)
{
    size_t got = 0;

    for (int tries = 0; got < n && tries < 100; tries++)
        got += bus_wait(bus, 100, ret + got, n - got);
    return got;
}

static void a_request_is_seen_as_it_was_sent(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);
    struct bus_request r;

    (void)state;
    serve(f.bus, "twofold.v1.>");
    natsConnection_Publish(f.client, "twofold.v1.acme.a.b", "a\0b", 3);
    assert_int_equal(wait_for(f.bus, &r, 1), 1);
    assert_string_equal(r.subject, "twofold.v1.acme.a.b");
    assert_string_equal(r.reply, "");
    assert_string_equal(r.request_id, "");
    assert_string_equal(r.traceparent, "");
    assert_string_equal(r.request_info, "");
    assert_true(bytes_equal(r.payload, (struct bytes){(const uint8_t *)"a\0b", 3}));
    bus_release(r.message);
    fixture_close(&f);
}

static void headers_count_when_they_occur_once(void **state)
{
    static const struct {
        const char *name, *values[2], *id, *trace, *info;
    } rows[] = {
        {"Twofold-Request-Id", {"r-1", NULL}, "r-1", "", ""},
        {"Twofold-Request-Id", {"r-1", "r-2"}, "\x01", "", ""},
        {"Twofold-Request-Id", {"r-1", "r-1"}, "\x01", "", ""},
        {"twofold-request-id", {"r-1", NULL}, "", "", ""},
        {"traceparent", {"00-a-b-01", NULL}, "", "00-a-b-01", ""},
        {"traceparent", {"00-a-b-01", "00-c-d-01"}, "", "", ""},
        {"Nats-Request-Info", {"{\"acc\":\"A\"}", NULL}, "", "", "{\"acc\":\"A\"}"},
        {"Nats-Request-Info", {"{\"acc\":\"forged\"}", "{\"acc\":\"A\"}"}, "", "", "\x01"},
    };
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);

    (void)state;
    serve(f.bus, "twofold.v1.>");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bus_request r;
        natsMsg *m = NULL;

        natsMsg_Create(&m, "twofold.v1.acme.a.b", "_INBOX.x", "", 0);
        natsMsgHeader_Add(m, rows[i].name, rows[i].values[0]);
        if (rows[i].values[1])
            natsMsgHeader_Add(m, rows[i].name, rows[i].values[1]);
        natsConnection_PublishMsg(f.client, m);
        natsMsg_Destroy(m);
        assert_int_equal(wait_for(f.bus, &r, 1), 1);
        assert_string_equal(r.request_id, rows[i].id);
        assert_string_equal(r.traceparent, rows[i].trace);
        assert_string_equal(r.request_info, rows[i].info);
        bus_release(r.message);
    }
    fixture_close(&f);
}

static void a_wait_takes_everything_that_is_there(void **state)
{
    struct bus_fixture f = fixture_open(NULL, 1000);
    struct bus_request requests[1000];

    (void)state;
    serve(f.bus, "twofold.v1.>");
    publish_requests(f.client, "_INBOX.x", 700);
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_OK);
    usleep(200 * 1000); /* for the delivering thread */
    assert_int_equal(bus_wait(f.bus, LONG_MS, requests, 600), 600);
    assert_int_equal(bus_wait(f.bus, LONG_MS, requests + 600, 400), 100);
    for (size_t i = 0; i < 700; i++)
        bus_release(requests[i].message);
    fixture_close(&f);
}

static natsSubscription *watch(natsConnection *client, const char *subject)
{
    natsSubscription *s = NULL;

    assert_int_equal(natsConnection_SubscribeSync(&s, client, subject), NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(client, LONG_MS), NATS_OK);
    return s;
}

static void what_exceeds_the_queue_is_refused_at_once(void **state)
{
    struct bus_fixture f = fixture_open(NULL, 2);
    struct bus_request requests[8];
    natsSubscription *inbox = watch(f.client, "_INBOX.x"), *victim = watch(f.client, "victim");
    natsMsg *m = NULL;
    const char *value = NULL;

    (void)state;
    serve(f.bus, "twofold.v1.>");
    publish_requests(f.client, "_INBOX.x", 2);
    publish_requests(f.client, "victim", 1);
    natsMsg_Create(&m, "twofold.v1.acme.a.b", "_INBOX.x", "", 0);
    natsMsgHeader_Add(m, "Twofold-Request-Id", "r-7");
    natsConnection_PublishMsg(f.client, m);
    natsMsg_Destroy(m);
    assert_int_equal(natsSubscription_NextMsg(&m, inbox, LONG_MS), NATS_OK);
    assert_int_equal(natsMsg_GetDataLength(m), 4);
    assert_int_equal(natsMsgHeader_Get(m, "Nats-Service-Error-Code", &value), NATS_OK);
    assert_string_equal(value, "503");
    assert_int_equal(natsMsgHeader_Get(m, "Twofold-Request-Id", &value), NATS_OK);
    assert_string_equal(value, "r-7");
    natsMsg_Destroy(m);
    assert_int_equal(natsSubscription_NextMsg(&m, inbox, 50), NATS_TIMEOUT);
    assert_int_equal(natsSubscription_NextMsg(&m, victim, 50), NATS_TIMEOUT);
    assert_int_equal(wait_for(f.bus, requests, 2), 2);
    bus_release(requests[0].message);
    bus_release(requests[1].message);
    natsSubscription_Destroy(inbox);
    natsSubscription_Destroy(victim);
    fixture_close(&f);
}

static void *wake_later(void *bus)
{
    usleep(50 * 1000);
    bus_wake(bus);
    return NULL;
}

static void a_wait_can_be_woken(void **state)
{
    struct bus_fixture f = fixture_open(NULL, QUEUE_MAX);
    struct bus_request r;
    pthread_t other;

    (void)state;
    pthread_create(&other, NULL, wake_later, f.bus);
    assert_int_equal(bus_wait(f.bus, 60 * 1000, &r, 1), 0);
    pthread_join(other, NULL);
    fixture_close(&f);
}

enum { DRAINED = 20000 };

static void *publish_many(void *url)
{
    natsConnection *nc = open_client(url);

    for (int i = 0; i < DRAINED; i++)
        natsConnection_PublishString(nc, "twofold.v1.acme.a.b", "x");
    natsConnection_FlushTimeout(nc, LONG_MS);
    natsConnection_Destroy(nc);
    return NULL;
}

static size_t take_all(struct bus *bus, int timeout_ms)
{
    struct bus_request requests[64];
    size_t n = bus_wait(bus, timeout_ms, requests, 64);

    for (size_t i = 0; i < n; i++)
        bus_release(requests[i].message);
    return n;
}

static void *drain(void *bus)
{
    bus_drain(bus, LONG_MS);
    return NULL;
}

/* Two members of the group share a flow of requests; one leaves in the middle of it. */
static void draining_loses_nothing(void **state)
{
    struct bus_fixture f = fixture_open(NULL, DRAINED);
    struct bus *stays = open_bus(f.server.url, DRAINED);
    pthread_t publisher, drainer;
    size_t left = 0, stayed = 0, n;

    (void)state;
    serve(f.bus, "twofold.v1.>");
    serve(stays, "twofold.v1.>");
    pthread_create(&publisher, NULL, publish_many, f.server.url);
    while (left < 100)
        left += take_all(f.bus, LONG_MS);
    pthread_create(&drainer, NULL, drain, f.bus);
    pthread_join(drainer, NULL);
    while ((n = take_all(f.bus, 0)) > 0)
        left += n;
    assert_int_equal(bus_connected(f.bus), true);
    pthread_join(publisher, NULL);
    while (left + stayed < DRAINED && (n = take_all(stays, 2000)) > 0)
        stayed += n;
    assert_int_equal(left + stayed, DRAINED);
    assert_int_equal(take_all(f.bus, 0), 0);
    bus_close(stays);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_gets_its_reply),
    cmocka_unit_test(a_request_is_seen_as_it_was_sent),
    cmocka_unit_test(headers_count_when_they_occur_once),
    cmocka_unit_test(a_wait_takes_everything_that_is_there),
    cmocka_unit_test(what_exceeds_the_queue_is_refused_at_once),
    cmocka_unit_test(a_wait_can_be_woken),
    cmocka_unit_test(draining_loses_nothing),
};

RUN(tests)
