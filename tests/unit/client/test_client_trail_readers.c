/* Who may read the trail by which reader, and what a reader must be. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <twofold/trail.h>

enum { WAIT_MS = 20000, TIMEOUT_MS = 10000 };

/* As the shipped layouts have it: the writer and the one who makes readers share the stream's
 * account; a reader of another account may only use what was made. */
static const char accounts[] = NATS_SERVER_JETSTREAM
    "accounts {\n"
    "  T { jetstream: enabled\n"
    "    exports = [\n"
    "      { service: \"$JS.API.CONSUMER.INFO.TWOFOLD_AUDIT.*\" }\n"
    "      { service: \"$JS.API.CONSUMER.MSG.NEXT.TWOFOLD_AUDIT.*\", response_type: stream }\n"
    "      { service: \"$JS.ACK.TWOFOLD_AUDIT.>\", response_type: stream } ]\n"
    "    users = [ { user: all, password: s }\n"
    "      { user: look, password: s, permissions: { subscribe: \"_INBOX.>\", publish: [\n"
    "        \"$JS.API.CONSUMER.CREATE.TWOFOLD_AUDIT.>\" ] } }\n"
    "      { user: none, password: s, permissions: { subscribe: \"_INBOX.>\", publish: "
    "\"x\" } } ] }\n"
    "  R {\n"
    "    imports = [\n"
    "      { service: { account: T, subject: \"$JS.API.CONSUMER.INFO.TWOFOLD_AUDIT.*\" }\n"
    "        to: \"$JS.TWOFOLD.API.CONSUMER.INFO.TWOFOLD_AUDIT.*\" }\n"
    "      { service: { account: T, subject: \"$JS.API.CONSUMER.MSG.NEXT.TWOFOLD_AUDIT.*\" }\n"
    "        to: \"$JS.TWOFOLD.API.CONSUMER.MSG.NEXT.TWOFOLD_AUDIT.*\" }\n"
    "      { service: { account: T, subject: \"$JS.ACK.TWOFOLD_AUDIT.>\" } } ]\n"
    "    users = [ { user: reader, password: s, permissions: {\n"
    "      subscribe: \"_INBOX.reader.>\"\n"
    "      publish: [ \"$JS.TWOFOLD.API.CONSUMER.INFO.TWOFOLD_AUDIT.*\"\n"
    "        \"$JS.TWOFOLD.API.CONSUMER.MSG.NEXT.TWOFOLD_AUDIT.*\"\n"
    "        \"$JS.ACK.TWOFOLD_AUDIT.>\" ] } } ] }\n"
    "}\n";

struct bench {
    struct nats_server server;
    struct stream *stream;
    struct twofold_client *client;
    struct twofold_error error;
};

static struct twofold_client *connect_as(const struct bench *b, const char *user,
                                         const char *inbox_prefix)
{
    struct twofold_client_options options = {
        .org = "acme", .inbox_prefix = inbox_prefix, .timeout_ms = TIMEOUT_MS};
    struct twofold_client *client = NULL;
    struct twofold_error error;
    char url[96];

    snprintf(url, sizeof url, "nats://%s:s@127.0.0.1:%d", user, b->server.port);
    options.url = url;
    if (twofold_client_connect(&options, &client, &error) != TWOFOLD_OK)
        fail_msg("%s", error.message);
    return client;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    char url[96];

    b->server = nats_server_start(accounts);
    snprintf(url, sizeof url, "nats://all:s@127.0.0.1:%d", b->server.port);
    b->stream = stream_make(url);
    b->client = connect_as(b, "all", NULL);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    twofold_client_close(b->client);
    stream_free(b->stream);
    nats_server_stop(&b->server);
    free(b);
    return 0;
}

static void assert_opens(struct bench *b, const struct twofold_trail_options *options,
                         struct twofold_trail **ret_trail)
{
    if (twofold_trail_open(b->client, options, ret_trail, &b->error) != TWOFOLD_OK)
        fail_msg("%s", b->error.message);
}

static void assert_refused(struct bench *b, const struct twofold_trail_options *options,
                           const char *because)
{
    struct twofold_trail *trail = NULL;

    assert_int_equal(twofold_trail_open(b->client, options, &trail, &b->error), TWOFOLD_REFUSED);
    if (!strstr(b->error.message, because))
        fail_msg("%s", b->error.message);
    assert_null(trail);
}

static void make_reader(struct bench *b, const char *name, const char *more)
{
    char tail[128], json[512];

    snprintf(tail, sizeof tail, "CONSUMER.DURABLE.CREATE.TWOFOLD_AUDIT.%s", name);
    snprintf(json, sizeof json,
             "{\"stream_name\":\"TWOFOLD_AUDIT\",\"config\":{\"durable_name\":\"%s\",%s}}", name,
             more);
    stream_api(b->stream, tail, json);
}

/* The role audit-reader, through restarts of the server. */
static void another_account_reads_by_a_reader_made_for_it(void **state)
{
    enum { N = 600 };
    struct bench *b = *state;
    struct twofold_client *reader = connect_as(b, "reader", "_INBOX.reader");
    struct twofold_trail_options options = {
        .durable = "archive", .js_domain = "TWOFOLD", .all_orgs = true};
    struct twofold_trail *trail = NULL;
    struct twofold_trail_message m;
    unsigned i = 0;

    make_reader(b, "archive", "\"ack_policy\":\"all\",\"ack_wait\":2000000000");
    stream_write(b->stream, "acme", "login.failed", N);
    for (unsigned run = 0; run < 3; run++) {
        if (twofold_trail_open(reader, &options, &trail, &b->error) != TWOFOLD_OK)
            fail_msg("%s", b->error.message);
        while (i < 200 * (run + 1)) {
            assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_OK);
            assert_int_equal(m.stream_sequence, ++i);
        }
        assert_int_equal(twofold_trail_ack(trail, &b->error), TWOFOLD_OK);
        twofold_trail_close(trail);
    }
    assert_int_equal(twofold_trail_open(reader, &options, &trail, &b->error), TWOFOLD_OK);
    assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_TIMEOUT);
    twofold_trail_close(trail);
    options.durable = "none";
    assert_int_equal(twofold_trail_open(reader, &options, &trail, &b->error), TWOFOLD_TIMEOUT);
    assert_non_null(strstr(b->error.message, "there is no reader none, and making it fails"));
    assert_non_null(strstr(b->error.message, "Permissions Violation for Publish"));
    twofold_client_close(reader);
}

