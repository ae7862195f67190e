/*
 * Rules 1, 2 and 16: which step's code passes, and that the work done does not depend on it. The
 * linker puts a counter (and, on demand, a failure) between the core and mac_under().
 */
#include "core/otp.h"

#include "support/runner.h"

#include <stdlib.h>

static unsigned hmac_calls;
static unsigned hmac_fails_at; /* call number; 0: never */

enum err __real_mac_under(const struct mac_key *k, struct bytes data,
                          uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n);
enum err __wrap_mac_under(const struct mac_key *k, struct bytes data,
                          uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n);

enum err __wrap_mac_under(const struct mac_key *k, struct bytes data,
                          uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n)
{
    if (++hmac_calls == hmac_fails_at)
        return ERR_INTERNAL;
    return __real_mac_under(k, data, ret_mac, ret_n);
}

enum { PERIOD = 30, T = 56666666 };

static const struct secret key = {.n = 20, .bytes = "12345678901234567890"};

/* The code of STEP, offered in the middle of step NOW. */
struct attempt {
    uint64_t step, now, last_step;
    unsigned skew, digits;
};

static struct otp_result offer(struct otp_code code, const struct attempt *a)
{
    const struct otp_params params = {MAC_SHA1, .digits = a->digits, .period_s = PERIOD};
    const struct otp_trial trial = {.params = &params,
                                    .key = &key,
                                    .offered = &code,
                                    .window = {.now_s = (int64_t)(a->now * PERIOD + PERIOD / 2),
                                               .skew_steps = a->skew,
                                               .last_step = a->last_step}};
    struct otp_result result = {.step = UINT64_MAX};

    hmac_calls = 0;
    assert_int_equal(otp_verify(&trial, &result), ERR_OK);
    return result;
}

static struct otp_code code_of(uint64_t step, unsigned digits)
{
    const struct otp_params params = {MAC_SHA1, .digits = digits, .period_s = PERIOD};
    struct otp_code code = {0};

    assert_int_equal(otp_hotp(&params, &key, step, &code), ERR_OK);
    return code;
}

static struct otp_result attempt(struct attempt a)
{
    return offer(code_of(a.step, a.digits), &a);
}

static void a_step_in_the_window_passes_and_no_other(void **state)
{
    (void)state;
    for (int i = 0; i < 27; i++) {
        int skew = i / 9, offset = i % 9 - 4;
        struct attempt a = {(uint64_t)(T + offset), T, .skew = (unsigned)skew, .digits = 6};
        struct otp_result got = attempt(a);
        bool inside = abs(offset) <= skew;

        if (got.verdict != (inside ? OTP_MATCH : OTP_MISMATCH) ||
            got.step != (inside ? a.step : 0) || got.offset != (inside ? offset : 0))
            fail_msg("skew %d offset %d: verdict %d", skew, offset, (int)got.verdict);
    }
}

static void the_window_moves_with_the_first_and_last_second_of_a_step(void **state)
{
    static const struct {
        int64_t unix_s;
        enum otp_verdict verdict;
    } rows[] = {
        {(T - 1) * INT64_C(30) - 1, OTP_MISMATCH},
        {(T - 1) * INT64_C(30), OTP_MATCH},
        {(T + 2) * INT64_C(30) - 1, OTP_MATCH},
        {(T + 2) * INT64_C(30), OTP_MISMATCH},
    };
    const struct otp_params params = {MAC_SHA1, .digits = 8, .period_s = PERIOD};
    struct otp_code code = code_of(T, 8);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_trial trial = {&params, &key, &code, {.now_s = rows[i].unix_s, .skew_steps = 1}};
        struct otp_result result = {.verdict = OTP_REPLAYED};

        assert_int_equal(otp_verify(&trial, &result), ERR_OK);
        assert_int_equal(result.verdict, rows[i].verdict);
    }
}

