/* Requests to exchanges and back, with a real bus and a real dispatcher; the test decides when they
 * are decided. */
#include "intake.h"

#include "support/nats_server.h"
#include "support/runner.h"
#include "support/service.h"

#include <nats/nats.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROOM = 4, LIVE_MAX = 10, QUEUE_MAX = 3, LONG_MS = 10 * 1000 };

static const char subject[] = "twofold.v1.default.verification.get_status";

struct desk {
    struct nats_server server;
    struct service service;
    struct bus_service port;
    struct intake intake;
    natsConnection *client;
    natsSubscription *answers;
};

static bool once(void *ctx)
{
    (void)ctx;
    return false;
}

static void desk_open(struct desk *d)
{
    struct diag diag = {0};
    struct intake *i = &d->intake;

    d->server = nats_server_start(NULL);
    service_start(&d->service);
    assert_int_equal(bus_open(&(struct bus_options){.url = d->server.url, .serves = true}, once,
                              NULL, &i->bus, &diag),
                     ERR_OK);
    i->dispatcher = d->service.dispatcher;
    i->in = exchange_ring_new(ROOM);
    i->done = exchange_ring_new(LIVE_MAX);
    i->sent = calloc(INTAKE_SEND_MAX, sizeof(struct exchange *));
    i->live_max = LIVE_MAX;
    pthread_mutex_init(&i->mutex, NULL);
    d->port = (struct bus_service){.admits = intake_admits,
                                   .request = intake_request,
                                   .turn = intake_turn,
                                   .ctx = i,
                                   .queue_max = QUEUE_MAX,
                                   .shed.body = bytes_of_text("shed")};
    assert_int_equal(bus_serve(i->bus, "twofold.v1.>", "twofold", &d->port, &diag), ERR_OK);
    assert_int_equal(natsConnection_ConnectTo(&d->client, d->server.url), NATS_OK);
    assert_int_equal(natsConnection_SubscribeSync(&d->answers, d->client, "_INBOX.x"), NATS_OK);
}

static void desk_close(struct desk *d)
{
    bus_close(d->intake.bus);
    exchange_ring_free(d->intake.in);
    exchange_ring_free(d->intake.done);
    free(d->intake.sent);
    service_stop(&d->service);
    natsSubscription_Destroy(d->answers);
    natsConnection_Destroy(d->client);
    nats_server_stop(&d->server);
}

static size_t live(struct desk *d)
{
    size_t n;

    pthread_mutex_lock(&d->intake.mutex);
    n = d->intake.live;
    pthread_mutex_unlock(&d->intake.mutex);
    return n;
}

/* N requests, all of which have reached the service when it returns. */
static void ask(struct desk *d, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(natsConnection_PublishRequest(d->client, subject, "_INBOX.x",
                                                       "\x0a\x03"
                                                       "ada",
                                                       5),
                         NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(d->client, LONG_MS), NATS_OK);
}

/* Takes N exchanges out, decides them, and gives them back. */
static void decide(struct desk *d, size_t n)
{
    struct exchange *batch[LIVE_MAX];
    size_t got = 0;

    while (got < n) {
        size_t more = exchange_ring_take(d->intake.in, LONG_MS * 1000, batch + got, n - got);

        assert_true(more > 0);
        got += more;
        bus_wake(d->intake.bus);
    }
    assert_int_equal(dispatcher_run(d->service.dispatcher, batch, n), ERR_OK);
    exchange_ring_put(d->intake.done, batch, n);
    bus_wake(d->intake.bus);
}

/* N answers come, each that of the method or SHED. */
static void expect_answers(struct desk *d, int n, bool shed)
{
    natsMsg *m = NULL;

    for (int i = 0; i < n; i++) {
        assert_int_equal(natsSubscription_NextMsg(&m, d->answers, LONG_MS), NATS_OK);
        assert_int_equal(
            natsMsg_GetDataLength(m) == 4 && memcmp(natsMsg_GetData(m), "shed", 4) == 0, shed);
        natsMsg_Destroy(m);
    }
}

