/* The instruments of the bench: what they say is what they were shown. */
#include "support/runner.h"

#include "bench/aim.h"
#include "bench/histogram.h"
#include "bench/request.h"
#include "core/otp.h"

#include <stdlib.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

enum { USERS = 1000, STEP_S = 30, BODY_MAX = 256 };

static const int64_t second = 1000000000, now_ns = 1800000005LL * 1000000000;

/* ---- histogram ---- */

static void a_latency_is_read_back_within_a_percent(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < 60ULL * 1000000000; value = value * 5 / 4 + 1) {
        struct histogram h = {.n = 0};

        histogram_add(&h, value);
        assert_true(histogram_at(&h, 0.5) >= 0.99 * (double)value);
        assert_true(histogram_at(&h, 0.5) <= 1.01 * (double)value);
    }
}

static void quantiles_are_those_of_the_values(void **state)
{
    struct histogram h = {.n = 0};

    (void)state;
    for (uint64_t value = 1; value <= 100000; value++)
        histogram_add(&h, value);
    assert_float_equal(histogram_at(&h, 0.5), 50000, 500);
    assert_float_equal(histogram_at(&h, 0.99), 99000, 990);
    assert_float_equal(histogram_at(&h, 0.999), 99900, 999);
}

/* ---- codes ---- */

static uint32_t otp_of(uint32_t user, uint64_t step)
{
    const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = STEP_S};
    struct secret key = {.n = 20};
    struct otp_code code;
    char text[7] = "";

    for (unsigned j = 0; j < key.n; j++)
        key.bytes[j] = (uint8_t)(user >> (j % 4 * 8)) ^ (uint8_t)(j * 37);
    assert_int_equal(otp_hotp(&params, &key, step, &code), ERR_OK);
    memcpy(text, code.text, code.digits);
    return (uint32_t)strtoul(text, NULL, 10);
}

/* Takes a pass: everybody once, with the code of STEP. */
static void expect_pass(struct aim *a, uint64_t step)
{
    bool seen[USERS] = {false};
    struct shot s;

    for (unsigned i = 0; i < USERS; i++) {
        assert_true(aim_next(a, now_ns, &s));
        assert_true(s.user < USERS);
        assert_false(seen[s.user]);
        assert_int_equal(s.code, otp_of(s.user, step));
        seen[s.user] = true;
    }
}

static void everybody_has_three_codes_and_no_more(void **state)
{
    /* Some are prepared, some are not: that makes no difference. */
    const struct aim_options options = {
        .now_ns = now_ns, .users = USERS, .speed = 1, .prepared = USERS * 3 / 2};
    const uint64_t step = (uint64_t)(now_ns / second / STEP_S);
    struct aim *a = aim_new(&options);
    struct shot s;

    (void)state;
    assert_int_equal(aim_left(a, now_ns), 3 * USERS);
    expect_pass(a, step - 1);
    expect_pass(a, step);
    expect_pass(a, step + 1);
    assert_int_equal(aim_left(a, now_ns), 0);
    assert_false(aim_next(a, now_ns, &s));
    assert_true(aim_next(a, now_ns + STEP_S * second, &s));
    assert_int_equal(s.code, otp_of(s.user, step + 2));
    aim_free(a);
}

static void the_next_run_goes_on_where_this_one_ended(void **state)
{
    struct aim_options options = {.now_ns = now_ns, .users = USERS, .speed = 1};
    const uint64_t step = (uint64_t)(now_ns / second / STEP_S);
    struct aim *a = aim_new(&options);

    (void)state;
    expect_pass(a, step - 1);
    options.from = aim_place(a);
    options.prepared = USERS;
    aim_free(a);
    a = aim_new(&options);
    assert_int_equal(aim_left(a, now_ns), 2 * USERS);
    expect_pass(a, step);
    aim_free(a);
}

static void a_code_that_was_not_looked_at_comes_again_first(void **state)
{
    const struct aim_options options = {.now_ns = now_ns, .users = USERS, .speed = 1};
    struct aim *a = aim_new(&options);
    struct shot first, second_one, again;

    (void)state;
    assert_true(aim_next(a, now_ns, &first));
    assert_true(aim_next(a, now_ns, &second_one));
    aim_again(a, &first);
    assert_true(aim_next(a, now_ns, &again));
    assert_int_equal(again.user, first.user);
    assert_int_equal(again.code, first.code);
    aim_free(a);
}

static void a_faster_clock_brings_codes_sooner(void **state)
{
    enum { SPEED = 3000 };
    const struct aim_options options = {
        .now_ns = now_ns, .users = 1, .speed = SPEED, .epoch_ns = now_ns};
    struct aim *a = aim_new(&options);
    struct shot s;
    unsigned n = 0;

    (void)state;
    for (int64_t ns = 0; ns < second; ns += second / 1000)
        n += aim_next(a, now_ns + ns, &s);
    assert_in_range(n, SPEED / STEP_S - 1, SPEED / STEP_S + 3);
    aim_free(a);
}