static void an_accepted_code_and_its_elders_are_spent(void **state)
{
    static const struct {
        uint64_t step;
        enum otp_verdict verdict;
    } rows[] = {
        {T, OTP_MATCH},        {T, OTP_REPLAYED}, {T - 1, OTP_REPLAYED}, {T + 1, OTP_MATCH},
        {T + 1, OTP_REPLAYED}, {T, OTP_REPLAYED}, {T - 1, OTP_REPLAYED}, {T + 2, OTP_MISMATCH},
    };
    uint64_t last_step = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct attempt a = {rows[i].step, T, last_step, .skew = 1, .digits = 6};
        struct otp_result got = attempt(a);

        if (got.verdict != rows[i].verdict)
            fail_msg("row %zu: verdict %d", i, (int)got.verdict);
        assert_int_equal(got.step, got.verdict == OTP_MATCH ? rows[i].step : 0);
        if (got.verdict == OTP_MATCH)
            last_step = got.step;
    }
}

static void a_code_of_another_length_is_a_mismatch_at_the_same_cost(void **state)
{
    struct attempt a = {.step = T, .now = T, .skew = 1, .digits = 8};
    struct otp_code six = code_of(T, 6), last_six = six, eight = code_of(T, 8);

    (void)state;
    /* The last six of the eight digits are the six-digit code; nor does padding make it one. */
    memcpy(last_six.text, eight.text + 2, 6);
    assert_int_equal(offer(six, &a).verdict, OTP_MISMATCH);
    assert_int_equal(hmac_calls, 3);
    a.digits = 6;
    assert_int_equal(offer(last_six, &a).verdict, OTP_MATCH);
    assert_int_equal(offer(eight, &a).verdict, OTP_MISMATCH);
    assert_int_equal(hmac_calls, 3);
    memcpy(eight.text, six.text, 6);
    assert_int_equal(offer(eight, &a).verdict, OTP_MISMATCH);
}

static void every_single_wrong_digit_is_a_mismatch(void **state)
{
    const struct attempt a = {.now = T, .skew = 0, .digits = 8};
    const struct otp_code right = code_of(T, 8);

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        for (char digit = '0'; digit <= '9'; digit++) {
            struct otp_code code = right;

            code.text[i] = digit;
            assert_int_equal(offer(code, &a).verdict,
                             digit == right.text[i] ? OTP_MATCH : OTP_MISMATCH);
        }
}

/* Steps 910737 and 910738 of this key share a code. */
static void of_two_matching_steps_the_newer_counts(void **state)
{
    struct attempt a = {.step = 910737, .now = 910738, .skew = 1, .digits = 6};

    (void)state;
    assert_int_equal(attempt(a).step, 910738);
    assert_int_equal(attempt(a).offset, 0);
    a.now = 910737; /* the newer one counts, although the other one is nearer */
    assert_int_equal(attempt(a).step, 910738);
    assert_int_equal(attempt(a).offset, 1);
    a.now = 910738;
    a.last_step = 910737;
    assert_int_equal(attempt(a).verdict, OTP_MATCH);
    assert_int_equal(attempt(a).step, 910738);
    a.last_step = 910738;
    assert_int_equal(attempt(a).verdict, OTP_REPLAYED);
}

