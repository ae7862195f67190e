#include "core/policy.h"

#include "support/runner.h"

/* P must have the one violation FIELD, or none when FIELD is NULL. */
static void assert_fault(const struct policy *p, const char *field)
{
    struct fault f = {0};

    policy_check(p, &f);
    if (!field && f.n != 0)
        fail_msg("refused for %s", f.at[0].field);
    if (!field)
        return;
    if (f.n != 1)
        fail_msg("%u violations for %s", f.n, field);
    assert_string_equal(f.at[0].field, field);
    assert_true(strlen(f.at[0].rule) > 0);
}

static void the_default_is_the_documented_one_and_valid(void **state)
{
    struct policy p = policy_default();

    (void)state;
    assert_int_equal(p.mode, POLICY_OPTIONAL);
    assert_string_equal(p.issuer, "Twofold");
    assert_int_equal(p.otp.algorithm, MAC_SHA1);
    assert_int_equal(p.otp.digits, 6);
    assert_int_equal(p.otp.period_s, 30);
    assert_int_equal(p.skew_steps, 1);
    assert_int_equal(p.max_failures, 5);
    assert_int_equal(p.lockout_seconds, 30);
    assert_int_equal(p.enrollment_ttl_seconds, 600);
    assert_int_equal(p.step_token_ttl_seconds, 300);
    assert_int_equal(p.recovery_code_count, 10);
    assert_int_equal(p.max_authenticators, 1);
    assert_true(p.disable_requires_code);
    assert_fault(&p, NULL);
}

static void every_number_has_its_bounds(void **state)
{
    static const struct {
        const char *field;
        size_t offset;
        int32_t least, most;
    } rows[] = {
        {"skew_steps", offsetof(struct policy, skew_steps), 0, 2},
        {"max_failures", offsetof(struct policy, max_failures), 1, 10},
        {"lockout_seconds", offsetof(struct policy, lockout_seconds), 1, 3600},
        {"enrollment_ttl_seconds", offsetof(struct policy, enrollment_ttl_seconds), 60, 86400},
        {"step_token_ttl_seconds", offsetof(struct policy, step_token_ttl_seconds), 30, 3600},
        {"recovery_code_count", offsetof(struct policy, recovery_code_count), 0, 16},
        {"max_authenticators", offsetof(struct policy, max_authenticators), 1, 10},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int32_t good[] = {rows[i].least, rows[i].most};
        const int32_t bad[] = {rows[i].least - 1, rows[i].most + 1, INT32_MIN, INT32_MAX};
        struct policy p = policy_default();

        for (size_t k = 0; k < ARRAY_LEN(good); k++) {
            memcpy((char *)&p + rows[i].offset, &good[k], sizeof good[k]);
            assert_fault(&p, NULL);
        }
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            memcpy((char *)&p + rows[i].offset, &bad[k], sizeof bad[k]);
            assert_fault(&p, rows[i].field);
        }
    }
}

static void only_known_modes_and_code_forms_pass(void **state)
{
    struct policy p = policy_default();

    (void)state;
    for (unsigned v = 0; v < 100; v++) {
        p = policy_default();
        p.mode = (enum policy_mode)v;
        assert_fault(&p, v >= POLICY_DISABLED && v <= POLICY_REQUIRED ? NULL : "mode");
        p = policy_default();
        p.otp.algorithm = (enum mac_algorithm)v;
        assert_fault(&p, v <= MAC_SHA512 ? NULL : "algorithm");
        p = policy_default();
        p.otp.digits = v;
        assert_fault(&p, v == 6 || v == 8 ? NULL : "digits");
        p = policy_default();
        p.otp.period_s = v;
        assert_fault(&p, v == 30 || v == 60 ? NULL : "period");
    }
}

static void an_issuer_is_plain_text_without_a_colon(void **state)
{
    static const char *const good[] = {
        "A", "Acme & Söhne, 2nd", "日本", "x&secret=AAAA", "%3A", " \xc2\xa0 ", "\xf0\x9f\x94\x92"};
    static const char *const bad[] = {
        "",          "a:b",   ":",        "a\r\nb",       "a\x7f", "\x1f", "a\xc2\x80",
        "a\xc2\x9f", "a\xff", "\xc0\x80", "\xed\xa0\x80", "a\xc2", "\ta"};
    struct policy p = policy_default();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        snprintf(p.issuer, sizeof p.issuer, "%s", good[i]);
        assert_fault(&p, NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(p.issuer, sizeof p.issuer, "%s", bad[i]);
        assert_fault(&p, "issuer");
    }
}

static void an_issuer_has_at_most_64_bytes(void **state)
{
    struct policy p = policy_default();

    (void)state;
    memset(p.issuer, 'x', sizeof p.issuer);
    assert_fault(&p, "issuer");
    p.issuer[ISSUER_MAX] = '\0';
    assert_fault(&p, NULL);
}

static void all_violations_come_at_once(void **state)
{
    static const char *const fields[] = {"mode",
                                         "issuer",
                                         "algorithm",
                                         "digits",
                                         "period",
                                         "skew_steps",
                                         "max_failures",
                                         "lockout_seconds",
                                         "enrollment_ttl_seconds",
                                         "step_token_ttl_seconds",
                                         "recovery_code_count",
                                         "max_authenticators"};
    struct policy p;
    struct fault f = {0};

    (void)state;
    memset(&p, 0xff, sizeof p);
    p.disable_requires_code = true;
    policy_check(&p, &f);
    assert_int_equal(f.n, ARRAY_LEN(fields));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        assert_string_equal(f.at[i].field, fields[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_default_is_the_documented_one_and_valid),
    cmocka_unit_test(every_number_has_its_bounds),
    cmocka_unit_test(only_known_modes_and_code_forms_pass),
    cmocka_unit_test(an_issuer_is_plain_text_without_a_colon),
    cmocka_unit_test(an_issuer_has_at_most_64_bytes),
    cmocka_unit_test(all_violations_come_at_once),
};
RUN(tests)