/* ---- verdicts ---- */

static struct wire_message message(const ProtobufCMessage *body, const char *header,
                                   uint8_t room[static BODY_MAX])
{
    struct wire_message m = {.body = room, .header = (const uint8_t *)header};

    m.n_body = protobuf_c_message_pack(body, room);
    m.n_header = header ? strlen(header) : 0;
    return m;
}

static const char refusal[] = "NATS/1.0\r\nNats-Service-Error-Code: 403\r\n\r\n";

static void only_a_whole_reply_that_says_totp_is_a_yes(void **state)
{
    Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    char otp[] = "otp", *amr[] = {otp};
    uint8_t room[BODY_MAX];
    struct wire_message m;

    (void)state;
    reply.method = TWOFOLD__V1__SECOND_FACTOR__METHOD__TOTP;
    reply.amr = amr;
    reply.n_amr = 1;
    reply.recovery_codes_left = 10;
    reply.verified_at = 1800000000;
    m = message(&reply.base, NULL, room);
    assert_int_equal(verdict_of(&m), VERDICT_ACCEPTED);
    m.n_body--;
    assert_int_equal(verdict_of(&m), VERDICT_OTHER);
    m = message(&reply.base, refusal, room);
    assert_int_not_equal(verdict_of(&m), VERDICT_ACCEPTED);
    reply.method = TWOFOLD__V1__SECOND_FACTOR__METHOD__METHOD_UNSPECIFIED;
    m = message(&reply.base, NULL, room);
    assert_int_equal(verdict_of(&m), VERDICT_OTHER);
    m.n_body = 0;
    assert_int_equal(verdict_of(&m), VERDICT_OTHER);
    /* A method and a time, and then a text that is longer than the message. */
    m = (struct wire_message){.body = (const uint8_t *)"\x08\x01\x20\x01\x12\x05", .n_body = 6};
    assert_int_equal(verdict_of(&m), VERDICT_OTHER);
    m.n_body = 4;
    assert_int_equal(verdict_of(&m), VERDICT_ACCEPTED);
}

static void refusals_are_told_apart(void **state)
{
    static const struct {
        Twofold__V1__Error__Reason reason;
        enum verdict verdict;
    } cases[] = {
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, VERDICT_DENIED},
        {TWOFOLD__V1__ERROR__REASON__LOCKED, VERDICT_LOCKED},
        {TWOFOLD__V1__ERROR__REASON__SUSPENDED, VERDICT_LOCKED},
        {TWOFOLD__V1__ERROR__REASON__EXHAUSTED, VERDICT_SHED},
        {TWOFOLD__V1__ERROR__REASON__UNAVAILABLE, VERDICT_UNAVAILABLE},
        {TWOFOLD__V1__ERROR__REASON__INTERNAL, VERDICT_OTHER},
    };
    Twofold__V1__Error error = TWOFOLD__V1__ERROR__INIT;
    struct wire_message m = {.n_body = 0};
    char text[] = "No.";
    uint8_t room[BODY_MAX];

    (void)state;
    error.message = text;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        error.reason = cases[i].reason;
        m = message(&error.base, refusal, room);
        assert_int_equal(verdict_of(&m), cases[i].verdict);
    }
    m = (struct wire_message){.header = (const uint8_t *)"NATS/1.0 503\r\n\r\n", .n_header = 16};
    assert_int_equal(verdict_of(&m), VERDICT_NOBODY);
}

static void an_echo_must_be_the_same_bytes(void **state)
{
    const struct shot shot = {.user = 1234567, .code = 4711}, another = {.user = 1234567};
    struct request r;
    char text[REQUEST_TEXT_MAX];
    struct wire_message m = {.n_body = 0};

    (void)state;
    request_init(&r, RUN_ECHO);
    request_write(&r, &(struct ticket){.slot = 3, .use = 1}, 2, &shot, text);
    m.body = (const uint8_t *)text + r.body_at;
    m.n_body = r.n_body;
    assert_int_equal(request_judge(&r, &shot, &m), VERDICT_ACCEPTED);
    assert_int_equal(request_judge(&r, &another, &m), VERDICT_OTHER);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_latency_is_read_back_within_a_percent),
    cmocka_unit_test(quantiles_are_those_of_the_values),
    cmocka_unit_test(everybody_has_three_codes_and_no_more),
    cmocka_unit_test(the_next_run_goes_on_where_this_one_ended),
    cmocka_unit_test(a_code_that_was_not_looked_at_comes_again_first),
    cmocka_unit_test(a_faster_clock_brings_codes_sooner),
    cmocka_unit_test(only_a_whole_reply_that_says_totp_is_a_yes),
    cmocka_unit_test(refusals_are_told_apart),
    cmocka_unit_test(an_echo_must_be_the_same_bytes),
};

RUN(tests)
