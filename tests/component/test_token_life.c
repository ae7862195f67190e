/* Rule 7: what a step token survives, what it is made of, and how many a user may hold. */
#include "support/runner.h"
#include "support/steps.h"

#include "core/user.h"

#include <stdlib.h>

/* What does not change a credential does not end a token either. */
static void what_leaves_a_token_alive(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    char *token;

    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    fail_codes(s, "ada", &e, 2);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"}));
    service_restart(s);
    assert_true(token_lives(s, token));
    free(token);
}

/* No character of a token can be changed. */
static void rule_07_a_token_is_sealed(void **state)
{
    struct service *s = *state;
    char *token;
    size_t n;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    n = strlen(token);
    for (size_t i = 0; i < n; i++) {
        char kept = token[i];

        token[i] = kept == 'A' ? 'Q' : 'A';
        assert_false(token_lives(s, token));
        token[i] = kept;
    }
    token[n - 1] = '\0';
    assert_false(token_lives(s, token));
    assert_false(token_lives(s, "A"));
    assert_false(token_lives(s, "%%%%"));
    free(token);
}

/* A user holds eight; one more ends the oldest, so that nobody fills the record. */
static void the_oldest_of_nine_gives_way(void **state)
{
    struct service *s = *state;
    char *tokens[STEP_TOKENS_MAX + 1];

    service_put_user(s, "ada", PASSWORD);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        tokens[i] = service_issue(s, "ada");
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        assert_int_equal(token_lives(s, tokens[i]), i > 0);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        free(tokens[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_leaves_a_token_alive, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_07_a_token_is_sealed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_oldest_of_nine_gives_way, set_up, tear_down),
};
RUN(tests)
