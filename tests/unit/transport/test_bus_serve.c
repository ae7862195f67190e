#include "bus_desk.h"

static const char subjects[] = "twofold.v1.>";

static void publish_requests(natsConnection *client, const char *reply, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char number[16];

        snprintf(number, sizeof number, "%zu", i);
        assert_int_equal(
            natsConnection_PublishRequestString(client, "twofold.v1.acme.a.b", reply, number),
            NATS_OK);
    }
    assert_int_equal(natsConnection_FlushTimeout(client, LONG_MS), NATS_OK);
}

static void a_request_gets_its_reply(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {.echoes = true};
    natsMsg *reply = NULL;

    (void)state;
    serve(&desk, f.bus, subjects);
    assert_int_equal(
        natsConnection_RequestString(&reply, f.client, "twofold.v1.acme.a.b", "hello", LONG_MS),
        NATS_OK);
    assert_string_equal(natsMsg_GetData(reply), "hello");
    natsMsg_Destroy(reply);
    fixture_close(&f);
}

static void a_request_is_seen_as_it_was_sent(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {0};
    const struct letter *l = &desk.kept[0];

    (void)state;
    serve(&desk, f.bus, subjects);
    natsConnection_Publish(f.client, "twofold.v1.acme.a.b", "a\0b", 3);
    wait_for(&desk, 1);
    assert_string_equal(l->subject, "twofold.v1.acme.a.b");
    assert_string_equal(l->reply, "");
    assert_string_equal(l->request_id, "");
    assert_string_equal(l->traceparent, "");
    assert_string_equal(l->request_info, "");
    assert_int_equal(l->n_payload, 3);
    assert_memory_equal(l->payload, "a\0b", 3);
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
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {0};

    (void)state;
    serve(&desk, f.bus, subjects);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct letter *l = &desk.kept[i];
        natsMsg *m = NULL;

        natsMsg_Create(&m, "twofold.v1.acme.a.b", "_INBOX.x", "", 0);
        natsMsgHeader_Add(m, rows[i].name, rows[i].values[0]);
        if (rows[i].values[1])
            natsMsgHeader_Add(m, rows[i].name, rows[i].values[1]);
        natsConnection_PublishMsg(f.client, m);
        natsMsg_Destroy(m);
        wait_for(&desk, i + 1);
        assert_string_equal(l->request_id, rows[i].id);
        assert_string_equal(l->traceparent, rows[i].trace);
        assert_string_equal(l->request_info, rows[i].info);
    }
    fixture_close(&f);
}

static natsSubscription *watch(natsConnection *client, const char *subject)
{
    natsSubscription *s = NULL;

    assert_int_equal(natsConnection_SubscribeSync(&s, client, subject), NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(client, LONG_MS), NATS_OK);
    return s;
}

static void close_desk(struct desk *d)
{
    atomic_store(&d->room, 0);
}

/* Of the requests on their way, those before the client's flush have been read. */
static void wait_read(const struct bus_fixture *f)
{
    assert_int_equal(natsConnection_FlushTimeout(f->client, LONG_MS), NATS_OK);
    assert_int_equal(bus_flush(f->bus, LONG_MS), ERR_OK);
}

static void what_is_not_admitted_waits_and_keeps_its_order(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {0};

    (void)state;
    serve(&desk, f.bus, subjects);
    atomic_store(&desk.room, 2);
    publish_requests(f.client, "_INBOX.x", 10);
    wait_for(&desk, 2);
    wait_read(&f);
    assert_int_equal(atomic_load(&desk.came), 2);
    atomic_store(&desk.room, 3);
    bus_wake(f.bus);
    wait_for(&desk, 5);
    atomic_store(&desk.room, 100);
    publish_requests(f.client, "_INBOX.y", 1);
    wait_for(&desk, 11);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(desk.kept[i].payload[0], '0' + i);
    assert_string_equal(desk.kept[10].reply, "_INBOX.y");
    fixture_close(&f);
}

