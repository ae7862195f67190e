/*
 * How a code is judged against several authenticators, what the trail learns of it, and that nobody
 * else does: rejected codes are told apart by the evidence alone. The linker counts the HMACs.
 */
#include "core/verify.h"

#include "support/runner.h"

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

enum { T = 56666666, NOW = 1699999990, N_STEPS = 2 * NEAR_STEPS + 1 };

/* Each has a key of its own. */
static struct authenticator authenticator(unsigned i)
{
    struct authenticator a = {.otp = {MAC_SHA1, 6, 30},
                              .key = {.n = 20, .bytes = "1234567890123456789"}};

    a.key.bytes[19] = (uint8_t)i;
    memset(a.id, 'a' + (int)i, sizeof a.id);
    return a;
}

static struct user user_with(unsigned n)
{
    struct user u = {.exists = true, .n_authenticators = n};

    for (unsigned i = 0; i < n; i++)
        u.authenticators[i] = authenticator(i);
    return u;
}

/* The code of authenticator I, OFFSET steps from now. */
static struct offered code_of(unsigned i, int offset)
{
    const struct authenticator a = authenticator(i);
    struct offered offered = {.kind = OFFERED_CODE};

    assert_int_equal(otp_hotp(&a.otp, &a.key, (uint64_t)(T + offset), &offered.code), ERR_OK);
    return offered;
}

enum { NOBODY = 9 };

struct judged {
    struct decision d;
    struct evidence e;
};

static struct judged judge_at(struct user *u, struct offered offered, int64_t now_s)
{
    const struct policy policy = policy_default();
    const struct circumstances c = {.policy = &policy, .now_s = now_s};
    struct judged j = {.d = {.answer = ERR_OK}};

    hmac_calls = 0;
    assert_int_equal(verify_decide(u, &offered, &c, &j.d, &j.e), ERR_OK);
    return j;
}

static struct judged judge(struct user *u, struct offered offered)
{
    return judge_at(u, offered, NOW);
}

/* What makes one authenticator say what it says. */
enum mood { FINE, USED, AHEAD, BROKEN };

static void put_in(struct authenticator *a, enum mood mood)
{
    static const uint64_t last_steps[] = {[FINE] = 0, [USED] = T, [AHEAD] = T + 1000, [BROKEN] = 0};

    a->last_step = last_steps[mood];
    a->damaged = mood == BROKEN;
    a->key.n = mood == BROKEN ? 0 : a->key.n;
}

