/*
 * A62: valid requests of every method, spoiled at random. The seed is fixed, so a failure comes
 * back; the sanitizers watch. Whatever the bytes say, the service decides, and is none the worse.
 */
#include "support/runner.h"
#include "support/valid.h"

#include <stdlib.h>

enum { ROUNDS = 400, PAYLOAD_MAX = 1024 };

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void flip(uint8_t *p, size_t *n, uint32_t *seed)
{
    if (*n > 0)
        p[next_random(seed) % *n] ^= (uint8_t)(1U << next_random(seed) % 8);
}

static void overwrite(uint8_t *p, size_t *n, uint32_t *seed)
{
    static const uint8_t evil[] = {0x00, 0x7f, 0x80, 0xff, 0x0b, 0x0c, 0x0a, 0x12};

    if (*n > 0)
        p[next_random(seed) % *n] = evil[next_random(seed) % sizeof evil];
}

static void cut(uint8_t *p, size_t *n, uint32_t *seed)
{
    (void)p;
    if (*n > 0)
        *n = next_random(seed) % *n;
}

/* A piece of the message once more, behind it. */
static void repeat(uint8_t *p, size_t *n, uint32_t *seed)
{
    size_t from = *n ? next_random(seed) % *n : 0, length = *n - from;

    if (*n + length > PAYLOAD_MAX)
        return;
    memcpy(p + *n, p + from, length);
    *n += length;
}

static void (*const spoilers[])(uint8_t *, size_t *, uint32_t *) = {flip, flip, overwrite, cut,
                                                                    repeat};

/* What a request alone may be answered when nothing is broken. */
static bool is_decision(enum err err)
{
    return err != ERR_UNAVAILABLE && err != ERR_INTERNAL && err != ERR_EXHAUSTED &&
           err != ERR_UNIMPLEMENTED;
}

static void send_spoiled(struct service *s, const struct valid *v, uint32_t *seed)
{
    uint8_t payload[PAYLOAD_MAX];
    char subject[80];
    size_t n = 0;
    uint8_t *packed = pack(s, v->method, v->fields, &n);
    struct answer a;

    memcpy(payload, packed, n);
    free(packed);
    for (unsigned i = 0, times = 1 + next_random(seed) % 4; i < times; i++)
        spoilers[next_random(seed) % ARRAY_LEN(spoilers)](payload, &n, seed);
    snprintf(subject, sizeof subject, "twofold.v1.default.%s", v->method);
    a = service_send(s, subject, (struct bytes){.p = payload, .n = n});
    if (!is_decision(a.err))
        fail_msg("%s answered %s", v->method, err_name(a.err));
    answer_free(&a);
}

static void attack_A62_spoiled_requests_are_decided(void **state)
{
    struct service *s = *state;
    uint32_t seed = 20260131;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    for (size_t i = 0; i < n_valid; i++)
        for (unsigned k = 0; k < ROUNDS; k++)
            send_spoiled(s, &valid[i], &seed);
    service_enroll(s, "eve", &e);
    assert_int_equal(service_verify(s, "eve", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void attack_A62_random_bytes_are_decided(void **state)
{
    struct service *s = *state;
    uint32_t seed = 7;

    for (unsigned k = 0; k < ROUNDS * 10; k++) {
        uint8_t payload[64];
        char subject[80];
        size_t n = next_random(&seed) % sizeof payload;
        struct answer a;

        for (size_t i = 0; i < n; i++)
            payload[i] = (uint8_t)next_random(&seed);
        snprintf(subject, sizeof subject, "twofold.v1.default.%s", valid[k % n_valid].method);
        a = service_send(s, subject, (struct bytes){.p = payload, .n = n});
        assert_true(is_decision(a.err));
        answer_free(&a);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A62_spoiled_requests_are_decided, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A62_random_bytes_are_decided, set_up, tear_down),
};
RUN(tests)
