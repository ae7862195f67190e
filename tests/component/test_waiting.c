/* Rule 5: waits that double to an hour, a cap, and nothing looked at inside a wait. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static void unlock(struct service *s)
{
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
}

static struct told wrong(struct service *s, const struct enrolled *e, size_t factor)
{
    char code[OTP_DIGITS_MAX + 1];

    switch (factor) {
    case 0:
        return ASK(s, "login.confirm_password", {"username", "ada"}, {"password", "wrong horse"});
    case 1:
        return ASK(s, "verification.verify", {"username", "ada"},
                   {"code", app_wrong_code(&e->app, s, code)});
    default:
        return ASK(s, "verification.verify", {"username", "ada"},
                   {"recovery_code", WRONG_RECOVERY});
    }
}

static struct told right(struct service *s, const struct enrolled *e, size_t factor)
{
    char code[OTP_DIGITS_MAX + 1];

    switch (factor) {
    case 0:
        return ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD});
    case 1:
        return ASK(s, "verification.verify", {"username", "ada"},
                   {"code", app_code(&e->app, s, 0, code)});
    default:
        return ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", e->codes[0]});
    }
}

enum { FACTORS = 3 };

/* 30, 60, ... 1920, then an hour each; the retry of a LOCKED answer counts down. */
static void rule_05_wait_doubles_to_an_hour(void **state)
{
    static const int64_t waits[] = {0,   0,   0,   0,    0,    30,   60,  120,
                                    240, 480, 960, 1920, 3600, 3600, 3600};
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++)
        for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
            enum err no = factor == 0 ? ERR_WRONG_CREDENTIALS : ERR_CODE_REJECTED;

            assert_int_equal(EXPECT(no, wrong(s, &e, factor)).retry_after_s, waits[i]);
            if (waits[i] == 0)
                continue;
            service_advance(s, waits[i] - 1);
            assert_int_equal(EXPECT(ERR_LOCKED, wrong(s, &e, factor)).retry_after_s, 1);
            service_advance(s, 1);
        }
}

/* The policy's own numbers. */
static void rule_05_the_policy_sets_tries_and_first_wait(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    set_policy(s, "max_failures", 1);
    set_policy(s, "lockout_seconds", 3600);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).retry_after_s, 0);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).retry_after_s, 3600);
    service_advance(s, 3600);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).retry_after_s, 3600);
}

/* Inside a wait a right one is refused, is not spent, and costs nothing; neither does a wrong one.
 */
static void rule_05_nothing_is_looked_at_inside_a_wait(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++) {
        for (int i = 0; i < 6; i++)
            (void)wrong(s, &e, factor);
        service_advance(s, 20);
        for (int i = 0; i < 50; i++) {
            assert_int_equal(EXPECT(ERR_LOCKED, wrong(s, &e, factor)).retry_after_s, 10);
            assert_int_equal(EXPECT(ERR_LOCKED, right(s, &e, factor)).retry_after_s, 10);
        }
        service_last_event(s, factor == 0 ? "login.failed" : "verification.failed", REASON(LOCKED));
        service_advance(s, 10);
        EXPECT(ERR_OK, right(s, &e, factor));
    }
    assert_int_equal(status(s, "ada").recovery_left, 9);
}

/* A14: the patient guesser is stopped for good at a hundred, and the right one does not help. */
static void attack_A14_suspended_at_a_hundred(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++) {
        struct told t = {.retry_after_s = 0};

        for (int i = 0; i < 99; i++) {
            t = wrong(s, &e, factor);
            assert_true(t.err == ERR_CODE_REJECTED || t.err == ERR_WRONG_CREDENTIALS);
            service_advance(s, t.retry_after_s);
        }
        t = wrong(s, &e, factor);
        assert_true(t.err == ERR_CODE_REJECTED || t.err == ERR_WRONG_CREDENTIALS);
        service_last_event(s, "account.suspended",
                           factor == 0   ? REASON(WRONG_PASSWORD)
                           : factor == 1 ? REASON(WRONG_CODE)
                                         : REASON(WRONG_RECOVERY_CODE));
        EXPECT(ERR_SUSPENDED, right(s, &e, factor));
        service_advance(s, 10 * 365 * 86400);
        EXPECT(ERR_SUSPENDED, right(s, &e, factor));
        service_restart(s);
        EXPECT(ERR_SUSPENDED, right(s, &e, factor));
        assert_int_equal(status(s, "ada").state, factor == 1 ? SUSPENDED : ACTIVE);
        unlock(s);
        assert_int_equal(status(s, "ada").state, ACTIVE);
        EXPECT(ERR_OK, right(s, &e, factor));
    }
}

