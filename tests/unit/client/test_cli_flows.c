/* Commands of several steps, against a script of what the service is asked and what it answers. */
#include "support/runner.h"
#include "unit/client/script.h"

#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/audit.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

static Twofold__V1__ConfirmPasswordRequest password_request = {
    PROTOBUF_C_MESSAGE_INIT(&twofold__v1__confirm_password_request__descriptor), "alice",
    "pass word"};
static Twofold__V1__ConfirmPasswordReply password_reply = {
    PROTOBUF_C_MESSAGE_INIT(&twofold__v1__confirm_password_reply__descriptor), "tok", 99};

static void login_asks_for_the_code_when_it_is_needed(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__LoginRequest first = TWOFOLD__V1__LOGIN_REQUEST__INIT, second = first;
    Twofold__V1__LoginReply challenge = TWOFOLD__V1__LOGIN_REPLY__INIT, done = challenge;
    const struct step steps[] = {
        {"login.login", &first.base, &challenge.base, NULL},
        {"login.login", &second.base, &done.base, NULL},
        {0},
    };

    first.username = second.username = "alice";
    first.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    first.password = "pass word";
    challenge.outcome = TWOFOLD__V1__LOGIN_REPLY__OUTCOME__CODE_REQUIRED;
    challenge.step_token = "tok2";
    second.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_STEP_TOKEN;
    second.step_token = "tok2";
    second.second_factor_case = TWOFOLD__V1__LOGIN_REQUEST__SECOND_FACTOR_CODE;
    second.code = "123456";
    done.outcome = TWOFOLD__V1__LOGIN_REPLY__OUTCOME__AUTHENTICATED;
    script_run(bench, steps, "login alice", "pass word\n123 456\n");
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "outcome: AUTHENTICATED\n"));
}

/* Only AUTHENTICATED is a yes. */
static void other_outcomes_of_a_login_are_no(void **state)
{
    static const int outcomes[] = {0, 2, 3, 77};
    struct bench *bench = *state;
    Twofold__V1__LoginRequest request = TWOFOLD__V1__LOGIN_REQUEST__INIT;
    Twofold__V1__LoginReply reply = TWOFOLD__V1__LOGIN_REPLY__INIT;
    const struct step steps[] = {{"login.login", &request.base, &reply.base, NULL}, {0}};

    request.username = "alice";
    request.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    request.password = "pass word";
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        reply.outcome = (Twofold__V1__LoginReply__Outcome)outcomes[i];
        script_run(bench, steps, "login alice", "pass word\n");
        assert_int_not_equal(bench->run.code, 0);
    }
}

static void policy_set_names_what_it_sets(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__PutPolicyRequest request = TWOFOLD__V1__PUT_POLICY_REQUEST__INIT;
    Twofold__V1__PutPolicyReply reply = TWOFOLD__V1__PUT_POLICY_REPLY__INIT;
    Twofold__V1__Policy policy = TWOFOLD__V1__POLICY__INIT;
    char *mask[] = {"mode", "recovery_code_count", "issuer", "disable_requires_code"};
    const struct step steps[] = {{"admin.put_policy", &request.base, &reply.base, NULL}, {0}};

    policy.mode = TWOFOLD__V1__POLICY__MODE__REQUIRED;
    policy.issuer = "Acme=1";
    request.policy = reply.policy = &policy;
    request.update_mask = mask;
    request.n_update_mask = 4;
    script_run(
        bench, steps,
        "policy set mode=required recovery_code_count=0 issuer=Acme=1 disable_requires_code=false",
        NULL);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "mode: REQUIRED\n"));
    assert_non_null(strstr(bench->run.out, "recovery_code_count: 0\n"));
}

static void user_list_turns_the_pages(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__ListUsersRequest first = TWOFOLD__V1__LIST_USERS_REQUEST__INIT, second = first;
    Twofold__V1__ListUsersReply one = TWOFOLD__V1__LIST_USERS_REPLY__INIT, two = one;
    Twofold__V1__ListUsersReply__User alice = TWOFOLD__V1__LIST_USERS_REPLY__USER__INIT,
                                      bob = alice;
    Twofold__V1__ListUsersReply__User *alices[] = {&alice}, *bobs[] = {&bob};
    const struct step steps[] = {
        {"admin.list_users", &first.base, &one.base, NULL},
        {"admin.list_users", &second.base, &two.base, NULL},
        {0},
    };

    alice.username = "alice";
    alice.state = TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
    bob.username = "bob\x1b";
    bob.state = TWOFOLD__V1__SECOND_FACTOR__STATE__PENDING;
    one.users = alices;
    two.users = bobs;
    one.n_users = two.n_users = 1;
    one.next_page_token = second.page_token = "p2";
    script_run(bench, steps, "user list", NULL);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "alice\tACTIVE\nbob\\x1b\tPENDING\n");
}

static void user_delete_says_that_it_is_done(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__DeleteUserRequest request = TWOFOLD__V1__DELETE_USER_REQUEST__INIT;
    Twofold__V1__DeleteUserReply reply = TWOFOLD__V1__DELETE_USER_REPLY__INIT;
    const struct step steps[] = {{"admin.delete_user", &request.base, &reply.base, NULL}, {0}};

    request.username = "alice";
    script_run(bench, steps, "user delete alice", NULL);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "deleted: true\n");
    script_run(bench, steps, "user delete alice --json", NULL);
    assert_string_equal(bench->run.out, "{}\n");
}

/* Blanks are an app's; in a password they are the user's, and of a recovery code the service's. */
static void blanks_are_dropped_from_codes_only(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    const struct step steps[] = {{"verification.verify", &request.base, &reply.base, NULL}, {0}};

    request.username = "alice";
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = "123456";
    script_run(bench, steps, "verify alice", " 123 \t456 \n");
    assert_int_equal(bench->run.code, 0);
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    request.recovery_code = "1ABCD EFGHJ";
    script_run(bench, steps, "verify alice --recovery", "1ABCD EFGHJ\n");
    assert_int_equal(bench->run.code, 0);
}

static void disable_sends_what_is_entered(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__DisableRequest request = TWOFOLD__V1__DISABLE_REQUEST__INIT;
    Twofold__V1__DisableReply reply = TWOFOLD__V1__DISABLE_REPLY__INIT;
    const struct step steps[] = {
        {"login.confirm_password", &password_request.base, &password_reply.base, NULL},
        {"enrollment.disable", &request.base, &reply.base, NULL},
        {0},
    };

    reply.state = TWOFOLD__V1__SECOND_FACTOR__STATE__NOT_ENROLLED;
    request.step_token = "tok";
    script_run(bench, steps, "disable alice", "pass word\n\n"); /* the policy wants no code */
    assert_int_equal(bench->run.code, 0);
    request.second_factor_case = TWOFOLD__V1__DISABLE_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    request.recovery_code = "1ABCD";
    script_run(bench, steps, "disable alice --recovery", "pass word\n1ABCD\n");
    assert_non_null(strstr(bench->run.out, "state: NOT_ENROLLED\n"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(login_asks_for_the_code_when_it_is_needed, script_set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(other_outcomes_of_a_login_are_no, script_set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(policy_set_names_what_it_sets, script_set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(user_list_turns_the_pages, script_set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(user_delete_says_that_it_is_done, script_set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(blanks_are_dropped_from_codes_only, script_set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(disable_sends_what_is_entered, script_set_up, script_tear_down),
};

RUN(tests)
