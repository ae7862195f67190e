#include "error.h"

#include "support/runner.h"

#include <stdlib.h>
#include <twofold/v1/error.pb-c.h>

/* Reads what BODY packs to, as a refusal with CODE and TEXT. */
static void read_refusal(const Twofold__V1__Error *body, const char *code, const char *text,
                         struct twofold_error *ret)
{
    uint8_t packed[32 * 1024];
    struct refusal refusal = {.code = code, .text = text, .body = packed};

    assert_true(twofold__v1__error__get_packed_size(body) <= sizeof packed);
    refusal.n = twofold__v1__error__pack(body, packed);
    memset(ret, 0x5a, sizeof *ret);
    error_from_refusal(ret, &refusal);
}

static void a_refusal_says_all_that_its_body_says(void **state)
{
    Twofold__V1__Error body = TWOFOLD__V1__ERROR__INIT;
    Twofold__V1__Error__Violation one = TWOFOLD__V1__ERROR__VIOLATION__INIT, two = one;
    Twofold__V1__Error__Violation *both[] = {&one, &two};
    struct twofold_error error;

    (void)state;
    one.field = "username";
    one.rule = "1..254 bytes";
    two.field = "code";
    two.rule = "6 digits";
    body.reason = TWOFOLD__V1__ERROR__REASON__VALIDATION;
    body.message = "The request has missing or malformed fields.";
    body.n_violations = 2;
    body.violations = both;
    body.retry_after_seconds = 5000000000;
    body.attempts_left = 3;
    read_refusal(&body, "422", "header text", &error);
    assert_int_equal(error.status, TWOFOLD_REFUSED);
    assert_int_equal(error.reason, TWOFOLD__V1__ERROR__REASON__VALIDATION);
    assert_int_equal(error.code, 422);
    assert_string_equal(error.message, body.message);
    assert_int_equal(error.retry_after_seconds, 5000000000);
    assert_int_equal(error.attempts_left, 3);
    assert_int_equal(error.n_violations, 2);
    assert_string_equal(error.violations[0].field, "username");
    assert_string_equal(error.violations[0].rule, "1..254 bytes");
    assert_string_equal(error.violations[1].field, "code");
    assert_string_equal(error.violations[1].rule, "6 digits");
}

static void long_texts_and_many_violations_are_cut(void **state)
{
    Twofold__V1__Error body = TWOFOLD__V1__ERROR__INIT;
    Twofold__V1__Error__Violation one = TWOFOLD__V1__ERROR__VIOLATION__INIT;
    Twofold__V1__Error__Violation *many[TWOFOLD_VIOLATIONS_MAX + 4];
    struct twofold_error error;
    char text[400];

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    one.field = text;
    one.rule = text;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = &one;
    body.message = text;
    body.violations = many;
    body.n_violations = ARRAY_LEN(many);
    read_refusal(&body, "422", text, &error);
    assert_int_equal(error.n_violations, TWOFOLD_VIOLATIONS_MAX);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    assert_int_equal(strlen(error.violations[15].field), sizeof error.violations[15].field - 1);
    assert_int_equal(strlen(error.violations[15].rule), sizeof error.violations[15].rule - 1);
}

static void a_body_that_is_no_error_leaves_the_headers(void **state)
{
    static const uint8_t junk[] = {0xff, 0xff, 0xff, 0xff};
    struct twofold_error error;

    (void)state;
    error_from_refusal(
        &error,
        &(struct refusal){.code = "503", .text = "overloaded", .body = junk, .n = sizeof junk});
    assert_int_equal(error.status, TWOFOLD_REFUSED);
    assert_int_equal(error.reason, 0);
    assert_int_equal(error.code, 503);
    assert_string_equal(error.message, "overloaded");
}

static void a_code_that_is_no_number_still_refuses(void **state)
{
    static const char *const bad[] = {"", "abc", "0", "-5", "99", "1000", "403x", "99999999999999"};
    struct twofold_error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        error_from_refusal(&error, &(struct refusal){.code = bad[i]});
        assert_int_equal(error.status, TWOFOLD_REFUSED);
        assert_int_equal(error.code, 0);
        assert_true(error.message[0] != '\0');
    }
}

static void every_status_has_a_name(void **state)
{
    static const char *const names[] = {"OK",           "REFUSED", "TIMEOUT",  "NO_RESPONDERS",
                                        "DISCONNECTED", "USAGE",   "PROTOCOL", "EXHAUSTED"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_string_equal(twofold_status_name((enum twofold_status)i), names[i]);
    assert_string_equal(twofold_status_name((enum twofold_status)99), "UNKNOWN");
}

static void no_connection_says_what_to_do(void **state)
{
    static const struct {
        const char *detail, *says;
    } cases[] = {
        {"(conn.c:733): SSL handshake error: 10:certificate has expired:depth=0",
         "its certificate has expired; it needs a new one (SSL handshake error: 10:"},
        {"62:hostname mismatch", "is for another host"},
        {"64:IP address mismatch", "is for another host"},
        {"20:unable to get local issuer certificate", "authority is not trusted"},
        {"19:self-signed certificate in certificate chain", "authority is not trusted"},
        {"Authentication Violation", "refuses this login"},
        {"Secure Connection not available", "does not offer TLS"},
        {"No server available for connection", "is it running there"},
        {NULL, "is it running there"},
    };
    struct twofold_error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(error_unconnected(&error, cases[i].detail), TWOFOLD_DISCONNECTED);
        assert_non_null(strstr(error.message, cases[i].says));
        assert_null(strstr(error.message, "conn.c"));
    }
}

static void what_is_too_long_ends_with_a_word(void **state)
{
    struct twofold_error error;
    char text[400];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "word "[i % 5];
    text[sizeof text - 1] = '\0';
    error_unconnected(&error, text);
    assert_non_null(strstr(error.message, " word ..."));
    assert_null(strstr(strstr(error.message, " ..."), "word"));
    memset(text, 'x', sizeof text - 1);
    error_set(&error, TWOFOLD_USAGE, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    error_set(&error, TWOFOLD_USAGE, "%.*s", (int)sizeof error.message - 1, text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    assert_null(strstr(error.message, "..."));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_too_long_ends_with_a_word),
    cmocka_unit_test(no_connection_says_what_to_do),
    cmocka_unit_test(a_refusal_says_all_that_its_body_says),
    cmocka_unit_test(long_texts_and_many_violations_are_cut),
    cmocka_unit_test(a_body_that_is_no_error_leaves_the_headers),
    cmocka_unit_test(a_code_that_is_no_number_still_refuses),
    cmocka_unit_test(every_status_has_a_name),
};

RUN(tests)
