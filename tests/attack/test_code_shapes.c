/* A47, A03: what is no code is refused before anybody looks at a counter. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

/* "@" stands for the right code: shapes that contain it must not be taken for it. */
static const char *const shapes[] = {
    "",
    "1",
    "12345",
    "1234567",
    "123456789",
    "+12345",
    "-00001",
    "1e5",
    "0x1F2A",
    "12 456",
    "@ ",
    " @",
    "@\t",
    "@\n",
    "\r\n@",
    "@\xc2\xa0",
    "\xef\xbb\xbf@",
    "@\xe2\x80\x8b",
    "0@",
    "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6",                         /* Arabic-Indic */
    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96", /* full width */
    "12345\xf0\x9d\x9f\x8e",                                                    /* mathematical */
    "12345\xc2\xb2",
    "123,45",
    "123.45",
    "1_2345",
    "123-456",
    "0b1010",
    "abcdef",
    "NaN",
    "null",
    "%31%32%33%34%35%36",
    "@@",
    "@,@",
    "@\x7f",
    "12345O",
};

static const char *shape_of(const char *pattern, const char *right, char text[static 64])
{
    size_t n = 0;

    for (; *pattern; pattern++)
        n += (size_t)snprintf(text + n, 64 - n, "%.*s", *pattern == '@' ? 6 : 1,
                              *pattern == '@' ? right : pattern);
    return text;
}

/* Every way in; TOKEN is of the kind that the method takes. */
static enum err offer_code(struct service *s, const char *method, const char *token,
                           const char *code)
{
    bool by_name = strcmp(method, "verification.verify") == 0 || strcmp(method, "login.login") == 0;

    return ASK(s, method, {"username", by_name ? "ada" : NULL}, {"step_token", token},
               {"code", code})
        .err;
}

static void every_shape_is_refused(struct service *s, const char *method, const char *token,
                                   const char *right)
{
    struct standing before, after;
    char text[64];

    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const char *code = shape_of(shapes[i], right, text);
        enum err err = offer_code(s, method, token, code);

        if (err != ERR_VALIDATION)
            fail_msg("%s took \"%s\": %s", method, code, err_name(err));
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

static const char *const verbs_with_code[] = {
    "login.login",
    "enrollment.begin",
    "enrollment.disable",
    "enrollment.regenerate_recovery_codes",
};

static void attack_A47_A03_shapes_are_no_codes_in_any_verb(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char right[OTP_DIGITS_MAX + 1];
    char *token;

    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    app_code(&e.app, s, 0, right);
    every_shape_is_refused(s, "verification.verify", NULL, right);
    for (size_t i = 0; i < ARRAY_LEN(verbs_with_code); i++)
        every_shape_is_refused(s, verbs_with_code[i], token, right);
    assert_int_equal(offer_code(s, "login.login", token, right), ERR_OK);
    free(token);
}

static void attack_A47_A03_shapes_confirm_nothing(void **state)
{
    struct service *s = *state;
    char right[OTP_DIGITS_MAX + 1];
    struct told begun;

    service_put_user(s, "ada", PASSWORD);
    begun = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    app_code(&begun.app, s, 0, right);
    every_shape_is_refused(s, "enrollment.confirm", begun.token, right);
    EXPECT(ERR_OK, confirm(s, &begun, true));
}

/* The right code with a NUL behind it, before it or inside. */
static void attack_A47_a_NUL_is_no_end_of_a_code(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1], text[64];
    static const char *const patterns[] = {"@\x01", "\x01@",
                                           "123\x01"
                                           "56",
                                           "@\x01"
                                           "1"};

    service_enroll(s, "ada", &e);
    app_code(&e.app, s, 0, code);
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        char shaped[64];
        size_t n = 0;
        uint8_t *packed;
        struct answer a;

        snprintf(text, sizeof text, "%s", shape_of(patterns[i], code, shaped));
        packed =
            pack(s, "verification.verify",
                 (const struct field[]){{"username", "ada"}, {"code", text}, {NULL, NULL}}, &n);
        *(uint8_t *)memchr(packed, 1, n) = 0;
        a = service_send(s, "twofold.v1.default.verification.verify",
                         (struct bytes){.p = packed, .n = n});
        assert_int_equal(a.err, ERR_VALIDATION);
        assert_string_equal(a.error->violations[0]->field, "code");
        answer_free(&a);
        free(packed);
    }
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

/* Well formed, but of a length that no authenticator of the user shows. */
static void a_code_of_the_other_length_counts_nothing(void **state)
{
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_standing(s, "ada", &before);
    assert_int_equal(service_verify(s, "ada", "12345678"), ERR_VALIDATION);
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

/* A right password is never without a trace, nor answered without a commit: where the database is
 * full a wrong one is UNAVAILABLE, and so must this be (attack A67). */
static void a_right_password_with_a_malformed_code_is_told(void **state)
{
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_standing(s, "ada", &before);
    EXPECT(ERR_VALIDATION, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD},
                               {"code", "12345678"}));
    peek_standing(s, "ada", &after);
    assert_int_equal(after.events, before.events + 1);
    assert_int_equal(after.user.code_lockout.failures, before.user.code_lockout.failures);
    service_last_event(s, "login.failed", TWOFOLD__V1__AUDIT_EVENT__REASON__MALFORMED_CODE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A47_A03_shapes_are_no_codes_in_any_verb, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A47_A03_shapes_confirm_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A47_a_NUL_is_no_end_of_a_code, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_code_of_the_other_length_counts_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_right_password_with_a_malformed_code_is_told, set_up,
                                    tear_down),
};
RUN(tests)
