/* What is wrong with a request is said field by field, all of it at once, and counts nothing. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/valid.h"

#include <stdlib.h>

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define CHARS_65 TEN TEN TEN TEN TEN TEN "abcde"
#define CHARS_257 HUNDRED HUNDRED TEN TEN TEN TEN TEN "abcdefg"
#define CHARS_513 HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED TEN "abc"

enum { BAD_MAX = 6 };

/* Values that no request may have, for every field with a shape; "" where it may not be empty. */
static const struct {
    const char *field;
    const char *bad[BAD_MAX];
} fields[] = {
    {"username", {"", CHARS_257, "a\nb", "a\x7f", "\xff"}},
    {"password", {"", "1234567", CHARS_257, "12345678\xff"}},
    {"step_token", {"", CHARS_513, "\xff"}},
    {"code", {"", "12345", "1234567", "123456789", "12a456"}},
    {"recovery_code", {"", "0", "00000-00000-00000-00000-0000", "U0000-00000-00000-00000-00000"}},
    {"label", {CHARS_65, "a\tb", "\xff"}},
    {"purpose", {CHARS_65, "a\r\nb", "twofold:login.login"}},
    {"secret", {"!", "0189", CHARS_257}},
    {"page_token", {"A", "****", CHARS_513}},
    {"password_hash", {"x", "$2b$10$abcdefghijklmnopqrstuv", "$scrypt$ln=99,r=8,p=5$"}},
    {"otpauth_uri", {"", "http://x", "otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}},
};

/* VALID's fields with VALUE for FIELD; NULL leaves it out. */
static struct answer send_spoiled(struct service *s, const struct valid *v, const char *field,
                                  const char *value)
{
    struct field spoiled[VALID_FIELDS_MAX + 1] = {{NULL, NULL}};
    char subject[80];
    struct answer a;
    uint8_t *packed;
    size_t n = 0;

    for (; v->fields[n].name; n++)
        spoiled[n] =
            strcmp(v->fields[n].name, field) == 0 ? (struct field){field, value} : v->fields[n];
    packed = pack(s, v->method, spoiled, &n);
    snprintf(subject, sizeof subject, "twofold.v1.default.%s", v->method);
    a = service_send(s, subject, (struct bytes){.p = packed, .n = n});
    free(packed);
    return a;
}

static bool has_field(const struct valid *v, const char *field)
{
    for (size_t i = 0; v->fields[i].name; i++)
        if (strcmp(v->fields[i].name, field) == 0)
            return true;
    return false;
}

/* One violation, of FIELD, and nothing of VALUE in the answer. */
static void refused_for(struct service *s, const struct valid *v, const char *field,
                        const char *value)
{
    struct answer a = send_spoiled(s, v, field, value);

    if (a.err != ERR_VALIDATION)
        fail_msg("%s with %s \"%s\" answered %s", v->method, field, value, err_name(a.err));
    assert_int_equal(a.error->n_violations, 1);
    assert_string_equal(a.error->violations[0]->field, field);
    if (strlen(value) >= 3)
        assert_null(memmem(a.raw.p, a.raw.n, value, strlen(value)));
    answer_free(&a);
}

static void every_bad_value_of_every_method_is_named_and_counts_nothing(void **state)
{
    static const struct valid list = {"admin.list_users", {{"page_token", "A"}}, 8192};
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_standing(s, "ada", &before);
    for (size_t f = 0; f < ARRAY_LEN(fields); f++)
        for (size_t i = 0; i <= n_valid; i++) {
            const struct valid *v = i < n_valid ? &valid[i] : &list;

            for (size_t b = 0; b < BAD_MAX && fields[f].bad[b]; b++)
                if (has_field(v, fields[f].field))
                    refused_for(s, v, fields[f].field, fields[f].bad[b]);
        }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

/* Method, the field left out, and the violation: the field, its oneof, or none. */
static const struct {
    const char *method, *field, *violation;
} missing[] = {
    {"login.confirm_password", "username", "username"},
    {"login.confirm_password", "password", "password"},
    {"login.login", "username", "username"},
    {"login.login", "password", "first_factor"},
    {"enrollment.begin", "step_token", "step_token"},
    {"enrollment.confirm", "step_token", "step_token"},
    {"enrollment.confirm", "code", "code"},
    {"enrollment.complete", "step_token", "step_token"},
    {"enrollment.cancel", "step_token", "step_token"},
    {"enrollment.disable", "step_token", "step_token"},
    {"enrollment.regenerate_recovery_codes", "step_token", "step_token"},
    {"enrollment.regenerate_recovery_codes", "code", "code"},
    {"verification.verify", "username", "username"},
    {"verification.verify", "code", "second_factor"},
    {"verification.get_status", "username", "username"},
    {"admin.put_user", "username", "username"},
    {"admin.put_user", "password", "password"},
    {"admin.delete_user", "username", "username"},
    {"admin.reset_second_factor", "username", "username"},
    {"admin.unlock", "username", "username"},
    {"admin.issue_step_token", "username", "username"},
    {"admin.import_authenticator", "username", "username"},
    {"admin.import_authenticator", "otpauth_uri", "otpauth_uri"},
    {"admin.import_user", "username", "username"},
};

static const struct valid *valid_of(const char *method)
{
    for (size_t i = 0; i < n_valid; i++)
        if (strcmp(valid[i].method, method) == 0)
            return &valid[i];
    fail_msg("no method %s", method);
    return NULL;
}

static void every_missing_field_is_named_and_counts_nothing(void **state)
{
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        struct answer a = send_spoiled(s, valid_of(missing[i].method), missing[i].field, NULL);

        if (a.err != ERR_VALIDATION)
            fail_msg("%s without %s answered %s", missing[i].method, missing[i].field,
                     err_name(a.err));
        assert_int_equal(a.error->n_violations, 1);
        assert_string_equal(a.error->violations[0]->field, missing[i].violation);
        answer_free(&a);
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

/* N violations, the fields in the order of the message. */
static void violated(struct service *s, const char *method, const struct field *fields_sent,
                     const char *want)
{
    char subject[80], got[256] = "";
    struct answer a;
    size_t n = 0;
    uint8_t *packed = pack(s, method, fields_sent, &n);

    snprintf(subject, sizeof subject, "twofold.v1.default.%s", method);
    a = service_send(s, subject, (struct bytes){.p = packed, .n = n});
    assert_int_equal(a.err, ERR_VALIDATION);
    for (size_t i = 0; i < a.error->n_violations; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", a.error->violations[i]->field);
    assert_string_equal(got, want);
    assert_int_equal(a.error->retry_after_seconds, 0);
    assert_int_equal(a.error->attempts_left, 0);
    answer_free(&a);
    free(packed);
}

static void all_violations_come_at_once(void **state)
{
    struct service *s = *state;

    violated(s, "login.login", (const struct field[]){{"username", ""}, {NULL, NULL}},
             "username first_factor ");
    violated(s, "login.login",
             (const struct field[]){
                 {"username", "a\n"}, {"password", "short"}, {"code", "1"}, {NULL, NULL}},
             "username password code ");
    violated(s, "login.confirm_password", (const struct field[]){{NULL, NULL}},
             "username password ");
    violated(s, "enrollment.begin",
             (const struct field[]){{"label", "\t"}, {"recovery_code", "?"}, {NULL, NULL}},
             "step_token label recovery_code ");
    violated(s, "enrollment.confirm", (const struct field[]){{"secret", "1"}, {NULL, NULL}},
             "step_token code secret ");
    violated(s, "verification.verify", (const struct field[]){{"purpose", "\t"}, {NULL, NULL}},
             "username purpose second_factor ");
    violated(s, "admin.import_authenticator", (const struct field[]){{NULL, NULL}},
             "username otpauth_uri ");
}

static void pages_are_0_to_1000_users(void **state)
{
    static const struct {
        int32_t size;
        enum err err;
    } sizes[] = {{0, ERR_OK},
                 {1, ERR_OK},
                 {1000, ERR_OK},
                 {1001, ERR_VALIDATION},
                 {-1, ERR_VALIDATION},
                 {INT32_MIN, ERR_VALIDATION},
                 {INT32_MAX, ERR_VALIDATION}};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        Twofold__V1__ListUsersRequest list;

        twofold__v1__list_users_request__init(&list);
        list.page_size = sizes[i].size;
        service_expect(*state, sizes[i].err, "admin.list_users", &list.base);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_bad_value_of_every_method_is_named_and_counts_nothing,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_missing_field_is_named_and_counts_nothing, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(all_violations_come_at_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(pages_are_0_to_1000_users, set_up, tear_down),
};
RUN(tests)