static void a_code_of_one_authenticator(void **state)
{
    static const struct {
        enum mood mood;
        unsigned whose;
        int offset;
        enum audit_reason reason;
        int told;
    } rows[] = {
        {FINE, 0, 0, WHY_NONE, 0},
        {FINE, 0, -1, WHY_NONE, -1},
        {FINE, 0, 1, WHY_NONE, 1},
        {FINE, 0, 2, WHY_OUTSIDE_WINDOW, 2},
        {FINE, 0, -2, WHY_OUTSIDE_WINDOW, -2},
        {FINE, 0, 10, WHY_OUTSIDE_WINDOW, 10},
        {FINE, 0, -10, WHY_OUTSIDE_WINDOW, -10},
        {FINE, 0, 11, WHY_WRONG_CODE, 0},
        {FINE, 0, -11, WHY_WRONG_CODE, 0},
        {FINE, NOBODY, 0, WHY_WRONG_CODE, 0},
        {USED, 0, 0, WHY_REPLAYED, 0},
        {USED, 0, -1, WHY_REPLAYED, -1},
        {USED, 0, 1, WHY_NONE, 1},
        {USED, 0, -2, WHY_OUTSIDE_WINDOW, -2},
        {USED, NOBODY, 0, WHY_WRONG_CODE, 0},
        {AHEAD, 0, 0, WHY_CLOCK_BEHIND, 0},
        {AHEAD, 0, 7, WHY_CLOCK_BEHIND, 7},
        {AHEAD, NOBODY, 0, WHY_CLOCK_BEHIND, 0},
        {BROKEN, 0, 0, WHY_DAMAGED, 0},
        {BROKEN, 0, 5, WHY_DAMAGED, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct user u = user_with(1);
        struct judged j;
        bool known = rows[i].reason != WHY_WRONG_CODE && rows[i].reason != WHY_DAMAGED;

        put_in(&u.authenticators[0], rows[i].mood);
        j = judge(&u, code_of(rows[i].whose, rows[i].offset));
        if (j.e.reason != rows[i].reason || j.e.step_offset != rows[i].told)
            fail_msg("row %zu: reason %d, offset %d", i, (int)j.e.reason, j.e.step_offset);
        assert_int_equal(j.e.authenticator, known ? 0 : -1);
        assert_int_equal(j.d.facts.at[0].reason, rows[i].reason);
        assert_int_equal(j.d.facts.at[0].step_offset, rows[i].told);
        assert_int_equal(j.d.facts.at[0].has_authenticator, known);
    }
}

/* The first authenticator, the second one; in either order. */
static void of_several_authenticators_the_weightiest_speaks(void **state)
{
    static const struct {
        enum mood moods[2];
        unsigned whose;
        int offset;
        enum audit_reason reason;
        int told, speaks;
    } rows[] = {
        {{BROKEN, FINE}, NOBODY, 0, WHY_DAMAGED, 0, -1},
        {{BROKEN, FINE}, 0, 4, WHY_DAMAGED, 0, -1},
        {{BROKEN, FINE}, 1, 4, WHY_OUTSIDE_WINDOW, 4, 1},
        {{BROKEN, FINE}, 1, 1, WHY_NONE, 1, 1},
        {{BROKEN, USED}, 1, 0, WHY_REPLAYED, 0, 1},
        {{BROKEN, AHEAD}, NOBODY, 0, WHY_CLOCK_BEHIND, 0, 1},
        {{AHEAD, FINE}, 1, -4, WHY_CLOCK_BEHIND, 0, 0},
        {{AHEAD, FINE}, 0, -4, WHY_CLOCK_BEHIND, -4, 0},
        {{AHEAD, FINE}, 1, 0, WHY_NONE, 0, 1},
        {{AHEAD, USED}, 1, 0, WHY_REPLAYED, 0, 1},
        {{USED, FINE}, 0, 0, WHY_REPLAYED, 0, 0},
        {{USED, FINE}, 0, -3, WHY_OUTSIDE_WINDOW, -3, 0},
        {{USED, FINE}, 1, -3, WHY_OUTSIDE_WINDOW, -3, 1},
        {{USED, FINE}, 1, -1, WHY_NONE, -1, 1},
        {{FINE, FINE}, NOBODY, 0, WHY_WRONG_CODE, 0, -1},
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        size_t row = i / 2, turned = i % 2;
        struct user u = user_with(2);
        struct judged j;

        for (size_t k = 0; k < 2; k++) {
            u.authenticators[k] = authenticator((unsigned)(k ^ turned));
            put_in(&u.authenticators[k], rows[row].moods[k ^ turned]);
        }
        j = judge(&u, code_of(rows[row].whose, rows[row].offset));
        if (j.e.reason != rows[row].reason || j.e.step_offset != rows[row].told)
            fail_msg("row %zu, turned %zu: reason %d, offset %d", row, turned, (int)j.e.reason,
                     j.e.step_offset);
        if (rows[row].speaks < 0)
            assert_int_equal(j.e.authenticator, -1);
        else
            assert_int_equal(j.e.authenticator_id[0], 'a' + rows[row].speaks);
    }
}

/* What one has accepted is spent, although the other one would still take it. */
static void one_secret_in_two_authenticators_takes_a_code_once(void **state)
{
    (void)state;
    for (unsigned used = 0; used < 2; used++) {
        struct user u = user_with(2);
        struct judged j;

        u.authenticators[1] = u.authenticators[0];
        put_in(&u.authenticators[used], USED);
        j = judge(&u, code_of(0, 0));
        assert_int_equal(j.e.reason, WHY_REPLAYED);
        assert_int_equal(j.d.answer, ERR_CODE_REJECTED);
    }
}

/* One secret with two periods: at second 240 it is step 8 for the one and step 4 for the other. */
static void of_two_codes_outside_the_nearer_is_told(void **state)
{
    static const struct {
        int step, told[2]; /* with the one first, with the other first */
    } rows[] = {{12, {4, 4}}, {2, {-2, -2}}, {6, {-2, 2}}};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        size_t row = i / 2, turned = i % 2;
        struct user u = user_with(2);
        struct judged j;

        u.authenticators[1].key = u.authenticators[0].key;
        u.authenticators[!turned].otp.period_s = 60;
        j = judge_at(&u, code_of(0, rows[row].step - T), 240);
        assert_int_equal(j.e.reason, WHY_OUTSIDE_WINDOW);
        assert_int_equal(j.e.step_offset, rows[row].told[turned]);
    }
}

