/*
 * Rules 4 and 5 in figures: what odds.c computes in a few sums is what the real rules let happen,
 * second by second and code by code. The figures of the default policy stand in service/DESIGN.md;
 * who changes one here changes it there.
 */
#include "core/odds.h"
#include "core/verify.h"

#include "support/runner.h"

#include <math.h>

enum { NOW = 1700000000, DAY_S = 86400 };

/* max_failures, lockout_seconds; guesses in a day; seconds to SUSPENDED. */
static const struct {
    int32_t max_failures, lockout_seconds;
    uint32_t day;
    int64_t suspended_after_s;
} rows[] = {
    {5, 30, 35, 317010},   {1, 1, 36, 313695},    {10, 3600, 34, 320400}, {10, 1, 45, 281295},
    {5, 1801, 30, 336601}, {1, 3600, 25, 352800}, {3, 7, 36, 316761},
};

static struct policy usual_but(int32_t max_failures, int32_t lockout_seconds)
{
    struct policy p = policy_default();

    p.max_failures = max_failures;
    p.lockout_seconds = lockout_seconds;
    return p;
}

/* An active authenticator that no code matches: the guesser is never lucky. */
static struct user unlucky(void)
{
    struct user u = {.exists = true, .n_authenticators = 1};

    u.authenticators[0].otp = policy_default().otp;
    return u;
}

static enum err guess_at(struct user *u, const struct policy *p, int64_t now_s)
{
    const struct offered guess = {.kind = OFFERED_CODE, .code = {.digits = 6, .text = "314159"}};
    const struct circumstances c = {.policy = p, .now_s = now_s};
    struct decision d = {.answer = ERR_OK};
    struct evidence e;

    assert_int_equal(verify_decide(u, &guess, &c, &d, &e), ERR_OK);
    return d.answer;
}

struct run {
    uint32_t in_the_first_day, in_all;
    int64_t last_s; /* of the last guess that was looked at */
};

/* Guesses in every second, as long as guesses are looked at, until there is no more to be had. */
static struct run guess_in_every_second(const struct policy *p)
{
    struct user u = unlucky();
    struct run run = {0};
    enum err answer = ERR_OK;

    for (int64_t s = 0; s < 10 * DAY_S && answer != ERR_SUSPENDED; s++)
        while ((answer = guess_at(&u, p, NOW + s)) == ERR_CODE_REJECTED) {
            run.in_all++;
            run.in_the_first_day += s < DAY_S;
            run.last_s = s;
        }
    assert_int_equal(answer, ERR_SUSPENDED);
    return run;
}

static void rule_05_guesses_are_counted_as_the_rules_let_them_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct policy p = usual_but(rows[i].max_failures, rows[i].lockout_seconds);
        struct run real = guess_in_every_second(&p);
        struct odds odds = odds_of(&p);

        assert_int_equal(real.in_the_first_day, rows[i].day);
        assert_int_equal(real.in_all, 100);
        assert_int_equal(real.last_s, rows[i].suspended_after_s);
        assert_int_equal(odds.guesses_in_a_day, real.in_the_first_day);
        assert_int_equal(odds.guesses_in_all, real.in_all);
        assert_int_equal(odds.suspended_after_s, real.last_s);
    }
}

/* Each moment of a span counts to the second. */
static void rule_05_guesses_within_a_span(void **state)
{
    static const struct {
        int64_t span_s;
        uint32_t guesses;
    } spans[] = {{1, 6},       {30, 6},       {31, 7},         {90, 7},    {91, 8},
                 {3810, 12},   {3811, 13},    {7410, 13},      {7411, 14}, {86400, 35},
                 {317010, 99}, {317011, 100}, {INT64_MAX, 100}};
    struct policy p = policy_default();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spans); i++)
        assert_int_equal(odds_guesses_within(&p, spans[i].span_s), spans[i].guesses);
}

/* The linker puts a memory before mac.h: a million codes need no more than the steps near one
 * moment do. Each of them has a place of its own; a borrowed key is the places of its steps. */

