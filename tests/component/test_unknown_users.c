/* Rule 11, A53: who does not exist is told nothing that an existing user is not told. */
#include "support/runner.h"
#include "support/steps.h"

/* Asks METHOD for both users; the answers must be equal to the last byte. */
static enum err same_for(struct service *s, const char *method, struct field first,
                         struct field second)
{
    struct answer known, unknown;
    enum err err;

    known = ASK_RAW(s, method, {"username", "known"}, first, second);
    unknown = ASK_RAW(s, method, {"username", "unknown"}, first, second);
    err = known.err;
    if (known.err != unknown.err)
        fail_msg("%s: %s for the known, %s for the unknown", method, err_name(known.err),
                 err_name(unknown.err));
    assert_int_equal(known.raw.n, unknown.raw.n);
    assert_memory_equal(known.raw.p, unknown.raw.p, known.raw.n);
    answer_free(&known);
    answer_free(&unknown);
    return err;
}

static enum err same_login(struct service *s, const char *method)
{
    bool whole = strcmp(method, "login.login") == 0;

    return same_for(s, method, (struct field){"password", "wrong horse"},
                    whole ? BY_CODE("123456") : NO_SECOND);
}

/* The wait in force, as a refusal tells it; asking inside a wait counts nothing. */
static int64_t wait_of(struct service *s)
{
    return ASK(s, "login.confirm_password", {"username", "known"}, {"password", "wrong horse"})
        .retry_after_s;
}

/* The whole way: free tries, every wait from within and just before its end, to the cap and after.
 */
static void attack_A53_a_long_series(void **state)
{
    static const char *const methods[] = {"login.confirm_password", "login.login"};
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    unsigned failures = 0, waits = 0;

    service_enroll(s, "known", &e);
    while (failures < CONSECUTIVE_FAILURES_MAX) {
        enum err err = same_login(s, methods[failures % 2]);
        int64_t wait;

        if (err == ERR_LOCKED) {
            wait = wait_of(s);
            service_advance(s, wait - 1);
            assert_int_equal(same_login(s, methods[waits % 2]), ERR_LOCKED);
            service_advance(s, 1);
            waits++;
            if (waits % 10 == 0)
                service_restart(s);
            continue;
        }
        assert_int_equal(err, ERR_WRONG_CREDENTIALS);
        failures++;
    }
    assert_int_equal(waits, CONSECUTIVE_FAILURES_MAX - 6);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(same_login(s, methods[i % 2]), ERR_SUSPENDED);
        service_advance(s, 86400);
    }
    service_restart(s);
    assert_int_equal(same_login(s, methods[0]), ERR_SUSPENDED);
}

/* A malformed request is malformed for everybody. */
static void attack_A53_malformed_requests(void **state)
{
    static const struct field bad[][2] = {
        {{"password", "short"}, {NULL, NULL}},
        {{"password", NULL}, {NULL, NULL}},
        {{"password", PASSWORD}, {"code", "12345"}},
        {{"password", PASSWORD}, {"recovery_code", "x"}},
        {{"step_token", ""}, {NULL, NULL}},
    };
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "known", &e);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(same_for(s, "login.login", bad[i][0], bad[i][1]), ERR_VALIDATION);
    assert_int_equal(same_for(s, "login.login", (struct field){"step_token", "AAAA"}, NO_SECOND),
                     ERR_INVALID_TOKEN);
}

/* Verify and GetStatus: like somebody who never enrolled, however often asked. */
static void rule_11_verify_sees_a_user_without_a_factor(void **state)
{
    struct service *s = *state;

    service_put_user(s, "known", PASSWORD);
    for (int i = 0; i < 120; i++) {
        assert_int_equal(same_for(s, "verification.verify", BY_CODE("123456"), NO_SECOND),
                         ERR_NOT_ENROLLED);
        assert_int_equal(same_for(s, "verification.verify", BY_RECOVERY(WRONG_RECOVERY), NO_SECOND),
                         ERR_NOT_ENROLLED);
    }
    assert_int_equal(same_for(s, "verification.get_status", NO_SECOND, NO_SECOND), ERR_OK);
}

/* The counter of a name belongs to the name in its organization, and ends when the user is made. */
static void rule_11_the_counter_of_a_name(void **state)
{
    struct service *s = *state;
    struct told t = {.err = ERR_OK};

    for (int i = 0; i < 6; i++)
        t = EXPECT(ERR_WRONG_CREDENTIALS,
                   ASK(s, "login.login", {"username", "zoe"}, {"password", PASSWORD}));
    service_last_event(s, "account.locked", REASON(WRONG_PASSWORD));
    assert_int_equal(t.retry_after_s, 30);
    EXPECT(ERR_LOCKED, ASK(s, "login.login", {"username", "zoe"}, {"password", PASSWORD}));
    t = EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.login", {"username", "Zoe"}, {"password", PASSWORD}));
    assert_int_equal(t.attempts_left, 4);
    service_last_event(s, "login.failed", REASON(UNKNOWN_USER));
    service_put_user(s, "zoe", PASSWORD);
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "zoe"}, {"password", PASSWORD}));
    assert_int_equal(t.outcome, AUTHENTICATED);
}

/* Administration is told the truth. */
static void unknown_users_are_not_found_in_administration(void **state)
{
    static const char *const methods[] = {"admin.delete_user", "admin.reset_second_factor",
                                          "admin.unlock", "admin.issue_step_token"};
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        EXPECT(ERR_NOT_FOUND, ASK(s, methods[i], {"username", "unknown"}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A53_a_long_series, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A53_malformed_requests, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_11_verify_sees_a_user_without_a_factor, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_11_the_counter_of_a_name, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unknown_users_are_not_found_in_administration, set_up,
                                    tear_down),
};
RUN(tests)
