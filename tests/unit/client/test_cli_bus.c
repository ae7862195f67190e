/* Commands that listen: ping and audit tail. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <twofold/v1/audit.pb-c.h>

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    pthread_t publisher;
    _Atomic int stop;
};

static void answer_ping(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static const char pong[] = "{\"type\":\"io.nats.micro.v1.ping_response\",\"name\":\"twofold\","
                               "\"id\":\"ID1\",\"version\":\"0.1.0\",\"metadata\":{}}";

    (void)request;
    (void)ctx;
    answer->raw = pong;
    answer->n = sizeof pong - 1;
    answer->copies = 1;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "$SRV.PING.twofold", answer_ping, bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    peer_stop(bench->peer);
    nats_server_stop(&bench->server);
    free(bench);
    return 0;
}

static void publish(struct bench *bench, char *username, char *type)
{
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;
    uint8_t packed[512];
    char subject[128];

    event.id = "0193-1";
    event.org = "default";
    event.time_unix_ms = 1795321310042;
    event.username = username;
    event.type = type;
    event.outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED;
    event.reason = TWOFOLD__V1__AUDIT_EVENT__REASON__WRONG_CODE;
    snprintf(subject, sizeof subject, "twofold.audit.v1.default.%s", type);
    peer_publish(bench->peer, subject, packed, twofold__v1__audit_event__pack(&event, packed));
}

/* The tool is a process of its own: events are repeated until it has heard enough. */
static void *keep_publishing(void *arg)
{
    struct bench *bench = arg;

    for (int i = 0; i < 2000 && !bench->stop; i++) {
        publish(bench, "bob", "login.failed");
        publish(bench, "alice\x1b", "login.failed");
        publish(bench, "alice\x1b", "policy.changed");
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
    }
    return NULL;
}

static void tail(struct bench *bench, const char *args)
{
    bench->stop = 0;
    assert_int_equal(pthread_create(&bench->publisher, NULL, keep_publishing, bench), 0);
    run_cli(bench->server.url, args, NULL, &bench->run);
    bench->stop = 1;
    pthread_join(bench->publisher, NULL);
    assert_int_equal(bench->run.code, 0);
}

static void audit_tail_prints_an_event_a_line(void **state)
{
    static const char line[] = "2026-11-22T04:21:50.042Z login.failed outcome=DENIED username=bob "
                               "reason=WRONG_CODE\n";
    struct bench *bench = *state;

    tail(bench, "audit tail --follow --user bob --count 2");
    assert_int_equal(strncmp(bench->run.out, line, strlen(line)), 0);
    assert_string_equal(bench->run.out + strlen(line), line);
}

static void audit_tail_narrows_to_a_type_and_escapes(void **state)
{
    struct bench *bench = *state;

    tail(bench, "audit tail --follow --type policy --count 1");
    assert_non_null(strstr(bench->run.out, " policy.changed outcome=DENIED username=alice\\x1b "));
}

static void audit_tail_json_is_an_object_a_line(void **state)
{
    struct bench *bench = *state;
    static const char begin[] =
        "{\"specversion\":\"1.0\",\"id\":\"0193-1\",\"source\":\"/twofold/\","
        "\"type\":\"twofold.v1.policy.changed\",\"subject\":\"alice\\u001B\","
        "\"time\":\"2026-11-22T04:21:50.042Z\",\"datacontenttype\":\"application/json\","
        "\"dataschema\":\"proto:twofold.v1.AuditEvent\",\"org\":\"default\",\"protobuf\":"
        "\"CgYwMTkzLT";

    tail(bench, "audit tail --follow --type policy.changed --count 1 --json");
    assert_int_equal(strncmp(bench->run.out, begin, strlen(begin)), 0);
    assert_non_null(strstr(bench->run.out, "\",\"data\":{\"id\":\"0193-1\",\"time_unix_ms\":179"));
    assert_null(strstr(bench->run.out, "streamsequence"));
}

static void ping_lists_the_instances(void **state)
{
    struct bench *bench = *state;

    run_cli(bench->server.url, "ping", NULL, &bench->run);
    assert_int_equal(bench->run.code, 0);
    assert_int_equal(strncmp(bench->run.out, "ID1  0.1.0  ", 12), 0);
    assert_non_null(strstr(bench->run.out, " ms\nID1  0.1.0  "));
    run_cli(bench->server.url, "ping --json", NULL, &bench->run);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "\"id\":\"ID1\""));
    assert_non_null(strstr(bench->run.out, "\"round_trip_us\":"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(audit_tail_prints_an_event_a_line, set_up, tear_down),
    cmocka_unit_test_setup_teardown(audit_tail_narrows_to_a_type_and_escapes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(audit_tail_json_is_an_object_a_line, set_up, tear_down),
    cmocka_unit_test_setup_teardown(ping_lists_the_instances, set_up, tear_down),
};

RUN(tests)