static void expect_silence(struct desk *d)
{
    natsMsg *m = NULL;

    assert_int_equal(natsSubscription_NextMsg(&m, d->answers, 100), NATS_TIMEOUT);
}

static void requests_are_decided_and_answered(void **state)
{
    struct desk d = {0};

    (void)state;
    desk_open(&d);
    for (int round = 0; round < 20; round++) {
        ask(&d, 3);
        decide(&d, 3);
        expect_answers(&d, 3, false);
    }
    assert_int_equal(bus_flush(d.intake.bus, LONG_MS), ERR_OK);
    assert_int_equal(live(&d), 0);
    desk_close(&d);
}

/* What finds no room waits, undecoded; beyond that it is shed; nothing is lost. */
static void all_that_waits_is_bounded(void **state)
{
    struct desk d = {0};

    (void)state;
    desk_open(&d);
    ask(&d, ROOM + QUEUE_MAX + 5);
    expect_answers(&d, 5, true);
    assert_int_equal(live(&d), ROOM);
    decide(&d, ROOM + QUEUE_MAX);
    expect_answers(&d, ROOM + QUEUE_MAX, false);
    expect_silence(&d);
    desk_close(&d);
}

/* Also when what is decided does not go out: the room for that is bounded as well. */
static void all_that_lives_is_bounded(void **state)
{
    struct exchange *held[LIVE_MAX];
    struct desk d = {0};
    size_t n = 0;

    (void)state;
    desk_open(&d);
    for (int i = 0; i < LIVE_MAX; i++) {
        ask(&d, 1);
        n += exchange_ring_take(d.intake.in, LONG_MS * 1000, held + n, 1);
    }
    assert_int_equal(n, LIVE_MAX);
    ask(&d, QUEUE_MAX + 2);
    expect_answers(&d, 2, true);
    assert_int_equal(live(&d), LIVE_MAX);
    assert_int_equal(dispatcher_run(d.service.dispatcher, held, n), ERR_OK);
    exchange_ring_put(d.intake.done, held, n);
    bus_wake(d.intake.bus);
    expect_answers(&d, LIVE_MAX, false);
    decide(&d, QUEUE_MAX);
    expect_answers(&d, QUEUE_MAX, false);
    expect_silence(&d);
    desk_close(&d);
}

/* A reply that is done while the bus is away goes out when it is back. */
static void replies_of_an_outage_arrive_after_it(void **state)
{
    struct desk d = {0};

    (void)state;
    desk_open(&d);
    ask(&d, 2);
    for (int tries = 0; tries < 1000 && live(&d) < 2; tries++)
        usleep(10 * 1000);
    nats_server_kill9(&d.server);
    for (int tries = 0; tries < 1000 && bus_connected(d.intake.bus); tries++)
        usleep(10 * 1000);
    decide(&d, 2);
    usleep(100 * 1000); /* for the turn that must not send them */
    assert_int_equal(live(&d), 2);
    nats_server_restart(&d.server, NULL);
    for (int tries = 0; tries < 1000 && live(&d) > 0; tries++)
        usleep(10 * 1000);
    assert_int_equal(live(&d), 0);
    assert_true(bus_connected(d.intake.bus));
    desk_close(&d);
}

static void an_exchange_without_an_inbox_is_none(void **state)
{
    struct desk d = {0};

    (void)state;
    desk_open(&d);
    assert_int_equal(natsConnection_PublishRequest(d.client, subject, "victim", "", 0), NATS_OK);
    assert_int_equal(natsConnection_Publish(d.client, subject, "", 0), NATS_OK);
    ask(&d, 1);
    decide(&d, 1);
    expect_answers(&d, 1, false);
    assert_int_equal(exchange_ring_room(d.intake.in), ROOM);
    desk_close(&d);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_are_decided_and_answered),
    cmocka_unit_test(all_that_waits_is_bounded),
    cmocka_unit_test(all_that_lives_is_bounded),
    cmocka_unit_test(replies_of_an_outage_arrive_after_it),
    cmocka_unit_test(an_exchange_without_an_inbox_is_none),
};

RUN(tests)
