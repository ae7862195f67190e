/* The stubs that protobuf-c generates, over the bus. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"

#include <twofold/client.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    static Twofold__V1__Error error = TWOFOLD__V1__ERROR__INIT;
    const bool *refuses = ctx;

    (void)request;
    reply.recovery_codes_left = 7;
    error.reason = TWOFOLD__V1__ERROR__REASON__LOCKED;
    answer->code = *refuses ? "429" : NULL;
    answer->reply = *refuses ? &error.base : &reply.base;
}

struct closure {
    int calls, left;
};

static void on_verify(const Twofold__V1__VerifyReply *reply, void *arg)
{
    struct closure *closure = arg;

    closure->calls++;
    closure->left = reply ? reply->recovery_codes_left : -1;
}

static void generated_stubs_work(void **state)
{
    bool refuses = false;
    struct nats_server server = nats_server_start(NULL);
    struct peer *peer = peer_start(server.url, "twofold.v1.>", answer, &refuses);
    struct twofold_client_options options = {.url = server.url};
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct closure closure = {0};
    struct twofold_client *client;
    struct twofold_error error;
    ProtobufCService *service;

    (void)state;
    assert_int_equal(twofold_client_connect(&options, &client, &error), TWOFOLD_OK);
    service = twofold_client_service(client, &twofold__v1__verification__descriptor);
    assert_non_null(service);
    twofold__v1__verification__verify(service, &request, on_verify, &closure);
    assert_int_equal(closure.calls, 1);
    assert_int_equal(closure.left, 7);
    assert_int_equal(twofold_service_error(service)->status, TWOFOLD_OK);

    refuses = true;
    twofold__v1__verification__verify(service, &request, on_verify, &closure);
    assert_int_equal(closure.calls, 2);
    assert_int_equal(closure.left, -1);
    assert_int_equal(twofold_service_error(service)->reason, TWOFOLD__V1__ERROR__REASON__LOCKED);
    protobuf_c_service_destroy(service);
    twofold_client_close(client);
    peer_stop(peer);
    nats_server_stop(&server);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(generated_stubs_work),
};

RUN(tests)
