/* What GetPolicy and PutPolicy tell about guessing: the core's number for the policy in force. */
#include "core/odds.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

static double got(struct service *s)
{
    struct answer a = ASK_RAW(s, "admin.get_policy", {NULL, NULL});
    double told;

    assert_int_equal(a.err, ERR_OK);
    told = ((Twofold__V1__GetPolicyReply *)a.reply)->guess_probability;
    answer_free(&a);
    return told;
}

/* What PutPolicy tells when MODE and whether a code is needed to disable are set. */
static double put(struct service *s, int mode, bool disable_requires_code)
{
    Twofold__V1__PutPolicyRequest ask;
    Twofold__V1__Policy policy;
    char mode_name[] = "mode", code_name[] = "disable_requires_code";
    char *mask[] = {mode_name, code_name};
    struct answer a;
    double told;

    twofold__v1__put_policy_request__init(&ask);
    twofold__v1__policy__init(&policy);
    policy.mode = (Twofold__V1__Policy__Mode)mode;
    policy.disable_requires_code = disable_requires_code;
    ask.policy = &policy;
    ask.update_mask = mask;
    ask.n_update_mask = ARRAY_LEN(mask);
    a = service_call(s, "admin.put_policy", &ask.base);
    assert_int_equal(a.err, ERR_OK);
    told = ((Twofold__V1__PutPolicyReply *)a.reply)->guess_probability;
    answer_free(&a);
    return told;
}

static void rule_05_the_odds_are_those_of_the_policy_in_force(void **state)
{
    struct service *s = *state;
    struct policy p = policy_default();
    struct org org;

    assert_true(got(s) == odds_of_a_guesser(&p));
    assert_true(got(s) > 3.00e-4 && got(s) < 3.01e-4);
    set_policy(s, "digits", 8);
    set_policy(s, "max_authenticators", 3);
    peek_org(s, "default", &org);
    assert_true(got(s) == odds_of_a_guesser(&org.policy));
    assert_true(got(s) > 9.2e-6 && got(s) < 9.3e-6);
}

/* The password alone: said, and so it is. */
static void rule_08_odds_of_one_mean_that_the_password_is_enough(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct told t;

    service_enroll(s, "ada", &e);
    assert_true(put(s, REQUIRED, false) < 1);
    t = EXPECT(ERR_OK,
               ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_POLICY_FORBIDS, ASK(s, "enrollment.disable", {"step_token", t.token}));
    assert_true(put(s, OPTIONAL, true) < 1);
    EXPECT(ERR_VALIDATION, ASK(s, "enrollment.disable", {"step_token", t.token}));
    assert_true(put(s, OPTIONAL, false) >= 1);
    EXPECT(ERR_OK, ASK(s, "enrollment.disable", {"step_token", t.token}));
    assert_int_equal(status(s, "ada").state, NOT_ENROLLED);
    service_enroll(s, "bob", &e);
    assert_true(put(s, DISABLED, true) >= 1);
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "bob"}, {"password", PASSWORD}));
    assert_int_equal(t.outcome, AUTHENTICATED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_05_the_odds_are_those_of_the_policy_in_force, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_08_odds_of_one_mean_that_the_password_is_enough, set_up,
                                    tear_down),
};
RUN(tests)
