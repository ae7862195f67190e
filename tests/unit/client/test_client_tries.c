/* try_ms: what has no answer is sent again under its id, and never after an answer. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <twofold/client.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>
#include <unistd.h>

enum { TRY_MS = 100, LONG_MS = 20000, HOLDS_UP_MS = 3 * TRY_MS };

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct twofold_client *client;
    int silent; /* so many requests get no answer */
    bool late;  /* only the first gets one, after it was sent again */
    bool refuses;
    enum twofold_status ended;
    _Atomic int requests;
    _Atomic int others; /* requests that are not the first one's copy */
    char id[80];
    uint8_t body[256];
    size_t n;
};

static void note(struct bench *bench, const struct peer_request *request)
{
    assert_non_null(request->request_id);
    if (bench->requests == 0) {
        snprintf(bench->id, sizeof bench->id, "%s", request->request_id);
        bench->n = request->n < sizeof bench->body ? request->n : 0;
        memcpy(bench->body, request->data, bench->n);
    }
    if (strcmp(bench->id, request->request_id) != 0 || bench->n != request->n ||
        memcmp(bench->body, request->data, bench->n) != 0)
        bench->others++;
    bench->requests++;
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    static Twofold__V1__Error error = TWOFOLD__V1__ERROR__INIT;
    struct bench *bench = ctx;

    note(bench, request);
    error.reason = TWOFOLD__V1__ERROR__REASON__UNAVAILABLE;
    reply.recovery_codes_left = bench->requests;
    answer->silent = bench->late ? bench->requests > 1 : bench->requests <= bench->silent;
    answer->reply = bench->refuses ? &error.base : &reply.base;
    if (bench->refuses) {
        answer->code = "503";
        answer->text = "UNAVAILABLE";
    }
    if (bench->late && bench->requests == 1)
        usleep(HOLDS_UP_MS * 1000);
}

static void serve(struct bench *bench)
{
    bench->peer = peer_start(bench->server.url, "twofold.v1.acme.verification.*", answer, bench);
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct twofold_client_options options = {.org = "acme"};
    struct twofold_error error;

    bench->server = nats_server_start(NULL);
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

static enum twofold_status verify(struct bench *bench, struct twofold_call *call,
                                  struct twofold_error *error)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    enum twofold_status status;

    request.username = "alice";
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = "123456";
    call->service = &twofold__v1__verification__descriptor;
    call->method = "Verify";
    call->request = &request.base;
    status = twofold_client_call(bench->client, call, &reply, error);
    assert_int_equal(status, error->status);
    assert_int_equal(status == TWOFOLD_OK, reply != NULL);
    twofold_reply_free(reply);
    return status;
}

static void what_has_no_answer_is_sent_again_under_its_id(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = LONG_MS};
    struct twofold_error error;

    serve(bench);
    bench->silent = 2;
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_OK);
    assert_true(bench->requests >= 3);
    assert_int_equal(bench->others, 0);
    assert_string_equal(bench->id, "r-1");
}

static void without_it_nothing_is_sent_twice(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .timeout_ms = 5 * TRY_MS};
    struct twofold_error error;

    serve(bench);
    bench->silent = 1;
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_TIMEOUT);
    assert_int_equal(bench->requests, 1);
}

/* A service that takes longer than a try is not asked for ever. */
static void a_late_answer_is_taken(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = LONG_MS};
    struct twofold_error error;

    serve(bench);
    bench->late = true;
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_OK);
}

static void a_refusal_is_an_answer(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = LONG_MS};
    struct twofold_error error;

    serve(bench);
    bench->refuses = true;
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_REFUSED);
    usleep(2 * TRY_MS * 1000); /* time for a sending that must not be */
    assert_int_equal(bench->requests, 1);
}

static void the_timeout_ends_it(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = 15 * TRY_MS};
    struct twofold_error error;

    serve(bench);
    bench->silent = 1000;
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_TIMEOUT);
    assert_true(bench->requests >= 2);
    assert_non_null(strstr(error.message, "tried "));
    assert_non_null(strstr(error.message, "no answer on twofold.v1.acme.verification.verify"));
}

/* Nobody knows any more that nothing was executed. */
static void nobody_serving_is_a_timeout_in_the_end(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = 15 * TRY_MS};
    struct twofold_error error;

    assert_int_equal(verify(bench, &call, &error), TWOFOLD_TIMEOUT);
    assert_non_null(strstr(error.message, "nobody serves"));
    call.try_ms = 0;
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_NO_RESPONDERS);
}

