/* A16: a username is bytes. What looks alike is somebody else, and gets past nobody's factor. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/valid.h"

#include <stdlib.h>

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG_254 FIFTY FIFTY FIFTY FIFTY FIFTY "abcd"

/* Each beside "zo\u00eb": others in case, in normal form, in what cannot be seen. */
static const char *const lookalikes[] = {
    "Zo\xc3\xab",  "zo\xc3\x8b",
    "zoe\xcc\x88", "zo\xc3\xab ",
    " zo\xc3\xab", "zo\xc3\xab\xe2\x80\x8b",
    "zoe",         "zo\xc3\xab\xc2\xa0",
    "zo\xc3\xab.", "z\xd0\xbe\xc3\xab",
};

static void attack_A16_lookalikes_are_other_users(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "zo\xc3\xab", &e);
    app_code(&e.app, s, 0, code);
    for (size_t i = 0; i < ARRAY_LEN(lookalikes); i++) {
        assert_int_equal(service_verify(s, lookalikes[i], code), ERR_NOT_ENROLLED);
        EXPECT(ERR_WRONG_CREDENTIALS, ASK(s, "login.confirm_password", {"username", lookalikes[i]},
                                          {"password", PASSWORD}));
        service_put_user(s, lookalikes[i], "another horse");
        assert_int_equal(status(s, lookalikes[i]).state, NOT_ENROLLED);
    }
    assert_int_equal(service_verify(s, "zo\xc3\xab", code), ERR_OK);
    free(service_token(s, "zo\xc3\xab"));
}

static const struct {
    const char *name;
    size_t n; /* with NULs inside */
    enum err err;
} names[] = {
    {"a", 1, ERR_OK},
    {LONG_254, 254, ERR_OK},
    {LONG_254 "e", 255, ERR_VALIDATION},
    {"", 0, ERR_VALIDATION},
    {"\xf0\x9f\x94\x91", 4, ERR_OK},
    {"a\tb", 3, ERR_VALIDATION},
    {"a\r\nb", 4, ERR_VALIDATION},
    {"a\x1b[31m", 6, ERR_VALIDATION},
    {"a\x7f", 2, ERR_VALIDATION},
    {"a\xc2\x85", 3, ERR_VALIDATION}, /* C1: next line */
    {"a\xc2\xa0", 3, ERR_OK},         /* no control */
    {"ada\0", 4, ERR_VALIDATION},     /* NUL at the end */
    {"\0ada", 4, ERR_VALIDATION},     /* and before */
    {"ad\0a", 4, ERR_VALIDATION},
    {"\xc0\x80", 2, ERR_VALIDATION}, /* overlong NUL */
    {"\xc1\xa1", 2, ERR_VALIDATION}, /* overlong "a" */
    {"\xe0\x81\xa1", 3, ERR_VALIDATION},
    {"\xed\xa0\x80", 3, ERR_VALIDATION},     /* surrogate */
    {"\xf4\x90\x80\x80", 4, ERR_VALIDATION}, /* beyond Unicode */
    {"a\xff", 2, ERR_VALIDATION},
    {"a\xc3", 2, ERR_VALIDATION}, /* cut short */
};

/* A request of one string field, as bytes. */
static enum err send_name(struct service *s, const char *method, const char *name, size_t n)
{
    uint8_t payload[300] = {0x0a};
    char subject[80];
    size_t at = 1;
    struct answer a;
    enum err err;

    if (n >= 0x80)
        payload[at++] = (uint8_t)(n | 0x80);
    payload[at++] = (uint8_t)(n >= 0x80 ? n >> 7 : n);
    memcpy(payload + at, name, n);
    snprintf(subject, sizeof subject, "twofold.v1.default.%s", method);
    a = service_send(s, subject, (struct bytes){.p = payload, .n = at + n});
    err = a.err;
    if (err == ERR_VALIDATION)
        assert_string_equal(a.error->violations[0]->field, "username");
    answer_free(&a);
    return err;
}

static void attack_A16_usernames_are_clean_utf8_of_1_to_254_bytes(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum err got = send_name(*state, "verification.get_status", names[i].name, names[i].n);

        if (got != names[i].err)
            fail_msg("name %zu answered %s", i, err_name(got));
    }
}

static void the_longest_name_works_everywhere(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, LONG_254, &e);
    assert_int_equal(service_verify(s, LONG_254, app_code(&e.app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify_recovery(s, LONG_254, e.codes[0]), ERR_OK);
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", LONG_254}));
}

/* An otpauth label ends its issuer at the colon: such a name could not be shown back. */
static void a_name_with_a_colon_cannot_enrol_and_loses_nothing(void **state)
{
    struct service *s = *state;
    struct standing before, after;
    char *token;

    service_put_user(s, "ada:root", PASSWORD);
    token = service_token(s, "ada:root");
    peek_standing(s, "ada:root", &before);
    assert_string_equal(
        EXPECT(ERR_VALIDATION, ASK(s, "enrollment.begin", {"step_token", token})).field,
        "username");
    peek_standing(s, "ada:root", &after);
    assert_same_standing(&before, &after);
    assert_int_equal(status(s, "ada:root").state, NOT_ENROLLED);
    free(token);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A16_lookalikes_are_other_users, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A16_usernames_are_clean_utf8_of_1_to_254_bytes, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(the_longest_name_works_everywhere, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_name_with_a_colon_cannot_enrol_and_loses_nothing, set_up,
                                    tear_down),
};
RUN(tests)