static void a_clock_that_ran_ahead_is_told_from_a_wrong_code(void **state)
{
    static const struct {
        uint64_t step, last_step;
        enum otp_verdict verdict;
    } rows[] = {
        {T, T + 2, OTP_CLOCK_BEHIND},      {T + 9, T + 2, OTP_CLOCK_BEHIND},
        {T, UINT64_MAX, OTP_CLOCK_BEHIND}, {T, T + 1, OTP_REPLAYED},
        {T + 1, T + 1, OTP_REPLAYED},      {T + 9, T + 1, OTP_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct attempt a = {rows[i].step, T, rows[i].last_step, .skew = 1, .digits = 6};
        struct otp_result got = attempt(a);

        assert_int_equal(got.verdict, rows[i].verdict);
        assert_int_equal(got.step, 0);
    }
}

static void the_window_ends_at_step_zero(void **state)
{
    struct attempt a = {.step = 1, .now = 0, .skew = 2, .digits = 6};

    (void)state;
    assert_int_equal(attempt(a).verdict, OTP_MATCH);
    assert_int_equal(hmac_calls, 3);
    a.now = 1;
    assert_int_equal(attempt(a).verdict, OTP_MATCH);
    assert_int_equal(hmac_calls, 4);
    /* last_step 0 means none, so the very first step of 1970 cannot be accepted. */
    a.step = 0;
    assert_int_equal(attempt(a).verdict, OTP_REPLAYED);
}

static void every_step_is_computed_whatever_the_outcome(void **state)
{
    static const struct attempt rows[] = {
        {.step = T - 2, .now = T},                     /* first of the window */
        {.step = T + 2, .now = T},                     /* last */
        {.step = T + 7, .now = T},                     /* none */
        {.step = T, .now = T, .last_step = T},         /* replayed */
        {.step = T, .now = T, .last_step = T + 10000}, /* clock behind */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct attempt a = rows[i];

        a.skew = 2;
        a.digits = 6;
        (void)attempt(a);
        assert_int_equal(hmac_calls, 5);
    }
}

static void nothing_matches_without_a_key(void **state)
{
    const struct otp_params params = {MAC_SHA1, .digits = 6, .period_s = PERIOD};
    const struct secret none = {0};
    struct otp_code code = {0};
    const struct otp_trial trial = {
        &params, &none, &code, {.now_s = T * INT64_C(30), .skew_steps = 1}};
    struct otp_result result = {.verdict = OTP_MATCH, .step = 7};

    (void)state;
    assert_int_equal(otp_hotp(&params, &none, T, &code), ERR_OK);
    hmac_calls = 0;
    assert_int_equal(otp_verify(&trial, &result), ERR_OK);
    assert_int_equal(result.verdict, OTP_MISMATCH);
    assert_int_equal(result.step, 0);
    assert_int_equal(hmac_calls, 3);
}

static void a_failing_hmac_or_a_broken_policy_decides_nothing(void **state)
{
    static const struct {
        unsigned fails_at, skew, digits, period_s;
    } rows[] = {{1, 1, 6, 30},          {2, 1, 6, 30}, {3, 1, 6, 30}, {0, 3, 6, 30},
                {0, UINT32_MAX, 6, 30}, {0, 1, 7, 30}, {0, 1, 6, 0}};
    const struct otp_code code = code_of(T, 6);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_params params = {MAC_SHA1, rows[i].digits, rows[i].period_s};
        struct otp_trial trial = {
            &params, &key, &code, {.now_s = T * INT64_C(30), .skew_steps = rows[i].skew}};
        struct otp_result result = {.verdict = OTP_CLOCK_BEHIND, .step = 7};

        hmac_calls = 0;
        hmac_fails_at = rows[i].fails_at;
        assert_int_equal(otp_verify(&trial, &result), ERR_INTERNAL);
        hmac_fails_at = 0;
        assert_int_equal(result.verdict, OTP_CLOCK_BEHIND);
        assert_int_equal(result.step, 7);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_step_in_the_window_passes_and_no_other),
    cmocka_unit_test(the_window_moves_with_the_first_and_last_second_of_a_step),
    cmocka_unit_test(an_accepted_code_and_its_elders_are_spent),
    cmocka_unit_test(a_code_of_another_length_is_a_mismatch_at_the_same_cost),
    cmocka_unit_test(every_single_wrong_digit_is_a_mismatch),
    cmocka_unit_test(of_two_matching_steps_the_newer_counts),
    cmocka_unit_test(a_clock_that_ran_ahead_is_told_from_a_wrong_code),
    cmocka_unit_test(the_window_ends_at_step_zero),
    cmocka_unit_test(every_step_is_computed_whatever_the_outcome),
    cmocka_unit_test(nothing_matches_without_a_key),
    cmocka_unit_test(a_failing_hmac_or_a_broken_policy_decides_nothing),
};
RUN(tests)
