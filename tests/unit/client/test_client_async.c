/* Many calls at once: whatever happens to them, each callback comes exactly once. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"

#include <pthread.h>
#include <stdlib.h>
#include <twofold/client.h>
#include <twofold/v1/verification.pb-c.h>

enum { CALLS = 1000, THREADS = 4 };

struct outcome {
    struct bench *bench;
    _Atomic int callbacks;
    enum twofold_status status;
    int left;
};

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct twofold_client *client;
    _Atomic int received, done; /* requests, callbacks */
    int silent_every;           /* each so manieth request gets no answer; 0: all do */
    struct outcome outcomes[CALLS];
};

/* Gives back the number that the user's name is, so that mixed up answers show. */
static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    struct bench *bench = ctx;
    Twofold__V1__VerifyRequest *asked =
        twofold__v1__verify_request__unpack(NULL, request->n, request->data);
    int n = ++bench->received;

    reply.recovery_codes_left = (int32_t)strtol(asked->username, NULL, 10);
    twofold__v1__verify_request__free_unpacked(asked, NULL);
    answer->reply = &reply.base;
    answer->silent = bench->silent_every > 0 && n % bench->silent_every == 0;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct twofold_client_options options = {0};
    struct twofold_error error;

    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "twofold.v1.>", answer, bench);
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

static void on_reply(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    struct outcome *outcome = ctx;

    outcome->status = error->status;
    outcome->left = reply ? ((const Twofold__V1__VerifyReply *)reply)->recovery_codes_left : -1;
    outcome->callbacks++;
    outcome->bench->done++;
}

static enum twofold_status start(struct bench *bench, int i, int64_t timeout_ms)
{
    char username[16];
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request.base,
                                .timeout_ms = timeout_ms};
    struct twofold_error error;

    snprintf(username, sizeof username, "%d", i);
    request.username = username;
    bench->outcomes[i].bench = bench;
    return twofold_client_call_async(
        bench->client, &call, (struct twofold_callback){on_reply, &bench->outcomes[i]}, &error);
}

/* How many of the first N ended with STATUS; each with one callback and its own answer. */
static int count(struct bench *bench, int n, enum twofold_status status)
{
    int found = 0;

    for (int i = 0; i < n; i++) {
        assert_int_equal(bench->outcomes[i].callbacks, 1);
        if (bench->outcomes[i].status == TWOFOLD_OK)
            assert_int_equal(bench->outcomes[i].left, i);
        found += bench->outcomes[i].status == status;
    }
    return found;
}

static void a_thousand_in_flight_get_their_own_answers(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < CALLS; i++)
        assert_int_equal(start(bench, i, 30000), TWOFOLD_OK);
    assert_true(peer_wait(&bench->done, CALLS));
    assert_int_equal(count(bench, CALLS, TWOFOLD_OK), CALLS);
}

static void unanswered_calls_time_out_among_the_others(void **state)
{
    struct bench *bench = *state;

    bench->silent_every = 10;
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(start(bench, i, 2000), TWOFOLD_OK);
    assert_true(peer_wait(&bench->done, CALLS));
    assert_int_equal(count(bench, CALLS, TWOFOLD_TIMEOUT), CALLS / 10);
}

/* Deadlines of a few milliseconds race with answers; who wins does not matter, both must not. */
static void answers_and_deadlines_race(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < CALLS; i++)
        assert_int_equal(start(bench, i, 1 + i % 5), TWOFOLD_OK);
    assert_true(peer_wait(&bench->done, CALLS));
    assert_int_equal(count(bench, CALLS, TWOFOLD_OK) + count(bench, CALLS, TWOFOLD_TIMEOUT), CALLS);
}

static void close_settles_what_waits(void **state)
{
    struct bench *bench = *state;

    bench->silent_every = 2;
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(start(bench, i, 600 * 1000), TWOFOLD_OK);
    twofold_client_close(bench->client);
    bench->client = NULL;
    assert_int_equal(bench->done, CALLS);
    assert_true(count(bench, CALLS, TWOFOLD_DISCONNECTED) >= CALLS / 2);
}

static void a_lost_server_settles_what_waits(void **state)
{
    struct bench *bench = *state;

    bench->silent_every = 1;
    for (int i = 0; i < 100; i++)
        assert_int_equal(start(bench, i, 600 * 1000), TWOFOLD_OK);
    assert_true(peer_wait(&bench->received, 100));
    nats_server_kill9(&bench->server);
    assert_true(peer_wait(&bench->done, 100));
    assert_int_equal(count(bench, 100, TWOFOLD_DISCONNECTED), 100);
    nats_server_restart(&bench->server, NULL);
}

