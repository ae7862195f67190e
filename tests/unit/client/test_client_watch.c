/* The audit trail as it happens, and who is there. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"

#include <stdlib.h>
#include <twofold/client.h>
#include <twofold/v1/audit.pb-c.h>

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct twofold_client *client;
    _Atomic int events, unreadable;
    char last[64];
    int pongs;
};

static void answer_ping(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    (void)request;
    (void)ctx;
    answer->raw = "{\"id\":\"A\"}";
    answer->n = 10;
    answer->copies = 2; /* three instances */
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct twofold_client_options options = {.org = "acme"};
    struct twofold_error error;

    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "$SRV.PING.twofold", answer_ping, bench);
    options.url = bench->server.url;
    assert_int_equal(twofold_client_connect(&options, &bench->client, &error), TWOFOLD_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    twofold_client_close(bench->client);
    if (bench->peer)
        peer_stop(bench->peer);
    nats_server_stop(&bench->server);
    free(bench);
    return 0;
}

static void publish_on(struct bench *bench, const char *subject,
                       const Twofold__V1__AuditEvent *event)
{
    uint8_t packed[256];

    peer_publish(bench->peer, subject, packed, twofold__v1__audit_event__pack(event, packed));
}

static void publish_event(struct bench *bench, char *org, char *type)
{
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;
    char subject[128];

    event.id = "0193-1";
    event.org = org;
    event.type = type;
    snprintf(subject, sizeof subject, "twofold.audit.v1.%s.%s", org, type);
    publish_on(bench, subject, &event);
}

static void on_event(const ProtobufCMessage *message, const struct twofold_error *error, void *ctx)
{
    struct bench *bench = ctx;

    if (!message) {
        bench->unreadable += error->status == TWOFOLD_PROTOCOL;
        return;
    }
    snprintf(bench->last, sizeof bench->last, "%s",
             ((const Twofold__V1__AuditEvent *)message)->type);
    bench->events++;
}

static void events_of_the_organization_arrive(void **state)
{
    struct bench *bench = *state;
    struct twofold_watch *watch;
    struct twofold_error error;

    assert_int_equal(twofold_watch_open(bench->client, NULL,
                                        (struct twofold_callback){on_event, bench}, &watch, &error),
                     TWOFOLD_OK);
    publish_event(bench, "globex", "login.failed");
    publish_event(bench, "acme", "login.succeeded");
    publish_event(bench, "acme", "policy.changed");
    assert_true(peer_wait(&bench->events, 2));
    assert_string_equal(bench->last, "policy.changed");
    peer_publish(bench->peer, "twofold.audit.v1.acme.a.b", "\xff\xff\xff", 3);
    assert_true(peer_wait(&bench->unreadable, 1));
    twofold_watch_close(watch);
    publish_event(bench, "acme", "login.failed");
    assert_int_equal(bench->events, 2);
}

static void what_its_subject_belies_is_no_event(void **state)
{
    static const struct {
        char *id, *org, *type;
    } belied[] = {
        {"", "acme", "login.failed"},           {"0193-1", "", "login.failed"},
        {"0193-1", "globex", "login.failed"},   {"0193-1", "acme", ""},
        {"0193-1", "acme", "login.succeeded"},  {"0193-1", "acme", "failed"},
        {"0193-1", "acme", "login.failed.too"}, {"0193-1", "acme", "verification.failed"},
    };
    enum { N_BELIED = sizeof belied / sizeof *belied };
    struct bench *bench = *state;
    struct twofold_watch *watch;
    struct twofold_error error;

    assert_int_equal(twofold_watch_open(bench->client, NULL,
                                        (struct twofold_callback){on_event, bench}, &watch, &error),
                     TWOFOLD_OK);
    for (int i = 0; i < N_BELIED; i++) {
        Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;

        event.id = belied[i].id;
        event.org = belied[i].org;
        event.type = belied[i].type;
        publish_on(bench, "twofold.audit.v1.acme.login.failed", &event);
    }
    peer_publish(bench->peer, "twofold.audit.v1.acme.login.failed", "", 0);
    publish_event(bench, "acme", "login.failed");
    assert_true(peer_wait(&bench->events, 1));
    assert_int_equal(bench->unreadable, N_BELIED + 1);
    assert_int_equal(bench->events, 1);
    twofold_watch_close(watch);
}

static void a_type_narrows_the_watch(void **state)
{
    struct bench *bench = *state;
    struct twofold_watch *watch;
    struct twofold_error error;

    assert_int_equal(twofold_watch_open(bench->client, "login.failed",
                                        (struct twofold_callback){on_event, bench}, &watch, &error),
                     TWOFOLD_OK);
    publish_event(bench, "acme", "login.succeeded");
    publish_event(bench, "acme", "login.failed");
    assert_true(peer_wait(&bench->events, 1));
    assert_string_equal(bench->last, "login.failed");
    twofold_watch_close(watch);
    watch = NULL;
    assert_int_equal(twofold_watch_open(bench->client, "login.>",
                                        (struct twofold_callback){on_event, bench}, &watch, &error),
                     TWOFOLD_USAGE);
    assert_null(watch);
}

static void a_watch_that_is_not_permitted_says_so(void **state)
{
    static const char config[] =
        "authorization { users = [ { user: app, password: s, permissions: {"
        " publish: \"twofold.v1.acme.>\", subscribe: \"_INBOX.>\" } } ] }\n";
    struct nats_server server = nats_server_start(config);
    struct twofold_client_options options = {.org = "acme"};
    struct twofold_client *client;
    struct twofold_watch *watch = NULL;
    struct twofold_error error;
    char url[96];

    (void)state;
    snprintf(url, sizeof url, "nats://app:s@127.0.0.1:%d", server.port);
    options.url = url;
    assert_int_equal(twofold_client_connect(&options, &client, &error), TWOFOLD_OK);
    assert_int_equal(
        twofold_watch_open(client, NULL, (struct twofold_callback){on_event, NULL}, &watch, &error),
        TWOFOLD_DISCONNECTED);
    assert_null(watch);
    assert_non_null(strstr(error.message, "ermission"));
    twofold_client_close(client);
    nats_server_stop(&server);
}

static void on_pong(const struct twofold_pong *pong, void *ctx)
{
    struct bench *bench = ctx;

    assert_int_equal(pong->n, 10);
    assert_string_equal(pong->json, "{\"id\":\"A\"}");
    assert_true(pong->round_trip_us > 0);
    bench->pongs++;
}

static void every_instance_answers_a_ping(void **state)
{
    struct bench *bench = *state;
    struct twofold_error error;

    assert_int_equal(twofold_client_ping(bench->client, 10000,
                                         (struct twofold_pong_callback){on_pong, bench}, &error),
                     TWOFOLD_OK);
    assert_int_equal(bench->pongs, 3);
}

static void a_ping_with_nobody_there_says_so(void **state)
{
    struct bench *bench = *state;
    struct twofold_error error;

    peer_stop(bench->peer);
    bench->peer = NULL;
    assert_int_equal(twofold_client_ping(bench->client, 10000,
                                         (struct twofold_pong_callback){on_pong, bench}, &error),
                     TWOFOLD_NO_RESPONDERS);
    assert_int_equal(bench->pongs, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(events_of_the_organization_arrive, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_its_subject_belies_is_no_event, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_type_narrows_the_watch, set_up, tear_down),
    cmocka_unit_test(a_watch_that_is_not_permitted_says_so),
    cmocka_unit_test_setup_teardown(every_instance_answers_a_ping, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_ping_with_nobody_there_says_so, set_up, tear_down),
};

RUN(tests)
