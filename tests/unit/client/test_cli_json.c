#include "json.h"

#include "support/runner.h"

#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

static void expect_message(const ProtobufCMessage *message, const char *wanted)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    json_print_message(f, message);
    fclose(f);
    assert_string_equal(text, wanted);
    free(text);
}

static void nested_and_repeated_fields(void **state)
{
    Twofold__V1__GetStatusReply reply = TWOFOLD__V1__GET_STATUS_REPLY__INIT;
    Twofold__V1__GetStatusReply__Authenticator one =
        TWOFOLD__V1__GET_STATUS_REPLY__AUTHENTICATOR__INIT;
    Twofold__V1__GetStatusReply__Authenticator two = one, *both[] = {&one, &two};

    (void)state;
    expect_message(&reply.base,
                   "{\"state\":\"STATE_UNSPECIFIED\",\"mode\":\"MODE_UNSPECIFIED\","
                   "\"retry_after_seconds\":0,\"recovery_codes_left\":0,\"authenticators\":[]}\n");
    reply.state = TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
    reply.mode = TWOFOLD__V1__POLICY__MODE__REQUIRED;
    reply.retry_after_seconds = 9007199254740993; /* beyond what a double holds */
    reply.recovery_codes_left = -1;
    one.id = "a1";
    one.label = "\"x\"\n\x1b[31m\xc3\xa4";
    one.created_at = 1795321310;
    two.id = "b2";
    reply.authenticators = both;
    reply.n_authenticators = 2;
    expect_message(&reply.base,
                   "{\"state\":\"ACTIVE\",\"mode\":\"REQUIRED\","
                   "\"retry_after_seconds\":9007199254740993,\"recovery_codes_left\":-1,"
                   "\"authenticators\":["
                   "{\"id\":\"a1\",\"label\":\"\\\"x\\\"\\n\\u001B[31m\xc3\xa4\","
                   "\"created_at\":1795321310,\"last_used_at\":0},"
                   "{\"id\":\"b2\",\"label\":\"\",\"created_at\":0,\"last_used_at\":0}]}\n");
}

static void a_oneof_shows_its_member_alone(void **state)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;

    (void)state;
    request.username = "alice";
    expect_message(&request.base, "{\"username\":\"alice\",\"purpose\":\"\"}\n");
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = "000000";
    expect_message(&request.base,
                   "{\"username\":\"alice\",\"code\":\"000000\",\"purpose\":\"\"}\n");
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    expect_message(&request.base,
                   "{\"username\":\"alice\",\"recovery_code\":\"000000\",\"purpose\":\"\"}\n");
}

static void bytes_are_base64(void **state)
{
    static const char *const encoded[] = {
        "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"}; /* RFC 4648 section 10 */
    uint8_t bytes[] = "foobar";

    (void)state;
    for (size_t n = 0; n < ARRAY_LEN(encoded); n++) {
        Twofold__V1__BeginReply reply = TWOFOLD__V1__BEGIN_REPLY__INIT;
        char wanted[256];

        reply.qr_png.data = bytes;
        reply.qr_png.len = n;
        snprintf(wanted, sizeof wanted,
                 "{\"secret\":\"\",\"otpauth_uri\":\"\",\"qr_svg\":\"\",\"qr_png\":\"%s\","
                 "\"algorithm\":\"\",\"digits\":0,\"period\":0,\"expires_at\":0}\n",
                 encoded[n]);
        expect_message(&reply.base, wanted);
    }
}

static void numbers_stay_exact_and_bad_text_is_null(void **state)
{
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    (void)state;
    event.sequence = UINT64_MAX;
    event.username = "\xff\xfe";
    event.outcome = (Twofold__V1__AuditEvent__Outcome)77;
    json_print_message(f, &event.base);
    fclose(f);
    assert_non_null(strstr(text, "\"sequence\":\"18446744073709551615\""));
    assert_non_null(strstr(text, "\"username\":null"));
    assert_non_null(strstr(text, "\"outcome\":77"));
    free(text);
}

static void expect_error(const struct twofold_error *error, const char *wanted)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    json_print_error(f, error);
    fclose(f);
    assert_string_equal(text, wanted);
    free(text);
}

static void errors_are_objects(void **state)
{
    struct twofold_error refused = {.status = TWOFOLD_REFUSED,
                                    .reason = TWOFOLD__V1__ERROR__REASON__VALIDATION,
                                    .code = 422,
                                    .message = "no",
                                    .n_violations = 1,
                                    .violations = {{"code", "6 digits"}}};
    struct twofold_error timeout = {.status = TWOFOLD_TIMEOUT, .message = "no answer"};

    (void)state;
    expect_error(&refused, "{\"error\":{\"status\":\"REFUSED\",\"reason\":\"VALIDATION\","
                           "\"code\":422,\"retry_after_seconds\":0,\"attempts_left\":0,"
                           "\"violations\":[{\"field\":\"code\",\"rule\":\"6 digits\"}],"
                           "\"message\":\"no\"}}\n");
    expect_error(&timeout, "{\"error\":{\"status\":\"TIMEOUT\",\"message\":\"no answer\"}}\n");
}

static void a_pong_must_be_an_object(void **state)
{
    static const char *const bad[] = {"", "[]", "1", "{", "{\"id\":\"a\",\"id\":\"b\"}", "{}x"};
    struct instance instance;
    char long_id[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(
            json_read_pong(&(struct twofold_pong){.json = bad[i], .n = strlen(bad[i])}, &instance));
    snprintf(long_id, sizeof long_id, "{\"id\":\"%0*d\",\"version\":3}", 200, 0);
    assert_true(
        json_read_pong(&(struct twofold_pong){.json = long_id, .n = strlen(long_id)}, &instance));
    assert_int_equal(strlen(instance.id), sizeof instance.id - 1);
    assert_string_equal(instance.version, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nested_and_repeated_fields),
    cmocka_unit_test(a_oneof_shows_its_member_alone),
    cmocka_unit_test(bytes_are_base64),
    cmocka_unit_test(numbers_stay_exact_and_bad_text_is_null),
    cmocka_unit_test(errors_are_objects),
    cmocka_unit_test(a_pong_must_be_an_object),
};

RUN(tests)
