/* Of a flood of failures the first ones are told, the rest are counted, and nothing is lost. */
#include "core/repeats.h"

#include "support/runner.h"

enum { FIRST_MS = 1700000000 };

static struct audit_fact failure(enum audit_reason reason)
{
    return (struct audit_fact){.type = AUDIT_VERIFICATION_FAILED,
                               .outcome = AUDIT_DENIED,
                               .reason = reason,
                               .method = BY_TOTP};
}

/* Notes REASON N times, a millisecond apart from FIRST_MS on; how many were to be told. */
static unsigned note(struct repeats *r, enum audit_reason reason, unsigned n, uint32_t limit)
{
    const struct audit_fact fact = failure(reason);
    unsigned told = 0;

    for (unsigned i = 0; i < n; i++)
        told += !repeats_swallow(r, &fact, FIRST_MS + i, limit);
    return told;
}

static void a_minute_begins_with_its_first_millisecond(void **state)
{
    static const struct {
        int64_t now_ms;
        uint32_t minute;
    } rows[] = {
        {0, 0},
        {59999, 0},
        {60000, 1},
        {119999, 1},
        {120000, 2},
        {INT64_C(1700000039999), 28333333},
        {INT64_C(1700000040000), 28333334},
        /* Before 1970 all is one minute: a clock so wrong must not crash anything. */
        {-1, 0},
        {-60000, 0},
        {INT64_MIN, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(repeats_minute(rows[i].now_ms), rows[i].minute);
}

/* Whoever fails is counted; a change of state, a success and a question never are. */
static void failures_alone_are_counted(void **state)
{
    static const enum audit_outcome outcomes[] = {AUDIT_SUCCESS, AUDIT_DENIED, AUDIT_CHALLENGED};

    (void)state;
    for (unsigned type = 0; type < AUDIT_TYPES; type++)
        for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
            const struct audit_fact fact = {.type = (enum audit_type)type, .outcome = outcomes[i]};
            bool failed = strcmp(audit_type_text(fact.type), "verification.failed") == 0 ||
                          strcmp(audit_type_text(fact.type), "login.failed") == 0;

            assert_int_equal(repeats_concern(&fact), failed && outcomes[i] == AUDIT_DENIED);
        }
}

static void the_first_ones_are_told_and_the_rest_is_counted(void **state)
{
    static const struct {
        uint32_t limit;
        unsigned n, told;
    } rows[] = {{1, 1, 1}, {1, 2, 1}, {1, 1000, 1},  {3, 2, 2},
                {3, 3, 3}, {3, 4, 3}, {20, 1000, 20}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct repeats r = {0};

        assert_int_equal(note(&r, WHY_WRONG_CODE, rows[i].n, rows[i].limit), rows[i].told);
        assert_int_equal(r.told, rows[i].told);
        assert_int_equal(r.n, 1);
        if (rows[i].n == rows[i].told) {
            assert_int_equal(r.at[0].span.count, 0);
            continue;
        }
        assert_int_equal(r.at[0].span.count, rows[i].n - rows[i].told);
        assert_int_equal(r.at[0].span.first_ms, FIRST_MS + rows[i].told);
        assert_int_equal(r.at[0].span.last_ms, FIRST_MS + rows[i].n - 1);
    }
}

/* The limit is that of the minute, whatever failed in it. */
static void unlike_failures_share_the_limit_and_no_group(void **state)
{
    struct repeats r = {0};
    struct audit_fact login = failure(WHY_WRONG_CODE), password;

    (void)state;
    login.type = AUDIT_LOGIN_FAILED;
    password = login;
    password.method = BY_PASSWORD;
    assert_int_equal(note(&r, WHY_WRONG_CODE, 2, 3), 2);
    assert_int_equal(note(&r, WHY_LOCKED, 3, 3), 1);
    assert_int_equal(note(&r, WHY_WRONG_CODE, 2, 3), 0);
    assert_false(repeats_swallow(&r, &login, FIRST_MS, 3)); /* the first of its kind */
    assert_true(repeats_swallow(&r, &login, FIRST_MS, 3));
    assert_false(repeats_swallow(&r, &password, FIRST_MS, 3));
    assert_int_equal(r.told, 5);
    assert_int_equal(r.n, 4);
    assert_int_equal(r.at[0].reason, WHY_WRONG_CODE);
    assert_int_equal(r.at[0].span.count, 2);
    assert_int_equal(r.at[1].reason, WHY_LOCKED);
    assert_int_equal(r.at[1].span.count, 2);
    assert_int_equal(r.at[2].type, AUDIT_LOGIN_FAILED);
    assert_int_equal(r.at[2].method, BY_TOTP);
    assert_int_equal(r.at[3].method, BY_PASSWORD);
}

static void what_fits_into_no_group_is_told(void **state)
{
    struct repeats r = {0};
    unsigned told = 0, counted = 0;

    (void)state;
    assert_int_equal(note(&r, WHY_NONE, 1, 1), 1);
    for (int reason = 1; reason < REPEATS_GROUPS_MAX; reason++)
        assert_int_equal(note(&r, (enum audit_reason)reason, 2, 1), 1);
    assert_int_equal(r.n, REPEATS_GROUPS_MAX);
    told += note(&r, (enum audit_reason)REPEATS_GROUPS_MAX, 5, 1);
    assert_int_equal(told, 5);
    /* The groups that there are go on counting. */
    assert_int_equal(note(&r, (enum audit_reason)1, 5, 1), 0);
    assert_int_equal(r.n, REPEATS_GROUPS_MAX);
    assert_int_equal(r.told, REPEATS_GROUPS_MAX + 5);
    for (unsigned i = 0; i < r.n; i++)
        counted += (unsigned)r.at[i].span.count;
    assert_int_equal(counted, REPEATS_GROUPS_MAX - 1 + 5);
}

/* A clock that was put back within the minute: no span ends before it begins. */
static void a_span_holds_all_its_moments(void **state)
{
    static const int64_t times[] = {500, 900, 100, 700};
    const struct audit_fact fact = failure(WHY_WRONG_CODE);
    struct repeats r = {0};

    (void)state;
    assert_false(repeats_swallow(&r, &fact, 0, 1));
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        assert_true(repeats_swallow(&r, &fact, times[i], 1));
    assert_int_equal(r.at[0].span.count, 4);
    assert_int_equal(r.at[0].span.first_ms, 100);
    assert_int_equal(r.at[0].span.last_ms, 900);
}

static void the_fact_of_a_group_says_what_failed_how_often_and_when(void **state)
{
    const struct repeats_group group = {.type = AUDIT_LOGIN_FAILED,
                                        .reason = WHY_WRONG_PASSWORD,
                                        .method = BY_PASSWORD,
                                        .span = {.count = 41, .first_ms = 7, .last_ms = 9}};
    const struct audit_fact fact = repeats_fact(&group);

    (void)state;
    assert_int_equal(fact.type, AUDIT_LOGIN_FAILED);
    assert_int_equal(fact.outcome, AUDIT_DENIED);
    assert_int_equal(fact.reason, WHY_WRONG_PASSWORD);
    assert_int_equal(fact.method, BY_PASSWORD);
    assert_int_equal(fact.span.count, 41);
    assert_int_equal(fact.span.first_ms, 7);
    assert_int_equal(fact.span.last_ms, 9);
    assert_false(fact.has_authenticator);
    assert_int_equal(fact.recovery_slot, '\0');
    assert_int_equal(fact.step_offset, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_minute_begins_with_its_first_millisecond),
    cmocka_unit_test(failures_alone_are_counted),
    cmocka_unit_test(the_first_ones_are_told_and_the_rest_is_counted),
    cmocka_unit_test(unlike_failures_share_the_limit_and_no_group),
    cmocka_unit_test(what_fits_into_no_group_is_told),
    cmocka_unit_test(a_span_holds_all_its_moments),
    cmocka_unit_test(the_fact_of_a_group_says_what_failed_how_often_and_when),
};
RUN(tests)