enum { N_KEYS = 3, N_STEPS = 2 * NEAR_STEPS + 1 };

struct memory {
    struct secret key;
    struct step {
        uint8_t data[8], mac[MAC_BYTES_MAX];
        size_t n;
    } steps[N_STEPS];
};
static struct memory memories[N_KEYS];

enum err __real_mac_key_borrow(enum mac_algorithm algorithm, struct bytes key,
                               struct mac_key **ret_key);
enum err __wrap_mac_key_borrow(enum mac_algorithm algorithm, struct bytes key,
                               struct mac_key **ret_key);
void __real_mac_key_return(struct mac_key *k);
void __wrap_mac_key_return(struct mac_key *k);
enum err __real_mac_under(const struct mac_key *k, struct bytes data,
                          uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n);
enum err __wrap_mac_under(const struct mac_key *k, struct bytes data,
                          uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n);

enum err __wrap_mac_key_borrow(enum mac_algorithm algorithm, struct bytes key,
                               struct mac_key **ret_key)
{
    struct memory *m = &memories[key.p[key.n - 1]];

    assert_int_equal(algorithm, MAC_SHA1);
    m->key.n = key.n;
    memcpy(m->key.bytes, key.p, key.n);
    *ret_key = (struct mac_key *)m;
    return ERR_OK;
}

void __wrap_mac_key_return(struct mac_key *k)
{
    (void)k;
}

enum err __wrap_mac_under(const struct mac_key *k, struct bytes data,
                          uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n)
{
    struct memory *m = (struct memory *)(uintptr_t)k;
    struct step *s = &m->steps[(data.p[6] << 8 | data.p[7]) % N_STEPS];

    if (s->n == 0 || memcmp(s->data, data.p, data.n) != 0) {
        struct mac_key *real = NULL;

        TRY(__real_mac_key_borrow(MAC_SHA1, secret_view(&m->key), &real));
        assert_int_equal(__real_mac_under(real, data, s->mac, &s->n), ERR_OK);
        __real_mac_key_return(real);
        memcpy(s->data, data.p, data.n);
    }
    memcpy(ret_mac, s->mac, s->n);
    *ret_n = s->n;
    return ERR_OK;
}

/* How many of all codes a user's authenticators take at one moment. */
static unsigned codes_taken(const struct policy *p)
{
    const struct circumstances c = {.policy = p, .now_s = NOW};
    struct user u = {.exists = true, .n_authenticators = (unsigned)p->max_authenticators};
    unsigned taken = 0;

    for (unsigned i = 0; i < u.n_authenticators; i++) {
        u.authenticators[i].otp = p->otp;
        u.authenticators[i].key = (struct secret){.n = 20, .bytes = "1234567890123456789"};
        u.authenticators[i].key.bytes[19] = (uint8_t)i;
    }
    for (unsigned number = 0; number < 1000000; number++) {
        struct offered guess = {.kind = OFFERED_CODE};
        struct decision d = {.answer = ERR_OK};
        struct evidence e;
        char text[16];

        snprintf(text, sizeof text, "%06u", number);
        assert_int_equal(otp_code_parse(text, 6, &guess.code), ERR_OK);
        assert_int_equal(second_factor_judge(&u, &guess, &c, &d, &e), ERR_OK);
        taken += d.answer == ERR_OK;
        lockout_reset(&u.code_lockout);
        for (unsigned i = 0; i < u.n_authenticators; i++)
            u.authenticators[i].last_step = 0;
    }
    return taken;
}

static void a_guess_hits_as_many_codes_as_a_window_has(void **state)
{
    static const struct {
        int32_t skew_steps, max_authenticators;
        unsigned codes;
    } windows[] = {{1, 1, 3}, {0, 1, 1}, {2, 1, 5}, {1, 3, 9}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
        struct policy p = policy_default();
        double uniform = (double)windows[i].codes / 1e6;

        p.skew_steps = windows[i].skew_steps;
        p.max_authenticators = windows[i].max_authenticators;
        assert_int_equal(codes_taken(&p), windows[i].codes);
        /* Above the even share, by what truncation favours: 2148 instead of 2147.48. */
        assert_true(odds_of(&p).guess > uniform);
        assert_true(odds_of(&p).guess < uniform * 1.00025);
    }
}