static void what_the_login_may_not_do_is_named(void **state)
{
    struct bench *b = *state;
    struct twofold_client *none = connect_as(b, "none", NULL), *look = connect_as(b, "look", NULL);
    struct twofold_trail_options durable = {.durable = "archive"};
    struct twofold_trail *trail = NULL;
    struct twofold_trail_message m;
    struct timespec before, after;

    stream_write(b->stream, "acme", "login.failed", 1);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(twofold_trail_open(none, NULL, &trail, &b->error), TWOFOLD_TIMEOUT);
    assert_non_null(strstr(b->error.message, "CONSUMER.CREATE.TWOFOLD_AUDIT"));
    assert_int_equal(twofold_trail_open(none, &durable, &trail, &b->error), TWOFOLD_TIMEOUT);
    assert_non_null(strstr(b->error.message, "CONSUMER.INFO.TWOFOLD_AUDIT.archive"));
    assert_int_equal(twofold_trail_open(look, NULL, &trail, &b->error), TWOFOLD_OK);
    assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_NO_RESPONDERS);
    assert_non_null(strstr(b->error.message, "Permissions Violation"));
    assert_non_null(strstr(b->error.message, "MSG.NEXT"));
    assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_NO_RESPONDERS);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < TIMEOUT_MS / 1000); /* nothing was waited for */
    twofold_trail_close(trail);
    twofold_client_close(none);
    twofold_client_close(look);
}

static void a_reader_made_for_something_else_is_refused(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail = NULL;

    make_reader(b, "single", "\"ack_policy\":\"explicit\"");
    make_reader(b, "pushed", "\"ack_policy\":\"all\",\"deliver_subject\":\"x.y\"");
    make_reader(b, "whole", "\"ack_policy\":\"all\",\"filter_subject\":\"twofold.audit.v1.>\"");
    make_reader(b, "other",
                "\"ack_policy\":\"all\",\"filter_subject\":\"twofold.audit.v1.globex.>\"");
    assert_refused(b, &(struct twofold_trail_options){.durable = "single", .all_orgs = true},
                   "whose ack_policy is all");
    assert_refused(b, &(struct twofold_trail_options){.durable = "pushed", .all_orgs = true},
                   "it must be a pull consumer");
    assert_refused(b, &(struct twofold_trail_options){.durable = "whole"},
                   "is made for all events, not for twofold.audit.v1.acme.>");
    assert_refused(b, &(struct twofold_trail_options){.durable = "other"},
                   "is made for twofold.audit.v1.globex.>, not for twofold.audit.v1.acme.>");
    assert_opens(b, &(struct twofold_trail_options){.durable = "whole", .all_orgs = true}, &trail);
    twofold_trail_close(trail);
}

struct following {
    struct twofold_trail *trail;
    _Atomic bool end;
};

static void *follow(void *arg)
{
    struct following *f = arg;
    struct twofold_trail_message m;
    struct twofold_error error;

    while (!f->end)
        twofold_trail_next(f->trail, 50, &m, &error);
    return NULL;
}

static void two_do_not_read_by_one_reader(void **state)
{
    struct bench *b = *state;
    struct twofold_trail_options options = {.durable = "archive"};
    struct following first = {0};
    struct twofold_trail *second = NULL;
    pthread_t thread;

    assert_opens(b, &options, &first.trail);
    assert_int_equal(pthread_create(&thread, NULL, follow, &first), 0);
    /* It may come just before the first one begins to wait. */
    for (int i = 0; i < 10; i++) {
        if (twofold_trail_open(b->client, &options, &second, &b->error) != TWOFOLD_OK)
            break;
        twofold_trail_close(second);
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
    }
    first.end = true;
    pthread_join(thread, NULL);
    assert_non_null(strstr(b->error.message, "another process reads as archive already"));
    twofold_trail_close(first.trail);
    assert_opens(b, &options, &second);
    twofold_trail_close(second);
}

static void what_is_never_acknowledged_is_not_the_end(void **state)
{
    struct bench *b = *state;
    struct twofold_trail_options options = {.durable = "small", .all_orgs = true};
    struct twofold_trail *trail = NULL;
    struct twofold_trail_message m;

    make_reader(b, "small", "\"ack_policy\":\"all\",\"max_ack_pending\":10");
    stream_write(b->stream, "acme", "login.failed", 15);
    assert_opens(b, &options, &trail);
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_OK);
    assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "10 messages that it did not acknowledge"));
    assert_int_equal(twofold_trail_ack(trail, &b->error), TWOFOLD_OK);
    for (unsigned i = 11; i <= 15; i++) {
        assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_OK);
        assert_int_equal(m.stream_sequence, i);
    }
    assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_TIMEOUT);
    twofold_trail_close(trail);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(another_account_reads_by_a_reader_made_for_it, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(what_the_login_may_not_do_is_named, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_reader_made_for_something_else_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(two_do_not_read_by_one_reader, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_never_acknowledged_is_not_the_end, set_up, tear_down),
};

RUN(tests)
