#include "support/nats_server.h"
#include "support/runner.h"
#include "support/scratch.h"
#include "unit/client/peer.h"

#include <time.h>
#include <twofold/client.h>
#include <twofold/v1/verification.pb-c.h>

#define SEED "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static enum twofold_status connect_with(const struct twofold_client_options *options,
                                        struct twofold_error *error)
{
    struct twofold_client *client = NULL;
    enum twofold_status status = twofold_client_connect(options, &client, error);

    assert_int_equal(status, error->status);
    assert_int_equal(status == TWOFOLD_OK, client != NULL);
    twofold_client_close(client);
    return status;
}

static void malformed_options_are_usage(void **state)
{
    static const struct twofold_client_options bad[] = {
        {.org = ""},
        {.org = "a.b"},
        {.org = "*"},
        {.inbox_prefix = "_INBOX.>"},
        {.inbox_prefix = "_INBOX_app"},
        {.url = "http://127.0.0.1:4222"},
        {.url = "127.0.0.1:4222"},
        {.url = ""},
        {.timeout_ms = -1},
        {.timeout_ms = 3600 * 1000 + 1},
        {.creds_file = "a", .nkey_file = "b"},
        {.tls_cert_file = "a"},
        {.tls_key_file = "a"},
    };
    struct twofold_error error;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(connect_with(&bad[i], &error), TWOFOLD_USAGE);
        assert_true(error.message[0] != '\0');
    }
}

/* Also where no server is: whoever mistypes a path shall not look for a server's fault. */
static void a_file_that_cannot_be_read_is_usage_and_named(void **state)
{
    static const char *const paths[] = {"/nonexistent/file", "/"};
    struct twofold_client_options bad[] = {
        {.nkey_file = ""},
        {.creds_file = ""},
        {.tls_ca_file = ""},
        {.tls_cert_file = "", .tls_key_file = "/dev/null"},
        {.tls_cert_file = "/dev/null", .tls_key_file = ""},
    };
    struct twofold_error error;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++) {
            const char **fields[] = {&bad[i].nkey_file, &bad[i].creds_file, &bad[i].tls_ca_file,
                                     &bad[i].tls_cert_file, &bad[i].tls_key_file};

            bad[i].url = "nats://127.0.0.1:1";
            for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++)
                if (*fields[f] && strcmp(*fields[f], "/dev/null") != 0)
                    *fields[f] = paths[k];
            assert_int_equal(connect_with(&bad[i], &error), TWOFOLD_USAGE);
            assert_non_null(strstr(error.message, k == 0 ? "/nonexistent/file: No such file"
                                                         : "cannot read the file /: Is a dir"));
        }
}

static void a_credentials_file_holds_credentials(void **state)
{
    static const char *const bad[] = {"", "hello\n", SEED "\n",
                                      "-----BEGIN NATS USER JWT-----\nx\n"};
    struct twofold_client_options options = {.url = "nats://127.0.0.1:1"};
    struct twofold_error error;
    struct scratch scratch;

    (void)state;
    scratch_make(&scratch);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.creds_file = scratch_write(&scratch, "creds", bad[i], 0600);
        assert_int_equal(connect_with(&options, &error), TWOFOLD_USAGE);
        assert_non_null(strstr(error.message, "no credentials"));
    }
    options.creds_file = scratch_write(&scratch, "creds",
                                       "-----BEGIN NATS USER JWT-----\nx\n"
                                       "-----BEGIN USER NKEY SEED-----\n" SEED "\n",
                                       0600);
    assert_int_equal(connect_with(&options, &error), TWOFOLD_DISCONNECTED);
    scratch_remove(&scratch);
}

static void no_server_is_disconnected(void **state)
{
    struct twofold_client_options options = {.url = "nats://127.0.0.1:1", .timeout_ms = 500};
    struct twofold_error error;

    (void)state;
    assert_int_equal(connect_with(&options, &error), TWOFOLD_DISCONNECTED);
}

static void the_inbox_prefix_is_honoured(void **state)
{
    static const char config[] =
        "authorization { users = [ { user: app, password: s, permissions: {"
        " publish: \"twofold.v1.acme.>\", subscribe: \"_INBOX.app.>\" } } ] }\n";
    struct nats_server server = nats_server_start(config);
    struct twofold_client_options options = {.org = "acme"};
    struct twofold_error error;
    char url[96];

    (void)state;
    snprintf(url, sizeof url, "nats://app:s@127.0.0.1:%d", server.port);
    options.url = url;
    assert_int_equal(connect_with(&options, &error), TWOFOLD_DISCONNECTED);
    assert_non_null(strstr(error.message, "ermission"));
    options.inbox_prefix = "_INBOX.app";
    assert_int_equal(connect_with(&options, &error), TWOFOLD_OK);
    nats_server_stop(&server);
}

