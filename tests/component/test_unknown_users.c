/* Rule 11: what an unknown user looks like, to whom. */
#include "support/alike.h"
#include "support/runner.h"

/* Verify and GetStatus: like somebody who never enrolled, however often asked. */
static void rule_11_verify_sees_a_user_without_a_factor(void **state)
{
    struct service *s = *state;

    service_put_user(s, "known", PASSWORD);
    for (int i = 0; i < 120; i++) {
        assert_int_equal(alike(s, "verification.verify", BY_CODE("123456"), NO_SECOND),
                         ERR_NOT_ENROLLED);
        assert_int_equal(alike(s, "verification.verify", BY_RECOVERY(WRONG_RECOVERY), NO_SECOND),
                         ERR_NOT_ENROLLED);
    }
    assert_int_equal(alike(s, "verification.get_status", NO_SECOND, NO_SECOND), ERR_OK);
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
    cmocka_unit_test_setup_teardown(rule_11_verify_sees_a_user_without_a_factor, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_11_the_counter_of_a_name, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unknown_users_are_not_found_in_administration, set_up,
                                    tear_down),
};
RUN(tests)