/* Rejected in every way there is. */
static const struct {
    enum mood mood;
    unsigned whose;
    int offset;
    enum audit_reason reason;
} rejected[] = {
    {FINE, NOBODY, 0, WHY_WRONG_CODE},    {FINE, 0, 11, WHY_WRONG_CODE},
    {FINE, 0, 2, WHY_OUTSIDE_WINDOW},     {FINE, 0, -10, WHY_OUTSIDE_WINDOW},
    {USED, 0, -9, WHY_OUTSIDE_WINDOW},    {USED, 0, 0, WHY_REPLAYED},
    {AHEAD, NOBODY, 0, WHY_CLOCK_BEHIND}, {AHEAD, 0, 0, WHY_CLOCK_BEHIND},
    {AHEAD, 0, 9, WHY_CLOCK_BEHIND},      {BROKEN, 0, 0, WHY_DAMAGED},
};

static void every_rejected_code_costs_the_same(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 3; n++)
        for (size_t i = 0; i < ARRAY_LEN(rejected); i++) {
            struct user u = user_with(n);

            put_in(&u.authenticators[0], rejected[i].mood);
            assert_int_equal(judge(&u, code_of(rejected[i].whose, rejected[i].offset)).e.reason,
                             rejected[i].reason);
            assert_int_equal(hmac_calls, n * N_STEPS);
        }
}

static void an_accepted_code_costs_its_window_and_no_more(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 3; n++)
        for (int offset = -1; offset <= 1; offset++) {
            struct user u = user_with(n);

            assert_int_equal(judge(&u, code_of(n - 1, offset)).d.answer, ERR_OK);
            assert_int_equal(hmac_calls, 3 * n);
        }
}

/* All that a rejection changes is the counter, and it changes that alike. */
static void rejected_codes_are_told_apart_by_the_evidence_alone(void **state)
{
    struct user u = user_with(1);
    const struct decision first = judge(&u, code_of(NOBODY, 0)).d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rejected); i++) {
        struct user before = user_with(1), after;
        struct decision d;

        put_in(&before.authenticators[0], rejected[i].mood);
        after = before;
        d = judge(&after, code_of(rejected[i].whose, rejected[i].offset)).d;
        assert_int_equal(d.answer, ERR_CODE_REJECTED);
        assert_int_equal(d.attempts_left, first.attempts_left);
        assert_int_equal(d.retry_after_s, first.retry_after_s);
        assert_int_equal(d.facts.n, 1);
        assert_int_equal(after.code_lockout.failures, 1);
        after.code_lockout = before.code_lockout;
        assert_memory_equal(&before, &after, sizeof before);
    }
}

static void inside_a_wait_nothing_is_computed(void **state)
{
    struct user u = user_with(1);
    struct judged j;

    (void)state;
    u.code_lockout = (struct lockout){.failures = 6, .until_s = NOW + 10};
    j = judge(&u, code_of(0, 5));
    assert_int_equal(j.e.reason, WHY_LOCKED);
    assert_int_equal(j.e.step_offset, 0);
    assert_int_equal(hmac_calls, 0);
}

static void a_lock_tells_the_offset_too(void **state)
{
    struct user u = user_with(1);
    struct judged j;

    (void)state;
    u.code_lockout.failures = 5;
    j = judge(&u, code_of(0, 5));
    assert_int_equal(j.d.facts.n, 2);
    assert_int_equal(j.d.facts.at[1].type, AUDIT_ACCOUNT_LOCKED);
    assert_int_equal(j.d.facts.at[1].reason, WHY_OUTSIDE_WINDOW);
    assert_int_equal(j.d.facts.at[1].step_offset, 5);
}

static void a_failing_hmac_is_an_error_whenever_it_fails(void **state)
{
    const struct policy policy = policy_default();
    const struct circumstances c = {.policy = &policy, .now_s = NOW};
    const struct offered code = code_of(0, 5);

    (void)state;
    for (unsigned at = 1; at <= N_STEPS; at++) {
        struct user u = user_with(1);
        struct judged j = {.d = {.answer = ERR_OK}};

        hmac_calls = 0;
        hmac_fails_at = at;
        assert_int_equal(verify_decide(&u, &code, &c, &j.d, &j.e), ERR_INTERNAL);
        hmac_fails_at = 0;
        assert_int_equal(u.code_lockout.failures, 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_code_of_one_authenticator),
    cmocka_unit_test(of_several_authenticators_the_weightiest_speaks),
    cmocka_unit_test(one_secret_in_two_authenticators_takes_a_code_once),
    cmocka_unit_test(of_two_codes_outside_the_nearer_is_told),
    cmocka_unit_test(every_rejected_code_costs_the_same),
    cmocka_unit_test(an_accepted_code_costs_its_window_and_no_more),
    cmocka_unit_test(rejected_codes_are_told_apart_by_the_evidence_alone),
    cmocka_unit_test(inside_a_wait_nothing_is_computed),
    cmocka_unit_test(a_lock_tells_the_offset_too),
    cmocka_unit_test(a_failing_hmac_is_an_error_whenever_it_fails),
};
RUN(tests)
