/*
 * A rejected code tells the trail how far it is from now, and tells nobody else anything: whichever
 * step it is of, the work is the same. The linker counts the HMACs, and makes one fail on demand.
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

enum { T = 56666666 };

static const struct secret key = {.n = 20, .bytes = "12345678901234567890"};

/* The code of STEP, offered at NOW_S: judged, and looked around for if it is rejected. */
struct attempt {
    struct otp_params params;
    uint64_t step, last_step;
    int64_t now_s;
    unsigned skew;
};

static struct otp_code code_of(const struct otp_params *params, uint64_t step)
{
    struct otp_code code = {0};

    assert_int_equal(otp_hotp(params, &key, step, &code), ERR_OK);
    return code;
}

static struct otp_trial trial_of(const struct attempt *a, const struct otp_code *code)
{
    return (struct otp_trial){
        .params = &a->params,
        .key = &key,
        .offered = code,
        .window = {.now_s = a->now_s, .skew_steps = a->skew, .last_step = a->last_step}};
}

static struct otp_result look(const struct otp_trial *trial)
{
    struct otp_result result = {.verdict = OTP_MATCH};

    assert_int_equal(otp_verify(trial, &result), ERR_OK);
    hmac_calls = 0;
    if (result.verdict != OTP_MATCH)
        assert_int_equal(otp_look_around(trial, &result), ERR_OK);
    return result;
}

static struct otp_result attempt(struct attempt a)
{
    struct otp_code code = code_of(&a.params, a.step);
    struct otp_trial trial = trial_of(&a, &code);

    return look(&trial);
}

static const struct otp_params kinds[] = {
    {MAC_SHA1, 6, 30}, {MAC_SHA1, 8, 60}, {MAC_SHA256, 6, 60}, {MAC_SHA512, 8, 30}};

static enum otp_verdict verdict_at(int offset, unsigned skew)
{
    if (abs(offset) <= (int)skew)
        return OTP_MATCH;
    return abs(offset) <= NEAR_STEPS ? OTP_OUTSIDE : OTP_MISMATCH;
}

/* In the first and in the last second of a step. */
static void assert_offset(const struct otp_params *params, unsigned skew, int offset)
{
    enum otp_verdict expected = verdict_at(offset, skew);

    for (unsigned second = 0; second < params->period_s; second += params->period_s - 1) {
        struct otp_result got =
            attempt((struct attempt){.params = *params,
                                     .step = (uint64_t)(T + offset),
                                     .now_s = T * (int64_t)params->period_s + second,
                                     .skew = skew});

        if (got.verdict != expected || got.offset != (expected == OTP_MISMATCH ? 0 : offset) ||
            got.step != (expected == OTP_MATCH ? (uint64_t)(T + offset) : 0))
            fail_msg("period %u skew %u offset %d: verdict %d, offset %d", params->period_s, skew,
                     offset, (int)got.verdict, got.offset);
    }
}

static void every_step_near_now_is_told_by_its_distance(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        for (unsigned skew = 0; skew <= SKEW_STEPS_MAX; skew++)
            for (int offset = -NEAR_STEPS - 3; offset <= NEAR_STEPS + 3; offset++)
                assert_offset(&kinds[i], skew, offset);
}

/* What was accepted does not matter outside the window: an old code is an old code. */
static void an_old_code_is_outside_whether_it_was_used_or_not(void **state)
{
    static const uint64_t last_steps[] = {0, T - 6, T - 5, T - 4, T + 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(last_steps); i++) {
        struct otp_result got = attempt((struct attempt){.params = kinds[0],
                                                         .step = T - 5,
                                                         .last_step = last_steps[i],
                                                         .now_s = T * INT64_C(30),
                                                         .skew = 1});

        assert_int_equal(got.verdict, OTP_OUTSIDE);
        assert_int_equal(got.offset, -5);
    }
}

