/*
 * A53: times that tell. A timed test proves little on a machine that others use, so this one first
 * proves the instrument: what is planted is found, in few samples. Then the real pairs are measured
 * in short, and only a difference that is there in each of three runs counts. The long form is
 * tests/bench/timing.c.
 */
#include "bench/timing_pairs.h"
#include "support/runner.h"

#include <math.h>

enum { SEED = 20260101, SCRYPT_LN = 4, RUNS = 3 };

static const double clearly = 10; /* |t|; by hand, with many samples, 4.5 */

static const size_t n_samples[PAIR_KINDS] = {
    [PAIR_HASHES] = 300, [PAIR_DIGITS] = 2000, [PAIR_NAMES] = 2000, [PAIR_PLANTED] = 1000};

static bool differs(const struct timing_pair *p, struct stand *s)
{
    struct welch w = pair_measure(p, s, n_samples[p->kind]);
    double percent = 100 * fabs(w.difference) / w.mean[0];

    print_message("%s: n=%zu, %.0f ns, differ by %.1f ns, t=%.2f\n", p->name, w.n[0] + w.n[1],
                  w.mean[0], w.difference, w.t);
    return fabs(w.t) >= clearly && percent >= p->alike_percent;
}

/* What is planted must be found in one run; a leak is there in each. */
static bool found(const struct timing_pair *p, struct stand *s)
{
    bool planted = p->kind == PAIR_PLANTED, differ = false;

    for (int run = 0; run < RUNS; run++) {
        differ = differs(p, s);
        if (differ == planted)
            break;
    }
    return differ;
}

/* Measures the pairs of KIND; the name of the first that is not as it must be, or NULL. */
static const char *measure_on(struct stand *s, enum pair_kind kind)
{
    for (size_t i = 0; i < n_timing_pairs; i++)
        if (timing_pairs[i].kind == kind && found(&timing_pairs[i], s) != (kind == PAIR_PLANTED))
            return timing_pairs[i].name;
    return NULL;
}

static void measure(enum pair_kind kind)
{
    const char *wrong;
    struct stand stand;

    print_message("seed %d\n", SEED);
    stand_start(&stand, SCRYPT_LN, SEED);
    wrong = measure_on(&stand, kind);
    stand_stop(&stand);
    if (wrong)
        fail_msg("%s: %s", wrong, kind == PAIR_PLANTED ? "not found" : "told apart by their times");
}

/* Worked out by hand: means 3 and 6, variances 2.5 and 10, five of each. */
static void the_instrument_computes_welchs_t(void **state)
{
    struct samples s = samples_new(6);
    struct welch w;

    (void)state;
    for (int i = 1; i <= 5; i++) {
        samples_add(&s, false, i);
        samples_add(&s, true, 2 * i);
    }
    w = welch_of(&s, 100);
    assert_true(fabs(w.difference - 3) < 1e-12);
    assert_true(fabs(w.t - 3 / sqrt(0.5 + 2)) < 1e-12);
    /* Two of twelve that took long are cut off. */
    samples_add(&s, false, 1000);
    samples_add(&s, true, 1001);
    w = welch_of(&s, 90);
    assert_int_equal(w.n[0] + w.n[1], 10);
    assert_true(fabs(w.difference - 3) < 1e-12);
    /* Nothing is left of the one kind: they could not differ more. */
    w = welch_of(&s, 0);
    assert_true(isinf(w.t));
    samples_free(&s);
}

static void the_instrument_finds_what_is_planted(void **state)
{
    (void)state;
    measure(PAIR_PLANTED);
}

static void attack_A53_timing_of_unknown_names_and_wrong_passwords(void **state)
{
    (void)state;
    measure(PAIR_HASHES);
}

static void attack_A53_timing_of_names_without_a_hash(void **state)
{
    (void)state;
    measure(PAIR_NAMES);
}

static void attack_A53_timing_of_codes_that_are_nearly_right(void **state)
{
    (void)state;
    measure(PAIR_DIGITS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_instrument_computes_welchs_t),
    cmocka_unit_test(the_instrument_finds_what_is_planted),
    cmocka_unit_test(attack_A53_timing_of_unknown_names_and_wrong_passwords),
    cmocka_unit_test(attack_A53_timing_of_names_without_a_hash),
    cmocka_unit_test(attack_A53_timing_of_codes_that_are_nearly_right),
};
RUN(tests)
