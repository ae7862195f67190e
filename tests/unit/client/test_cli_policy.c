/* `policy show` and `policy set`: the odds of a guesser, as one number that stays an upper bound.
 */
#include "support/runner.h"
#include "unit/client/script.h"

#include <twofold/v1/admin.pb-c.h>

static Twofold__V1__Policy policy = {PROTOBUF_C_MESSAGE_INIT(&twofold__v1__policy__descriptor),
                                     0,
                                     "Acme",
                                     0,
                                     6,
                                     30,
                                     1,
                                     5,
                                     30,
                                     600,
                                     300,
                                     10,
                                     1,
                                     1};

#define SENTENCE "a guesser who knows the password succeeds with a probability of at most 1 in "

static void show(struct bench *bench, double probability, const char *args)
{
    Twofold__V1__GetPolicyRequest request = TWOFOLD__V1__GET_POLICY_REQUEST__INIT;
    Twofold__V1__GetPolicyReply reply = TWOFOLD__V1__GET_POLICY_REPLY__INIT;
    const struct step steps[] = {{"admin.get_policy", &request.base, &reply.base, NULL}, {0}};

    reply.policy = &policy;
    reply.guess_probability = probability;
    script_run(bench, steps, args, NULL);
    assert_int_equal(bench->run.code, 0);
}

static void show_tells_the_odds_as_one_number(void **state)
{
    static const struct {
        double probability;
        const char *line;
    } rows[] = {
        {3 * 2148.0 * 100 / 2147483648.0, SENTENCE "3332 before the account is suspended\n"},
        {0.3, SENTENCE "3 before the account is suspended\n"},
        {1e-12, SENTENCE "1000000000000 before the account is suspended\n"},
        {1, "whoever knows the password needs no code\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench *bench = *state;

        show(bench, rows[i].probability, "policy show");
        assert_non_null(strstr(bench->run.out, "max_failures: 5\n"));
        assert_non_null(strstr(bench->run.out, rows[i].line));
    }
}

static void json_has_the_number_itself(void **state)
{
    struct bench *bench = *state;

    show(bench, 0.25, "--json policy show");
    assert_non_null(strstr(bench->run.out, "\"guess_probability\":0.25"));
    assert_null(strstr(bench->run.out, "guesser"));
}

/* From a service that does not tell it. */
static void without_a_number_nothing_is_said(void **state)
{
    struct bench *bench = *state;

    show(bench, 0, "policy show");
    assert_non_null(strstr(bench->run.out, "max_failures: 5\n"));
    assert_null(strstr(bench->run.out, "password"));
}

static void set_tells_the_odds_of_what_is_set(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__PutPolicyRequest request = TWOFOLD__V1__PUT_POLICY_REQUEST__INIT;
    Twofold__V1__PutPolicyReply reply = TWOFOLD__V1__PUT_POLICY_REPLY__INIT;
    Twofold__V1__Policy asked = TWOFOLD__V1__POLICY__INIT;
    char *mask[] = {"digits"};
    const struct step steps[] = {{"admin.put_policy", &request.base, &reply.base, NULL}, {0}};

    asked.digits = 8;
    request.policy = &asked;
    request.update_mask = mask;
    request.n_update_mask = 1;
    reply.policy = &policy;
    reply.guess_probability = 0.001;
    script_run(bench, steps, "policy set digits=8", NULL);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, SENTENCE "1000 before"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(show_tells_the_odds_as_one_number, script_set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(json_has_the_number_itself, script_set_up, script_tear_down),
    cmocka_unit_test_setup_teardown(without_a_number_nothing_is_said, script_set_up,
                                    script_tear_down),
    cmocka_unit_test_setup_teardown(set_tells_the_odds_of_what_is_set, script_set_up,
                                    script_tear_down),
};
RUN(tests)