static void a_replay_and_a_clock_that_is_behind_stay_what_they_are(void **state)
{
    static const struct {
        int offset;
        uint64_t last_step;
        enum otp_verdict verdict;
        int told;
    } rows[] = {
        {-1, T, OTP_REPLAYED, -1},
        {0, T, OTP_REPLAYED, 0},
        {1, T + 1, OTP_REPLAYED, 1},
        {0, T + 2, OTP_CLOCK_BEHIND, 0},
        {-1, T + 2, OTP_CLOCK_BEHIND, -1},
        {10, T + 1000, OTP_CLOCK_BEHIND, 10},
        {-10, T + 1000, OTP_CLOCK_BEHIND, -10},
        {11, T + 1000, OTP_CLOCK_BEHIND, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_result got = attempt((struct attempt){.params = kinds[0],
                                                         .step = (uint64_t)(T + rows[i].offset),
                                                         .last_step = rows[i].last_step,
                                                         .now_s = T * INT64_C(30),
                                                         .skew = 1});

        assert_int_equal(got.verdict, rows[i].verdict);
        assert_int_equal(got.offset, rows[i].told);
        assert_int_equal(got.step, 0);
    }
}

/* Pairs of steps of this key that share a code: 910737 and one more, 153567 and 2 more, 1217265
 * and 5 more, 1546576 and 10 more, 1193211 and 20 more. */
static void of_several_steps_the_nearest_is_told(void **state)
{
    static const struct {
        uint64_t step, now, last_step;
        unsigned skew;
        enum otp_verdict verdict;
        int told;
    } rows[] = {
        {910737, 910741, 0, 1, OTP_OUTSIDE, -3},
        {910737, 910734, 0, 1, OTP_OUTSIDE, 3},
        {910737, 910727, 0, 1, OTP_OUTSIDE, 10},
        {910737, 910748, 0, 1, OTP_OUTSIDE, -10},
        {1217265, 1217268, 0, 1, OTP_OUTSIDE, 2},
        {1217265, 1217267, 0, 1, OTP_OUTSIDE, -2},
        /* Two as near: the newer one. */
        {1546576, 1546581, 0, 1, OTP_OUTSIDE, 5},
        {1193211, 1193221, 0, 2, OTP_OUTSIDE, 10},
        {153567, 153568, 0, 0, OTP_OUTSIDE, 1},
        {153567, 153568, 153569, 1, OTP_REPLAYED, 1},
        /* A step in the window is nearer than any outside of it. */
        {1217265, 1217266, 1217267, 1, OTP_REPLAYED, -1},
        {1217265, 1217265, 1217266, 1, OTP_REPLAYED, 0},
        {1217265, 1217270, 1217271, 1, OTP_REPLAYED, 0},
        {910737, 910737, 910738, 1, OTP_REPLAYED, 0},
        {910737, 910738, 910739, 1, OTP_REPLAYED, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_result got = attempt((struct attempt){.params = kinds[0],
                                                         .step = rows[i].step,
                                                         .last_step = rows[i].last_step,
                                                         .now_s = (int64_t)rows[i].now * 30,
                                                         .skew = rows[i].skew});

        if (got.verdict != rows[i].verdict || got.offset != rows[i].told)
            fail_msg("row %zu: verdict %d, offset %d", i, (int)got.verdict, got.offset);
    }
}

static void every_rejected_code_costs_the_same(void **state)
{
    static const struct {
        int offset;
        uint64_t last_step;
    } rows[] = {{-10, 0}, {-3, 0}, {3, 0},  {10, 0},          {11, 0},          {-11, 0},
                {0, T},   {-1, T}, {-5, T}, {0, T + 1000000}, {5, T + 1000000}, {500, 0}};

    (void)state;
    for (unsigned skew = 0; skew <= SKEW_STEPS_MAX; skew++)
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct otp_result got = attempt((struct attempt){.params = kinds[0],
                                                             .step = (uint64_t)(T + rows[i].offset),
                                                             .last_step = rows[i].last_step,
                                                             .now_s = T * INT64_C(30),
                                                             .skew = skew});

            assert_int_not_equal(got.verdict, OTP_MATCH);
            assert_int_equal(hmac_calls, 2 * (NEAR_STEPS - skew));
        }
}

static void there_is_nothing_before_step_zero(void **state)
{
    static const struct {
        uint64_t now, step;
        unsigned calls;
        int told;
    } rows[] = {
        {0, 5, 9, 5},   {0, 10, 9, 10},   {3, 0, 11, -3},   {3, 13, 11, 10},
        {9, 0, 17, -9}, {10, 0, 18, -10}, {11, 1, 18, -10},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct otp_result got = attempt((struct attempt){.params = kinds[0],
                                                         .step = rows[i].step,
                                                         .now_s = (int64_t)rows[i].now * 30,
                                                         .skew = 1});

        assert_int_equal(hmac_calls, rows[i].calls);
        assert_int_equal(got.verdict, OTP_OUTSIDE);
        assert_int_equal(got.offset, rows[i].told);
    }
    /* The steps that would wrap around to the end of time. */
    assert_int_equal(
        attempt((struct attempt){.params = kinds[0], .step = UINT64_MAX - 1, .now_s = 0, .skew = 1})
            .verdict,
        OTP_MISMATCH);
}

static void without_a_key_or_with_other_digits_nothing_is_near(void **state)
{
    const struct attempt a = {.params = kinds[0], .now_s = T * INT64_C(30), .skew = 1};
    const struct otp_params eight = {MAC_SHA1, 8, 30};
    const struct secret none = {0};
    struct otp_code code = code_of(&eight, T + 5);
    struct otp_trial trial = trial_of(&a, &code);
    struct otp_code six = code_of(&kinds[0], T + 5);

    (void)state;
    memcpy(code.text, six.text, 6);
    assert_int_equal(look(&trial).verdict, OTP_MISMATCH);
    assert_int_equal(hmac_calls, 18);
    assert_int_equal(otp_hotp(&a.params, &none, T + 5, &code), ERR_OK);
    trial.key = &none;
    assert_int_equal(look(&trial).verdict, OTP_MISMATCH);
    assert_int_equal(hmac_calls, 18);
}

static void a_failing_hmac_or_a_broken_policy_adds_nothing(void **state)
{
    static const struct {
        unsigned fails_at, skew, digits, period_s;
    } rows[] = {{1, 1, 6, 30}, {9, 1, 6, 30}, {18, 1, 6, 30},
                {0, 3, 6, 30}, {0, 1, 7, 30}, {0, 1, 6, 0}};
    const struct otp_code code = code_of(&kinds[0], T + 3);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct attempt a = {.params = {MAC_SHA1, rows[i].digits, rows[i].period_s},
                            .now_s = T * INT64_C(30),
                            .skew = rows[i].skew};
        struct otp_trial trial = trial_of(&a, &code);
        struct otp_result result = {.verdict = OTP_MISMATCH, .offset = 7};

        hmac_calls = 0;
        hmac_fails_at = rows[i].fails_at;
        assert_int_equal(otp_look_around(&trial, &result), ERR_INTERNAL);
        hmac_fails_at = 0;
        assert_int_equal(result.verdict, OTP_MISMATCH);
        assert_int_equal(result.offset, 7);
        assert_int_equal(result.hits, 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_step_near_now_is_told_by_its_distance),
    cmocka_unit_test(an_old_code_is_outside_whether_it_was_used_or_not),
    cmocka_unit_test(a_replay_and_a_clock_that_is_behind_stay_what_they_are),
    cmocka_unit_test(of_several_steps_the_nearest_is_told),
    cmocka_unit_test(every_rejected_code_costs_the_same),
    cmocka_unit_test(there_is_nothing_before_step_zero),
    cmocka_unit_test(without_a_key_or_with_other_digits_nothing_is_near),
    cmocka_unit_test(a_failing_hmac_or_a_broken_policy_adds_nothing),
};
RUN(tests)
