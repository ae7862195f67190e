/* A line of an import file: what is a user, and what is refused before it is sent. */
#include "import_line.h"

#include "support/runner.h"

#include <stdio.h>
#include <twofold/client.h>

#define HASH "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$x"
#define URI "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static Twofold__V1__ImportUserRequest *good(const char *text)
{
    Twofold__V1__ImportUserRequest *request = NULL;
    const char *why = import_line_read(text, strlen(text), &request);

    if (why)
        fail_msg("%s: %s", text, why);
    return request;
}

static void a_line_is_a_user(void **state)
{
    Twofold__V1__ImportUserRequest *r =
        good("{\"otpauth_uris\": [\"" URI "\", \"" URI "2\"], "
             "\"username\":\"a\\u00e9\",\"password_hash\":\"" HASH "\"}\r");

    (void)state;
    assert_string_equal(r->username, "a\xc3\xa9");
    assert_string_equal(r->password_hash, HASH);
    assert_int_equal(r->n_otpauth_uris, 2);
    assert_string_equal(r->otpauth_uris[0], URI);
    assert_string_equal(r->otpauth_uris[1], URI "2");
    twofold_reply_free(&r->base);
}

static void only_the_name_must_be_there(void **state)
{
    static const char *const lines[] = {
        "{\"username\":\"ada\"}",
        "{\"username\":\"ada\",\"password_hash\":null,\"otpauth_uris\":null}",
        "{\"username\":\"ada\",\"password_hash\":\"\",\"otpauth_uris\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        Twofold__V1__ImportUserRequest *r = good(lines[i]);

        assert_string_equal(r->username, "ada");
        assert_string_equal(r->password_hash, "");
        assert_int_equal(r->n_otpauth_uris, 0);
        twofold_reply_free(&r->base);
    }
}

static const struct {
    const char *line, *why; /* what the reason begins with */
} bad[] = {
    {"", "is no JSON object"},
    {"ada", "is no JSON object"},
    {"[\"ada\"]", "is no JSON object"},
    {"{\"username\":\"ada\"", "is no JSON object"},
    {"{\"username\":\"ada\"} {}", "is no JSON object"},
    {"{\"username\":\"ada\",\"username\":\"eve\"}", "is no JSON object"},
    {"{\"username\":\"a\\u0000b\"}", "is no JSON object"},
    {"{\"username\":\"\xff\"}", "is no JSON object"},
    {"{}", "username: is required"},
    {"{\"username\":null}", "username: is required"},
    {"{\"username\":\"\"}", "username: must be"},
    {"{\"username\":7}", "username: must be"},
    {"{\"username\":\"" HUNDRED HUNDRED TEN TEN TEN TEN TEN "01234\"}", "username: must be"},
    {"{\"username\":\"ada\",\"otpauth_uri\":[\"" URI "\"]}", "has a member that is none of"},
    {"{\"username\":\"ada\",\"password\":\"correct horse\"}", "has a member that is none of"},
    {"{\"username\":\"ada\",\"password_hash\":\"$2b$10$x\"}", "password_hash: must be"},
    {"{\"username\":\"ada\",\"password_hash\":[]}", "password_hash: must be"},
    {"{\"username\":\"ada\",\"otpauth_uris\":\"" URI "\"}", "otpauth_uris: must be a list"},
    {"{\"username\":\"ada\",\"otpauth_uris\":[7]}", "otpauth_uris: each"},
    {"{\"username\":\"ada\",\"otpauth_uris\":[\"otpauth://hotp/a?secret=x\"]}",
     "otpauth_uris: each"},
    {"{\"username\":\"ada\",\"otpauth_uris\":[1,2,3,4,5,6,7,8,9,10,11]}",
     "otpauth_uris: must be a list"},
};

static void all_else_is_refused_and_said_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Twofold__V1__ImportUserRequest *request = NULL;
        const char *why = import_line_read(bad[i].line, strlen(bad[i].line), &request);

        if (!why || strncmp(why, bad[i].why, strlen(bad[i].why)) != 0)
            fail_msg("row %zu: %s", i, why ? why : "taken");
        assert_null(request);
    }
}

/* 8 KiB are the request's, of which 5 bytes are not the name and the URI. */
static void a_request_has_8_kilobytes(void **state)
{
    (void)state;
    for (int over = 0; over <= 1; over++) {
        Twofold__V1__ImportUserRequest *request = NULL;
        char line[9000];
        const char *why;

        snprintf(line, sizeof line,
                 "{\"username\":\"ada\",\"otpauth_uris\":[\"otpauth://totp/%0*d\"]}",
                 8192 - 5 - 3 - 15 + over, 0);
        why = import_line_read(line, strlen(line), &request);
        assert_int_equal(why != NULL, over);
        if (why)
            assert_string_equal(why, "is larger than a request may be, 8 KiB");
        else
            twofold_reply_free(&request->base);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_line_is_a_user),
    cmocka_unit_test(only_the_name_must_be_there),
    cmocka_unit_test(all_else_is_refused_and_said_why),
    cmocka_unit_test(a_request_has_8_kilobytes),
};
RUN(tests)