/* Asks on a connection of its own, where only what is below acme may be published. */
static enum twofold_status ask_limited(const char *org, int64_t timeout_ms,
                                       struct twofold_error *error)
{
    static const char config[] = "authorization { users = [ { user: app, password: s, permissions: "
                                 "{ publish: \"twofold.v1.acme.>\", subscribe: \">\" } } ] }\n";
    struct nats_server server = nats_server_start(config);
    struct twofold_client_options options = {.org = org, .timeout_ms = timeout_ms};
    Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "GetStatus",
                                .request = &request.base};
    struct twofold_client *client;
    ProtobufCMessage *reply = NULL;
    char url[96];

    snprintf(url, sizeof url, "nats://app:s@127.0.0.1:%d", server.port);
    options.url = url;
    assert_int_equal(twofold_client_connect(&options, &client, error), TWOFOLD_OK);
    twofold_client_call(client, &call, &reply, error);
    twofold_client_close(client);
    nats_server_stop(&server);
    return error->status;
}

static void what_the_bus_forbids_ends_at_once(void **state)
{
    struct timespec begun, ended;
    struct twofold_error error;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    assert_int_equal(ask_limited("globex", 100 * 1000, &error), TWOFOLD_TIMEOUT);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - begun.tv_sec < 50);
    assert_string_equal(error.message,
                        "no answer will come; the NATS server says: Permissions Violation for "
                        "Publish to \"twofold.v1.globex.verification.get_status\"");
    assert_int_equal(ask_limited("acme", 100 * 1000, &error), TWOFOLD_NO_RESPONDERS);
}

static void a_wrong_login_is_disconnected(void **state)
{
    struct nats_server server = nats_server_start("authorization { user: app, password: right }\n");
    struct twofold_client_options options = {0};
    struct twofold_error error;
    char url[96];

    (void)state;
    snprintf(url, sizeof url, "nats://app:wrong@127.0.0.1:%d", server.port);
    options.url = url;
    assert_int_equal(connect_with(&options, &error), TWOFOLD_DISCONNECTED);
    assert_null(strstr(error.message, "wrong@"));
    nats_server_stop(&server);
}

static void an_nkey_logs_in(void **state)
{
    struct nats_server server =
        nats_server_start("authorization { users = [ { nkey: " PUBLIC " } ] }\n");
    struct twofold_client_options options = {.url = server.url};
    struct twofold_error error;
    struct scratch scratch;

    (void)state;
    scratch_make(&scratch);
    assert_int_equal(connect_with(&options, &error), TWOFOLD_DISCONNECTED);
    options.nkey_file = scratch_write(&scratch, "seed", SEED "\n", 0600);
    assert_int_equal(connect_with(&options, &error), TWOFOLD_OK);
    scratch_remove(&scratch);
    nats_server_stop(&server);
}

/* Counts the requests about "stale". */
static void answer_status(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static const Twofold__V1__GetStatusReply reply = TWOFOLD__V1__GET_STATUS_REPLY__INIT;
    _Atomic int *stale = ctx;

    *stale += memmem(request->data, request->n, "stale", 5) != NULL;
    answer->reply = &reply.base;
}

static enum twofold_status ask_about(struct twofold_client *client, char *username)
{
    Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "GetStatus",
                                .request = &request.base};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    request.username = username;
    twofold_client_call(client, &call, &reply, &error);
    twofold_reply_free(reply);
    return error.status;
}

/* A client lives through the end of its server and finds the next; what was asked in between is
 * refused at once and never delivered later. */
static void a_lost_server_is_found_again(void **state)
{
    struct nats_server server = nats_server_start(NULL);
    struct twofold_client_options options = {.url = server.url};
    struct twofold_client *client;
    struct twofold_error error;
    struct peer *peer;
    _Atomic int stale = 0;
    bool found = false;

    (void)state;
    assert_int_equal(twofold_client_connect(&options, &client, &error), TWOFOLD_OK);
    nats_server_kill9(&server);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask_about(client, "stale"), TWOFOLD_DISCONNECTED);
    nats_server_restart(&server, NULL);
    peer = peer_start(server.url, "twofold.v1.>", answer_status, &stale);
    for (int i = 0; i < 200 && !found; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
        found = ask_about(client, "fresh") == TWOFOLD_OK;
    }
    assert_true(found);
    assert_int_equal(stale, 0);
    twofold_client_close(client);
    peer_stop(peer);
    nats_server_stop(&server);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(malformed_options_are_usage),
    cmocka_unit_test(a_file_that_cannot_be_read_is_usage_and_named),
    cmocka_unit_test(a_credentials_file_holds_credentials),
    cmocka_unit_test(no_server_is_disconnected),
    cmocka_unit_test(the_inbox_prefix_is_honoured),
    cmocka_unit_test(what_the_bus_forbids_ends_at_once),
    cmocka_unit_test(a_wrong_login_is_disconnected),
    cmocka_unit_test(an_nkey_logs_in),
    cmocka_unit_test(a_lost_server_is_found_again),
};

RUN(tests)