static void what_exceeds_the_queue_is_refused_at_once(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {.service.queue_max = 2};
    natsSubscription *inbox = watch(f.client, "_INBOX.x"), *victim = watch(f.client, "victim");
    natsMsg *m = NULL;
    const char *value = NULL;

    (void)state;
    serve(&desk, f.bus, subjects);
    close_desk(&desk);
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
    atomic_store(&desk.room, 100);
    bus_wake(f.bus);
    wait_for(&desk, 2);
    wait_read(&f);
    assert_int_equal(atomic_load(&desk.came), 2);
    natsSubscription_Destroy(inbox);
    natsSubscription_Destroy(victim);
    fixture_close(&f);
}

static void a_wake_makes_a_turn(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct desk desk = {0};
    size_t before;

    (void)state;
    serve(&desk, f.bus, subjects);
    for (int round = 0; round < 1000; round++) {
        before = atomic_load(&desk.turns);
        bus_wake(f.bus);
        for (int tries = 0; tries < 20000 && atomic_load(&desk.turns) == before; tries++)
            usleep(50);
        assert_true(atomic_load(&desk.turns) > before);
    }
    fixture_close(&f);
}

enum { MANY = 20000 };

static void *publish_many(void *url)
{
    natsConnection *nc = open_client(url);

    for (int i = 0; i < MANY; i++)
        natsConnection_PublishString(nc, "twofold.v1.acme.a.b", "x");
    natsConnection_FlushTimeout(nc, LONG_MS);
    natsConnection_Destroy(nc);
    return NULL;
}

/* Two members of the group share a flow of requests; one leaves in the middle of it. */
static void draining_loses_nothing(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    struct bus *other = open_bus(f.server.url);
    struct desk leaves = {.service.queue_max = MANY}, stays = {.service.queue_max = MANY};
    pthread_t publisher;
    size_t left;

    (void)state;
    serve(&leaves, f.bus, subjects);
    serve(&stays, other, subjects);
    pthread_create(&publisher, NULL, publish_many, f.server.url);
    wait_for(&leaves, 100);
    bus_drain(f.bus, LONG_MS);
    left = atomic_load(&leaves.came);
    assert_true(bus_connected(f.bus));
    pthread_join(publisher, NULL);
    wait_for(&stays, MANY - left);
    assert_int_equal(bus_flush(f.bus, LONG_MS), ERR_OK);
    assert_int_equal(atomic_load(&leaves.came), left);
    assert_int_equal(atomic_load(&stays.came) + left, MANY);
    bus_close(other);
    fixture_close(&f);
}

/* Of threads that publish, none has to wait for another turn, and nothing gets lost. */
static void *publish_from_beside(void *bus)
{
    for (int i = 0; i < MANY / 4; i++)
        assert_int_equal(bus_publish(bus, "_INBOX.many", NULL, 0, bytes_of_text("x")), ERR_OK);
    return NULL;
}

static void any_thread_may_publish(void **state)
{
    struct bus_fixture f = fixture_open(NULL);
    natsSubscription *inbox = watch(f.client, "_INBOX.many");
    pthread_t threads[4];
    natsMsg *m = NULL;

    (void)state;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, publish_from_beside, f.bus);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(natsSubscription_NextMsg(&m, inbox, LONG_MS), NATS_OK);
        natsMsg_Destroy(m);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    natsSubscription_Destroy(inbox);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_gets_its_reply),
    cmocka_unit_test(a_request_is_seen_as_it_was_sent),
    cmocka_unit_test(headers_count_when_they_occur_once),
    cmocka_unit_test(what_is_not_admitted_waits_and_keeps_its_order),
    cmocka_unit_test(what_exceeds_the_queue_is_refused_at_once),
    cmocka_unit_test(a_wake_makes_a_turn),
    cmocka_unit_test(draining_loses_nothing),
    cmocka_unit_test(any_thread_may_publish),
};

RUN(tests)
