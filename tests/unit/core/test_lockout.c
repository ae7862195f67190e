/* Rule 5: how many failures are free, how long the waits are, and where they end. */
#include "core/lockout.h"

#include "support/runner.h"

enum { NOW = 1700000000 };

static const struct policy usual = {.max_failures = 5, .lockout_seconds = 30};

static enum lockout_state check(const struct lockout *l, int64_t now_s)
{
    int64_t retry_after_s;

    return lockout_check(l, now_s, &retry_after_s);
}

static void waits_double_to_an_hour(void **state)
{
    /* Of the first failure on, with the usual policy. */
    static const int64_t expected[] = {0,   0,   0,   0,    0,    30,   60,  120,
                                       240, 480, 960, 1920, 3600, 3600, 3600};

    (void)state;
    for (uint32_t n = 1; n <= 100; n++) {
        int64_t wait_s = n <= ARRAY_LEN(expected) ? expected[n - 1] : 3600;

        assert_int_equal(lockout_wait_s(n, &usual), wait_s);
    }
    assert_int_equal(lockout_wait_s(0, &usual), 0);
}

static void waits_follow_the_policy_and_never_overflow(void **state)
{
    static const struct {
        int32_t max_failures, lockout_seconds;
        uint32_t failures;
        int64_t wait_s;
    } rows[] = {
        {1, 1, 1, 0},         {1, 1, 2, 1},
        {1, 1, 3, 2},         {1, 1, 12, 1024},
        {1, 1, 13, 2048},     {1, 1, 14, 3600},
        {1, 1, 100, 3600},    {10, 3600, 10, 0},
        {10, 3600, 11, 3600}, {10, 3600, 12, 3600},
        {5, 1800, 7, 3600},   {5, 1801, 7, 3600},
        {5, 1799, 7, 3598},   {1, 1, UINT32_MAX, 3600},
        {10, 3600, 22, 3600}, {1, INT32_MAX, 13, 3600},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct policy p = {.max_failures = rows[i].max_failures,
                           .lockout_seconds = rows[i].lockout_seconds};

        assert_int_equal(lockout_wait_s(rows[i].failures, &p), rows[i].wait_s);
    }
}

/* A hundred failures, each as soon as it is looked at. */
static void a_run_of_failures_leads_from_open_over_waiting_to_suspended(void **state)
{
    struct lockout l = {0};
    int64_t now_s = NOW;

    (void)state;
    for (uint32_t n = 1; n <= 100; n++) {
        int64_t wait_s = lockout_wait_s(n, &usual);
        enum lockout_state expected = n == 100 ? LOCKOUT_SUSPENDED
                                      : n > 5  ? LOCKOUT_WAITING
                                               : LOCKOUT_OPEN;

        assert_int_equal(check(&l, now_s), LOCKOUT_OPEN);
        assert_int_equal(lockout_attempts_left(&l, &usual), n <= 5 ? 6 - (int32_t)n : 0);
        assert_int_equal(lockout_fail(&l, &usual, now_s), expected);
        assert_int_equal(l.failures, n);
        now_s += wait_s;
    }
    assert_int_equal(check(&l, now_s), LOCKOUT_SUSPENDED);
    assert_int_equal(check(&l, INT64_MAX), LOCKOUT_SUSPENDED);
}

static void a_wait_ends_on_its_second(void **state)
{
    struct lockout l = {.failures = 5};
    int64_t retry_after_s = -1;

    (void)state;
    assert_int_equal(lockout_fail(&l, &usual, NOW), LOCKOUT_WAITING);
    assert_int_equal(l.until_s, NOW + 30);
    assert_int_equal(lockout_check(&l, NOW, &retry_after_s), LOCKOUT_WAITING);
    assert_int_equal(retry_after_s, 30);
    assert_int_equal(lockout_check(&l, NOW + 29, &retry_after_s), LOCKOUT_WAITING);
    assert_int_equal(retry_after_s, 1);
    assert_int_equal(lockout_check(&l, NOW + 30, &retry_after_s), LOCKOUT_OPEN);
    assert_int_equal(retry_after_s, 0);
}

static void the_count_stops_at_the_cap(void **state)
{
    struct lockout l = {.failures = CONSECUTIVE_FAILURES_MAX};
    int64_t retry_after_s = -1;

    (void)state;
    assert_int_equal(lockout_fail(&l, &usual, NOW), LOCKOUT_SUSPENDED);
    assert_int_equal(l.failures, CONSECUTIVE_FAILURES_MAX);
    assert_int_equal(lockout_check(&l, NOW, &retry_after_s), LOCKOUT_SUSPENDED);
    assert_int_equal(retry_after_s, 0);
}

static void a_success_ends_the_run(void **state)
{
    struct lockout l = {.failures = 99, .until_s = NOW + 3600};

    (void)state;
    lockout_reset(&l);
    assert_int_equal(check(&l, NOW), LOCKOUT_OPEN);
    assert_int_equal(lockout_attempts_left(&l, &usual), 5);
    assert_int_equal(lockout_fail(&l, &usual, NOW), LOCKOUT_OPEN);
    assert_int_equal(l.failures, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(waits_double_to_an_hour),
    cmocka_unit_test(waits_follow_the_policy_and_never_overflow),
    cmocka_unit_test(a_run_of_failures_leads_from_open_over_waiting_to_suspended),
    cmocka_unit_test(a_wait_ends_on_its_second),
    cmocka_unit_test(the_count_stops_at_the_cap),
    cmocka_unit_test(a_success_ends_the_run),
};
RUN(tests)
