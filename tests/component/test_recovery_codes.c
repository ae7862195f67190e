/* Rule 10: what recovery codes look like, how they may be typed, and that each works once. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <ctype.h>
#include <stdlib.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static enum err use(struct service *s, const char *username, const char *code)
{
    return service_verify_recovery(s, username, code);
}

static void rule_10_codes_are_a_slot_and_24_random_characters(void **state)
{
    struct enrolled e;

    service_enroll(*state, "ada", &e);
    assert_int_equal(e.n_codes, 10);
    for (size_t i = 0; i < e.n_codes; i++) {
        assert_int_equal(strlen(e.codes[i]), 29);
        for (size_t k = 0; k < 29; k++)
            if (k % 6 == 5)
                assert_int_equal(e.codes[i][k], '-');
            else
                assert_non_null(strchr(alphabet, e.codes[i][k]));
        assert_int_equal(e.codes[i][0], alphabet[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(e.codes[i] + 1, e.codes[k] + 1);
    }
}

static void rule_10_any_order_and_the_rest_is_counted_everywhere(void **state)
{
    static const unsigned order[] = {7, 0, 9, 3, 1, 8, 2, 6, 5, 4};
    struct service *s = *state;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    assert_int_equal(status(s, "ada").recovery_left, 10);
    for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
        int32_t left = 9 - (int32_t)i;
        bool by_login = i % 2;
        struct told t = by_login ? ASK(s, "login.login", {"username", "ada"},
                                       {"password", PASSWORD}, {"recovery_code", e.codes[order[i]]})
                                 : ASK(s, "verification.verify", {"username", "ada"},
                                       {"recovery_code", e.codes[order[i]]});

        assert_int_equal(EXPECT(ERR_OK, t).recovery_left, left);
        assert_int_equal(status(s, "ada").recovery_left, left);
        service_last_event(s, left <= 3 ? "recovery.low" : "recovery.used",
                           REASON(REASON_UNSPECIFIED));
    }
    assert_int_equal(use(s, "ada", e.codes[0]), ERR_CODE_REJECTED);
}

/* The ways to type a code; 0 and 1 as their look-alikes ZERO and ONE. */
static const struct {
    bool lower, dashes;
    char between, zero, one;
} typings[] = {
    {true, true, 0, '0', '1'},    {false, false, 0, '0', '1'},   {true, false, 0, 'o', 'l'},
    {false, true, ' ', 'O', 'I'}, {false, false, '-', 'O', 'L'}, {true, true, ' ', 'o', 'i'},
};

static const char *typed(const char *code, size_t how, char text[static 80])
{
    size_t n = 0;

    for (; *code; code++) {
        char c = *code == '0' ? typings[how].zero : *code == '1' ? typings[how].one : *code;

        if (c == '-' && !typings[how].dashes)
            continue;
        text[n++] = typings[how].lower ? (char)tolower((unsigned char)c) : c;
        if (typings[how].between)
            text[n++] = typings[how].between;
    }
    text[n] = '\0';
    return text;
}

/* Code 0 has a zero in front, code 1 a one. */
static void rule_10_case_dashes_and_lookalikes_do_not_matter(void **state)
{
    struct service *s = *state;

    for (size_t how = 0; how < ARRAY_LEN(typings); how++) {
        struct enrolled e;
        char text[80];

        service_enroll(s, "ada", &e);
        assert_int_equal(use(s, "ada", typed(e.codes[0], how, text)), ERR_OK);
        assert_int_equal(use(s, "ada", typed(e.codes[1], how, text)), ERR_OK);
        assert_int_equal(use(s, "ada", e.codes[1]), ERR_CODE_REJECTED);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    }
}

/* A slot that the set does not have, whatever the random part. */
static void a_slot_beyond_the_set_is_a_wrong_code(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[RECOVERY_TEXT_BYTES];

    service_enroll(s, "ada", &e);
    for (size_t slot = 1; slot < 32; slot++) {
        memcpy(code, e.codes[0], sizeof code);
        code[0] = alphabet[slot];
        service_advance(s, 3600);
        assert_int_equal(use(s, "ada", code), ERR_CODE_REJECTED);
    }
    service_advance(s, 3600);
    assert_int_equal(use(s, "ada", e.codes[0]), ERR_OK);
}

static void regenerating_ends_the_codes_in_hand(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    struct told fresh;
    char *token;

    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    fresh = EXPECT(ERR_OK, ASK(s, "enrollment.regenerate_recovery_codes", {"step_token", token},
                               {"code", app_code(&e.app, s, 0, code)}));
    assert_int_equal(fresh.n_codes, 10);
    assert_int_equal(use(s, "ada", e.codes[2]), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(WRONG_RECOVERY_CODE));
    assert_int_equal(use(s, "ada", fresh.codes[2]), ERR_OK);
    free(token);
}

static void the_policy_says_how_many_codes_and_none_is_fine(void **state)
{
    static const int32_t counts[] = {0, 1, 16};
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct enrolled e;

        set_policy(s, "recovery_code_count", counts[i]);
        service_enroll(s, "ada", &e);
        assert_int_equal(e.n_codes, counts[i]);
        assert_int_equal(status(s, "ada").recovery_left, counts[i]);
        for (size_t k = 0; k < e.n_codes; k++)
            assert_int_equal(use(s, "ada", e.codes[k]), ERR_OK);
        assert_int_equal(use(s, "ada", WRONG_RECOVERY), ERR_CODE_REJECTED);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_10_codes_are_a_slot_and_24_random_characters, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_10_any_order_and_the_rest_is_counted_everywhere, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_10_case_dashes_and_lookalikes_do_not_matter, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_slot_beyond_the_set_is_a_wrong_code, set_up, tear_down),
    cmocka_unit_test_setup_teardown(regenerating_ends_the_codes_in_hand, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_policy_says_how_many_codes_and_none_is_fine, set_up,
                                    tear_down),
};
RUN(tests)
