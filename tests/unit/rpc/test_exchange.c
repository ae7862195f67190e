/* Exchanges are used again, and nothing of one request is there for the next. */
#include "rpc/exchange.h"

#include "base/secret.h"
#include "support/runner.h"

#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

struct bench {
    struct routes routes;
    struct rpc_env env;
    struct exchange_pool pool;
    uint8_t packed[REQUEST_BYTES];
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    assert_int_equal(routes_init(&b->routes), ERR_OK);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    exchange_pool_empty(&b->pool);
    free(b);
    return 0;
}

static struct exchange *take(struct bench *b, const char *verb, const ProtobufCMessage *request)
{
    char subject[128];
    size_t n = protobuf_c_message_get_packed_size(request);
    struct incoming in = {.subject = subject,
                          .reply_to = "_INBOX.a",
                          .request_id = "id 1",
                          .traceparent = "",
                          .actor = ""};

    snprintf(subject, sizeof subject, "twofold.v1.acme.%s", verb);
    assert_true(n <= sizeof b->packed);
    in.payload = (struct bytes){.p = b->packed, .n = protobuf_c_message_pack(request, b->packed)};
    return exchange_take(&b->pool, &b->routes, &b->env, &in);
}

static struct exchange *take_login(struct bench *b)
{
    static char username[] = "ada", password[] = "canary password", code[] = "424242";
    Twofold__V1__LoginRequest request = TWOFOLD__V1__LOGIN_REQUEST__INIT;

    request.username = username;
    request.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    request.password = password;
    request.second_factor_case = TWOFOLD__V1__LOGIN_REQUEST__SECOND_FACTOR_CODE;
    request.code = code;
    return take(b, "login.login", &request.base);
}

static struct exchange *take_confirm(struct bench *b)
{
    static char token[] = "canary token", code[] = "424242", secret[] = "GEZDGNBVGY3TQOJQ";
    Twofold__V1__ConfirmRequest request = TWOFOLD__V1__CONFIRM_REQUEST__INIT;

    request.step_token = token;
    request.code = code;
    request.secret = secret;
    request.activate = 1;
    return take(b, "enrollment.confirm", &request.base);
}

static struct exchange *take_import(struct bench *b)
{
    static char username[] = "eve";
    static char uri[] = "otpauth://totp/Old:eve?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Old";
    Twofold__V1__ImportAuthenticatorRequest request =
        TWOFOLD__V1__IMPORT_AUTHENTICATOR_REQUEST__INIT;

    request.username = username;
    request.otpauth_uri = uri;
    return take(b, "admin.import_authenticator", &request.base);
}

static struct exchange *take_status(struct bench *b)
{
    static char username[] = "eve";
    Twofold__V1__GetStatusRequest request = TWOFOLD__V1__GET_STATUS_REQUEST__INIT;

    request.username = username;
    return take(b, "verification.get_status", &request.base);
}

static void is_zero(const void *p, size_t n, const char *what)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            fail_msg("byte %zu of %s is left", i, what);
}

static void what_was_freed_is_used_again(void **state)
{
    struct bench *b = *state;
    struct exchange *x = take_login(b), *y = take_login(b);
    struct arena *arenas[] = {x->call.arena, y->call.arena};

    exchange_free(x);
    exchange_free(y);
    assert_int_equal(b->pool.n, 2);
    assert_ptr_equal(take_login(b), y);
    assert_ptr_equal(take_confirm(b), x);
    assert_ptr_equal(y->call.arena, arenas[1]);
    assert_ptr_equal(x->call.arena, arenas[0]);
    assert_int_equal(b->pool.n, 0);
    exchange_free(x);
    exchange_free(y);
    exchange_free(NULL);
}

/* Its own memory and that of its arena; both stay readable in the pool. */
static void is_gone(struct bench *b, struct exchange *x)
{
    struct bytes payload = x->call.payload;
    struct exchange seen;

    assert_int_equal(x->state, READY);
    x->wanted = side_job_new(SIDE_HASH);
    x->job = side_job_new(SIDE_RENDER);
    exchange_free(x);
    is_zero(payload.p, payload.n, "the payload");
    assert_ptr_equal(b->pool.first, x);
    seen = *x;
    seen.call.arena = NULL;
    is_zero(&seen, sizeof seen, "the exchange");
}

static void nothing_is_left_of_what_was_freed(void **state)
{
    struct bench *b = *state;
    struct exchange *x = take_import(b);

    assert_int_equal(x->call.ask.otpauth.key.n, 20);
    is_gone(b, x);
    is_gone(b, take_login(b));
    is_gone(b, take_confirm(b));
    is_gone(b, take_status(b));
}

static void nothing_of_one_request_is_in_the_next(void **state)
{
    struct bench *b = *state;
    struct exchange *x;

    exchange_free(take_confirm(b));
    exchange_free(take_login(b));
    x = take_status(b);
    assert_int_equal(x->state, READY);
    assert_string_equal(x->call.ask.username, "eve");
    assert_null(x->call.ask.password.p);
    assert_null(x->call.ask.step_token);
    assert_int_equal(x->call.ask.second.kind, OFFERED_NONE);
    assert_int_equal(x->call.ask.secret.n, 0);
    assert_false(x->call.ask.activate);
    assert_int_equal(x->call.fault.n, 0);
    assert_null(x->job);
    assert_null(x->wanted);
    assert_string_equal(x->call.own_purpose, "twofold:verification.get_status");
    exchange_free(x);
}

/* A refusal at the door leaves its violations behind, and they go with it. */
static void a_refusal_does_not_stick(void **state)
{
    struct bench *b = *state;
    Twofold__V1__VerifyRequest empty = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct exchange *x = take(b, "verification.verify", &empty.base);

    assert_int_equal(exchange_answer(x).err, ERR_VALIDATION);
    assert_int_equal(x->call.fault.n, 2);
    exchange_free(x);
    x = take_status(b);
    assert_false(exchange_answer(x).done);
    assert_false(x->settled);
    assert_int_equal(x->call.fault.n, 0);
    exchange_free(x);
}

static void no_more_are_kept_than_may_be(void **state)
{
    enum { MANY = EXCHANGE_POOL_MAX + 100 };
    static struct exchange *all[MANY];
    struct bench *b = *state;

    for (size_t i = 0; i < MANY; i++)
        assert_non_null(all[i] = take_status(b));
    for (size_t i = 0; i < MANY; i++)
        exchange_free(all[i]);
    assert_int_equal(b->pool.n, EXCHANGE_POOL_MAX);
    exchange_pool_empty(&b->pool);
    assert_int_equal(b->pool.n, 0);
    assert_null(b->pool.first);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_was_freed_is_used_again, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nothing_is_left_of_what_was_freed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nothing_of_one_request_is_in_the_next, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_refusal_does_not_stick, set_up, tear_down),
    cmocka_unit_test_setup_teardown(no_more_are_kept_than_may_be, set_up, tear_down),
};

RUN(tests)