/* A74: what is locked or suspended is so through every verb. */
static void attack_A74_locked_everywhere(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    fail_codes(s, "ada", &e, 5);
    EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
    for (int suspended = 0; suspended < 2; suspended++) {
        for (size_t i = 0; i < n_verbs; i++)
            EXPECT(suspended ? ERR_SUSPENDED : ERR_LOCKED,
                   offer(s, &verbs[i], "ada", BY_CODE(app_code(&e.app, s, 0, code))));
        service_advance(s, 30);
        if (!suspended)
            fail_codes(s, "ada", &e, 94);
    }
    unlock(s);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void rule_05_restart_forgets_nothing(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++) {
        for (int i = 0; i < 5; i++) {
            (void)wrong(s, &e, factor);
            service_restart(s);
        }
        assert_int_equal(wrong(s, &e, factor).retry_after_s, 30);
        service_restart(s);
        service_advance(s, 29);
        assert_int_equal(EXPECT(ERR_LOCKED, right(s, &e, factor)).retry_after_s, 1);
    }
}

/* Unlock ends waits of all three at once; GetStatus tells the wait for codes. */
static void rule_05_unlock_ends_waits(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++)
        for (int i = 0; i < 6; i++)
            (void)wrong(s, &e, factor);
    assert_int_equal(status(s, "ada").retry_after_s, 30);
    unlock(s);
    service_last_event(s, "account.unlocked", REASON(REASON_UNSPECIFIED));
    assert_int_equal(status(s, "ada").retry_after_s, 0);
    for (size_t factor = 0; factor < FACTORS; factor++)
        EXPECT(ERR_OK, right(s, &e, factor));
}

/* A08: 5,000 wrong codes at once, in batches as they come: six are looked at. */
static void attack_A08_parallel_wrong_codes(void **state)
{
    enum { BATCH = 250, BATCHES = 20 };
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct bytes payloads[BATCH];
    enum err errs[BATCH];
    char code[OTP_DIGITS_MAX + 1];
    unsigned evaluated = 0, locked = 0;
    uint8_t *packed;
    size_t n;

    service_enroll(s, "ada", &e);
    packed = pack(s, "verification.verify",
                  (const struct field[]){
                      {"username", "ada"}, {"code", app_wrong_code(&e.app, s, code)}, {NULL, NULL}},
                  &n);
    for (size_t i = 0; i < BATCH; i++)
        payloads[i] = (struct bytes){.p = packed, .n = n};
    for (int batch = 0; batch < BATCHES; batch++) {
        service_batch(s, "twofold.v1.default.verification.verify", payloads, BATCH, errs);
        for (size_t i = 0; i < BATCH; i++) {
            evaluated += errs[i] == ERR_CODE_REJECTED;
            locked += errs[i] == ERR_LOCKED;
        }
    }
    assert_int_equal(evaluated, 6);
    assert_int_equal(locked, BATCH * BATCHES - 6);
    free(packed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_05_wait_doubles_to_an_hour, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_05_the_policy_sets_tries_and_first_wait, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_05_nothing_is_looked_at_inside_a_wait, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A14_suspended_at_a_hundred, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A74_locked_everywhere, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_05_restart_forgets_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_05_unlock_ends_waits, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A08_parallel_wrong_codes, set_up, tear_down),
};
RUN(tests)
