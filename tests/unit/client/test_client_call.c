/* One call at a time: what arrives at the service, and what the caller is told. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"

#include <stdlib.h>
#include <twofold/client.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

enum behaviour { YES, REFUSE, JUNK, HEADERS_ONLY, SILENT, TWICE };

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct twofold_client *client;
    enum behaviour behaviour;
    int requests;
    char request_id[80], traceparent[80], subject[128], username[80];
};

static Twofold__V1__Error__Violation violation = {
    PROTOBUF_C_MESSAGE_INIT(&twofold__v1__error__violation__descriptor), "code", "6 digits"};
static Twofold__V1__Error__Violation *violations[] = {&violation};

static void refuse(struct peer_answer *answer)
{
    static Twofold__V1__Error error = TWOFOLD__V1__ERROR__INIT;

    error.reason = TWOFOLD__V1__ERROR__REASON__LOCKED;
    error.message = "Too many failures; wait before the next try.";
    error.retry_after_seconds = 30;
    error.n_violations = 1;
    error.violations = violations;
    answer->code = "429";
    answer->text = "LOCKED";
    answer->reply = &error.base;
}

static void note(struct bench *bench, const struct peer_request *request)
{
    Twofold__V1__VerifyRequest *asked =
        twofold__v1__verify_request__unpack(NULL, request->n, request->data);

    bench->requests++;
    snprintf(bench->username, sizeof bench->username, "%s", asked ? asked->username : "?");
    if (asked)
        twofold__v1__verify_request__free_unpacked(asked, NULL);
    snprintf(bench->subject, sizeof bench->subject, "%s", request->subject);
    snprintf(bench->request_id, sizeof bench->request_id, "%s",
             request->request_id ? request->request_id : "-");
    snprintf(bench->traceparent, sizeof bench->traceparent, "%s",
             request->traceparent ? request->traceparent : "-");
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    struct bench *bench = ctx;

    note(bench, request);
    reply.recovery_codes_left = 7;
    reply.verified_at = 1795321310;
    answer->reply = &reply.base;
    answer->copies = bench->behaviour == TWICE;
    switch (bench->behaviour) {
    case YES:
    case TWICE:
        break;
    case REFUSE:
        refuse(answer);
        break;
    case JUNK:
        answer->reply = NULL;
        answer->raw = "\xff\xff\xff\xff";
        answer->n = 4;
        break;
    case HEADERS_ONLY:
        answer->reply = NULL;
        answer->text = "EXHAUSTED";
        break;
    case SILENT:
        answer->silent = true;
        break;
    }
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct twofold_client_options options = {.org = "acme"};
    struct twofold_error error;

    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "twofold.v1.acme.verification.*", answer, bench);
    options.url = bench->server.url;
    assert_int_equal(twofold_client_connect(&options, &bench->client, &error), TWOFOLD_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    twofold_client_close(bench->client);
    peer_stop(bench->peer);
    nats_server_stop(&bench->server);
    free(bench);
    return 0;
}

static Twofold__V1__VerifyRequest request_of(char *username)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;

    request.username = username;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = "123456";
    return request;
}

static enum twofold_status verify(struct bench *bench, struct twofold_call *call,
                                  ProtobufCMessage **ret_reply, struct twofold_error *error)
{
    char alice[] = "alice";
    Twofold__V1__VerifyRequest request = request_of(alice);
    enum twofold_status status;

    call->service = &twofold__v1__verification__descriptor;
    call->method = "Verify";
    call->request = &request.base;
    memset(error, 0x5a, sizeof *error);
    status = twofold_client_call(bench->client, call, ret_reply, error);
    assert_int_equal(status, error->status);
    return status;
}

static void a_yes_carries_the_reply(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "my id 1", .traceparent = "00-ab-cd-01"};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_OK);
    assert_int_equal(((Twofold__V1__VerifyReply *)reply)->recovery_codes_left, 7);
    assert_int_equal(((Twofold__V1__VerifyReply *)reply)->verified_at, 1795321310);
    twofold_reply_free(reply);
    assert_string_equal(error.message, "");
    assert_string_equal(bench->subject, "twofold.v1.acme.verification.verify");
    assert_string_equal(bench->username, "alice");
    assert_string_equal(bench->request_id, "my id 1");
    assert_string_equal(bench->traceparent, "00-ab-cd-01");
    assert_int_equal(bench->requests, 1);
}

static void headers_that_were_not_given_are_not_sent(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {0};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_OK);
    twofold_reply_free(reply);
    assert_string_equal(bench->request_id, "-");
    assert_string_equal(bench->traceparent, "-");
}

static void a_refusal_is_typed(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {0};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    bench->behaviour = REFUSE;
    assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_REFUSED);
    assert_null(reply);
    assert_int_equal(error.reason, TWOFOLD__V1__ERROR__REASON__LOCKED);
    assert_int_equal(error.code, 429);
    assert_int_equal(error.retry_after_seconds, 30);
    assert_int_equal(error.n_violations, 1);
    assert_string_equal(error.violations[0].field, "code");
}

/* The success's type would decode from a refusal, or from nothing at all: headers decide. */
static void an_error_header_alone_is_no_success(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {0};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    bench->behaviour = HEADERS_ONLY;
    assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_REFUSED);
    assert_null(reply);
    assert_string_equal(error.message, "EXHAUSTED");
}