static void *serve_later(void *ctx)
{
    usleep(2 * TRY_MS * 1000);
    serve(ctx);
    return NULL;
}

static void it_waits_for_somebody_to_serve(void **state)
{
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = LONG_MS};
    struct twofold_error error;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, serve_later, bench), 0);
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_OK);
    pthread_join(thread, NULL);
}

static void *ask(void *ctx)
{
    struct bench *bench = ctx;
    struct twofold_call call = {.request_id = "r-1", .try_ms = 10 * TRY_MS, .timeout_ms = LONG_MS};
    struct twofold_error error;

    bench->ended = verify(bench, &call, &error);
    return NULL;
}

/* The server is this thread's child, and ends with its thread. */
static void it_waits_for_the_bus(void **state)
{
    struct bench *bench = *state;
    pthread_t thread;

    serve(bench);
    bench->silent = 1;
    assert_int_equal(pthread_create(&thread, NULL, ask, bench), 0);
    assert_true(peer_wait(&bench->requests, 1));
    nats_server_kill9(&bench->server);
    nats_server_restart(&bench->server, NULL);
    pthread_join(thread, NULL);
    assert_int_equal(bench->ended, TWOFOLD_OK);
    assert_true(bench->requests >= 2);
    assert_int_equal(bench->others, 0);
}

/* A container that is paused, say, and goes on with many others. */
static pid_t stand_still(int for_ms)
{
    pid_t us = getpid(), child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        usleep(TRY_MS * 1000);
        kill(us, SIGSTOP);
        usleep((unsigned)for_ms * 1000);
        kill(us, SIGCONT);
        _exit(0);
    }
    return child;
}

static void who_stood_still_makes_up_for_nothing(void **state)
{
    enum { STILL_MS = 15 * TRY_MS, END_MS = STILL_MS + 5 * TRY_MS };
    struct bench *bench = *state;
    struct twofold_call call = {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = END_MS};
    struct twofold_error error;
    pid_t child;

    serve(bench);
    bench->silent = INT_MAX;
    child = stand_still(STILL_MS);
    assert_int_equal(verify(bench, &call, &error), TWOFOLD_TIMEOUT);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(bench->requests <= 2 + (END_MS - STILL_MS) / TRY_MS);
}

static void asked(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    (void)reply;
    (void)error;
    *(bool *)ctx = true;
}

static void it_needs_an_id_and_less_time_than_answers_are_kept(void **state)
{
    struct bench *bench = *state;
    const struct twofold_call wrong[] = {
        {.try_ms = TRY_MS, .timeout_ms = LONG_MS},
        {.request_id = "r-1", .try_ms = -1, .timeout_ms = LONG_MS},
        {.request_id = "r-1", .try_ms = 25001, .timeout_ms = LONG_MS},
        {.request_id = "r-1", .try_ms = INT64_MAX, .timeout_ms = LONG_MS},
        {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = 25001},
        {.request_id = "r-1", .try_ms = TRY_MS, .timeout_ms = -1},
        {.request_id = "", .try_ms = TRY_MS, .timeout_ms = LONG_MS},
    };
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    const struct twofold_call async = {.service = &twofold__v1__verification__descriptor,
                                       .method = "Verify",
                                       .request = &request.base,
                                       .request_id = "r-1",
                                       .try_ms = TRY_MS};
    bool was_asked = false;
    struct twofold_callback then = {.call = asked, .ctx = &was_asked};
    struct twofold_error error;

    serve(bench);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct twofold_call call = wrong[i];

        assert_int_equal(verify(bench, &call, &error), TWOFOLD_USAGE);
    }
    assert_int_equal(twofold_client_call_async(bench->client, &async, then, &error), TWOFOLD_USAGE);
    assert_int_equal(bench->requests, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_has_no_answer_is_sent_again_under_its_id, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(without_it_nothing_is_sent_twice, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_late_answer_is_taken, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_refusal_is_an_answer, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_timeout_ends_it, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nobody_serving_is_a_timeout_in_the_end, set_up, tear_down),
    cmocka_unit_test_setup_teardown(it_waits_for_somebody_to_serve, set_up, tear_down),
    cmocka_unit_test_setup_teardown(it_waits_for_the_bus, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_stood_still_makes_up_for_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(it_needs_an_id_and_less_time_than_answers_are_kept, set_up,
                                    tear_down),
};

RUN(tests)