static void call_inside(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    struct outcome *outcome = ctx;
    Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "GetStatus",
                                .request = &request.base};
    ProtobufCMessage *none = NULL;
    struct twofold_error inner;

    (void)reply;
    (void)error;
    outcome->status = twofold_client_call(outcome->bench->client, &call, &none, &inner);
    outcome->bench->done++;
}

static void a_callback_that_waits_for_a_call_is_told(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "GetStatus",
                                .request = &request.base};
    struct twofold_error error;

    bench->outcomes[0].bench = bench;
    bench->silent_every = 1;
    call.timeout_ms = 20;
    assert_int_equal(twofold_client_call_async(
                         bench->client, &call,
                         (struct twofold_callback){call_inside, &bench->outcomes[0]}, &error),
                     TWOFOLD_OK);
    assert_true(peer_wait(&bench->done, 1));
    assert_int_equal(bench->outcomes[0].status, TWOFOLD_USAGE);
}

struct share {
    struct bench *bench;
    int first;
};

static void *call_synchronously(void *arg)
{
    const struct share *share = arg;

    for (int i = share->first; i < CALLS; i += THREADS) {
        char username[16];
        Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
        struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                    .method = "Verify",
                                    .request = &request.base};
        struct twofold_error error;
        ProtobufCMessage *reply = NULL;

        snprintf(username, sizeof username, "%d", i);
        request.username = username;
        share->bench->outcomes[i].bench = share->bench;
        twofold_client_call(share->bench->client, &call, &reply, &error);
        on_reply(reply, &error, &share->bench->outcomes[i]);
        twofold_reply_free(reply);
    }
    return NULL;
}

static void threads_share_a_client(void **state)
{
    struct bench *bench = *state;
    pthread_t threads[THREADS];
    struct share shares[THREADS];

    for (int i = 0; i < THREADS; i++) {
        shares[i] = (struct share){bench, i};
        assert_int_equal(pthread_create(&threads[i], NULL, call_synchronously, &shares[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count(bench, CALLS, TWOFOLD_OK), CALLS);
}

static void ignore(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    (void)reply;
    (void)error;
    (void)ctx;
}

static void one_call_too_many_is_exhausted(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request.base,
                                .timeout_ms = 60000};
    enum twofold_status status = TWOFOLD_OK;
    struct twofold_error error;
    int n = 0;

    bench->silent_every = 1;
    for (; n < 70000 && status == TWOFOLD_OK; n++)
        status = twofold_client_call_async(bench->client, &call,
                                           (struct twofold_callback){ignore, NULL}, &error);
    assert_int_equal(status, TWOFOLD_EXHAUSTED);
    assert_int_equal(error.status, TWOFOLD_EXHAUSTED);
    assert_int_equal(n, 65536 + 1);
}

/* A callback that tries again must not take the end of the client for a lack of room. */
static void call_again(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    struct bench *bench = ctx;

    (void)reply;
    bench->outcomes[1].status = error->status;
    bench->outcomes[2].status = start(bench, 0, 30000);
    bench->done++;
}

static void a_call_during_close_is_disconnected(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request.base};
    struct twofold_error error;

    bench->silent_every = 1;
    assert_int_equal(twofold_client_call_async(bench->client, &call,
                                               (struct twofold_callback){call_again, bench},
                                               &error),
                     TWOFOLD_OK);
    twofold_client_close(bench->client);
    bench->client = NULL;
    assert_int_equal(bench->done, 1);
    assert_int_equal(bench->outcomes[1].status, TWOFOLD_DISCONNECTED);
    assert_int_equal(bench->outcomes[2].status, TWOFOLD_DISCONNECTED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_thousand_in_flight_get_their_own_answers, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unanswered_calls_time_out_among_the_others, set_up, tear_down),
    cmocka_unit_test_setup_teardown(answers_and_deadlines_race, set_up, tear_down),
    cmocka_unit_test_setup_teardown(close_settles_what_waits, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_lost_server_settles_what_waits, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_callback_that_waits_for_a_call_is_told, set_up, tear_down),
    cmocka_unit_test_setup_teardown(threads_share_a_client, set_up, tear_down),
    cmocka_unit_test_setup_teardown(one_call_too_many_is_exhausted, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_call_during_close_is_disconnected, set_up, tear_down),
};

RUN(tests)