static void an_answer_that_cannot_be_read_is_no_success(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {0};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    bench->behaviour = JUNK;
    assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_PROTOCOL);
    assert_null(reply);
}

static void silence_ends_at_the_timeout(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.timeout_ms = 50};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    bench->behaviour = SILENT;
    assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_TIMEOUT);
    assert_int_equal(bench->requests, 1); /* nothing is sent twice */
}

static void a_second_answer_is_dropped(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {0};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    bench->behaviour = TWICE;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(verify(bench, &call, &reply, &error), TWOFOLD_OK);
        twofold_reply_free(reply);
    }
}

static void nobody_there_is_said_at_once(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__CancelRequest request = TWOFOLD__V1__CANCEL_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__enrollment__descriptor,
                                .method = "Cancel",
                                .request = &request.base,
                                .timeout_ms = 600 * 1000};
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    assert_int_equal(twofold_client_call(bench->client, &call, &reply, &error),
                     TWOFOLD_NO_RESPONDERS);
    assert_non_null(strstr(error.message, "twofold.v1.acme.enrollment.cancel"));
}

static void a_wrong_call_is_not_sent(void **state)
{
    struct bench *bench = *state;
    char alice[] = "alice", too_long[66];
    Twofold__V1__VerifyRequest request = request_of(alice);
    const struct twofold_call good = {.service = &twofold__v1__verification__descriptor,
                                      .method = "Verify",
                                      .request = &request.base};
    struct twofold_call bad[8];
    struct twofold_error error;
    ProtobufCMessage *reply = NULL;

    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].service = NULL;
    bad[1].method = "GetStatus"; /* another input type */
    bad[2].request = NULL;
    bad[3].request_id = "";
    bad[4].request_id = "x\r\nTwofold-Request-Id: y";
    bad[5].request_id = too_long;
    bad[6].traceparent = "\xc3\xa4";
    bad[7].timeout_ms = -1;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(twofold_client_call(bench->client, &bad[i], &reply, &error),
                         TWOFOLD_USAGE);
    assert_null(reply);
    assert_int_equal(bench->requests, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_yes_carries_the_reply, set_up, tear_down),
    cmocka_unit_test_setup_teardown(headers_that_were_not_given_are_not_sent, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_refusal_is_typed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_error_header_alone_is_no_success, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_answer_that_cannot_be_read_is_no_success, set_up, tear_down),
    cmocka_unit_test_setup_teardown(silence_ends_at_the_timeout, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_second_answer_is_dropped, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nobody_there_is_said_at_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_wrong_call_is_not_sent, set_up, tear_down),
};

RUN(tests)