/* The 31-bit values that become the code of all zeros, counted. */
static void the_likeliest_code_is_counted(void **state)
{
    static const struct {
        unsigned digits;
        int64_t codes;
    } lengths[] = {{6, 1000000}, {8, 100000000}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct policy p = policy_default();
        unsigned values = 0;

        for (int64_t v = 0; v < INT64_C(1) << 31; v += lengths[i].codes)
            values++;
        p.otp.digits = lengths[i].digits;
        assert_true(odds_of(&p).guess == 3 * (double)values / 2147483648.0);
    }
}

/* To the last digit that is written down. */
static void assert_figure(double value, const char *written)
{
    char text[32];

    snprintf(text, sizeof text, "%.2e", value);
    assert_string_equal(text, written);
}

static void the_figures_of_the_default_policy(void **state)
{
    struct policy p = policy_default();
    struct odds odds = odds_of(&p);

    (void)state;
    assert_figure(odds.guess, "3.00e-06");
    assert_figure(odds.day, "1.05e-04");
    assert_figure(odds.year, "3.83e-02");
    assert_figure(odds.until_suspended, "3.00e-04");
    assert_figure(odds_of_a_guesser(&p), "3.00e-04");
    assert_int_equal(1 / odds_of_a_guesser(&p), 3332);
    /* max_failures a day, and never a wait that the user could notice. */
    assert_figure(odds.guess * p.max_failures * 365, "5.48e-03");
    /* One guess an hour for a year, compounded: what a lock that only expires amounts to. */
    assert_figure(-expm1(8760 * log1p(-odds.guess)), "2.59e-02");
    p.otp.digits = 8;
    assert_figure(odds_of_a_guesser(&p), "3.07e-06");
}

/* Independent guesses do a little worse than the bound; certainty is never exceeded. */
static void the_figures_are_upper_bounds(void **state)
{
    struct policy p = policy_default();
    struct odds odds = odds_of(&p);

    (void)state;
    assert_true(-expm1(100 * log1p(-odds.guess)) < odds.until_suspended);
    assert_true(-expm1(365 * 35 * log1p(-odds.guess)) < odds.year);
    p.skew_steps = 2;
    p.max_authenticators = 10;
    odds = odds_of(&p);
    assert_true(odds.year > 0.6 && odds.year <= 1);
    p.max_failures = 10;
    p.lockout_seconds = 1;
    assert_true(odds_of(&p).year <= 1);
}

static void where_the_password_suffices_nothing_is_guessed(void **state)
{
    static const struct {
        enum policy_mode mode;
        bool disable_requires_code, suffices;
    } cases[] = {
        {POLICY_DISABLED, true, true},  {POLICY_DISABLED, false, true},
        {POLICY_OPTIONAL, true, false}, {POLICY_OPTIONAL, false, true},
        {POLICY_REQUIRED, true, false}, {POLICY_REQUIRED, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy p = policy_default();

        p.mode = cases[i].mode;
        p.disable_requires_code = cases[i].disable_requires_code;
        assert_int_equal(odds_password_suffices(&p), cases[i].suffices);
        assert_int_equal(odds_of_a_guesser(&p) >= 1, cases[i].suffices);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rule_05_guesses_are_counted_as_the_rules_let_them_through),
    cmocka_unit_test(rule_05_guesses_within_a_span),
    cmocka_unit_test(a_guess_hits_as_many_codes_as_a_window_has),
    cmocka_unit_test(the_likeliest_code_is_counted),
    cmocka_unit_test(the_figures_of_the_default_policy),
    cmocka_unit_test(the_figures_are_upper_bounds),
    cmocka_unit_test(where_the_password_suffices_nothing_is_guessed),
};
RUN(tests)
