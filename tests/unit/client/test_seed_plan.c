/* A seed file: what it may say, and what becomes of it. */
#include "seed_plan.h"
#include "seed_text.h"

#include "core/policy.h"
#include "support/runner.h"

#include <stdlib.h>

#define RFC "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

struct read {
    struct seed_plan plan;
    struct seed_mistakes mistakes;
    enum seed_read got;
};

static void read_text(const char *text, struct read *ret)
{
    *ret = (struct read){0};
    ret->got = seed_plan_read(text, strlen(text), &ret->plan, &ret->mistakes);
}

static void read_good(const char *text, struct read *ret)
{
    read_text(text, ret);
    if (ret->got != SEED_GOOD)
        seed_mistakes_print(stderr, "good", &ret->mistakes);
    assert_int_equal(ret->got, SEED_GOOD);
    assert_int_equal(ret->mistakes.n, 0);
}

static const char whole[] = "# everything there is\n"
                            "organizations:\n"
                            "  acme:\n"
                            "    users:\n"
                            "      - username: alice\n"
                            "        password: correct horse battery staple\n"
                            "        authenticators:\n"
                            "          - secret: gezd gnbv-gy3t qojq gezd gnbv gy3t qojq\n"
                            "            label: a phone\n"
                            "          - {secret: '" RFC "', algorithm: SHA512, digits: 6}\n"
                            "      - username: \"b\\u00f6b\"\n"
                            "        authenticators:\n"
                            "          - otpauth_uri: otpauth://totp/Old:b?secret=" RFC "\n"
                            "      - {username: carol, password: null, authenticators: []}\n"
                            "    policy:\n"
                            "      mode: required\n"
                            "      issuer: A & B\n"
                            "      digits: 8\n"
                            "      period: 60\n"
                            "      skew_steps: 0\n"
                            "      max_authenticators: 2\n"
                            "      disable_requires_code: false\n"
                            "  default:\n";

static void the_whole_format_is_read(void **state)
{
    struct read r;
    const struct seed_org *org;

    (void)state;
    read_good(whole, &r);
    assert_int_equal(r.plan.n_orgs, 2);
    org = &r.plan.orgs[0];
    assert_string_equal(org->name, "acme");
    assert_int_equal(org->n_users, 3);
    assert_int_equal(org->n_mask, 7);
    assert_string_equal(org->mask[0], "mode");
    assert_int_equal(org->policy.mode, TWOFOLD__V1__POLICY__MODE__REQUIRED);
    assert_string_equal(org->policy.issuer, "A & B");
    assert_int_equal(org->policy.skew_steps, 0);
    assert_int_equal(org->policy.disable_requires_code, 0);
    assert_string_equal(org->users[0].username, "alice");
    assert_string_equal(org->users[0].password, "correct horse battery staple");
    assert_int_equal(org->users[0].at.line, 5);
    assert_int_equal(org->users[0].at.column, 9);
    assert_string_equal(org->users[1].username, "b\xc3\xb6"
                                                "b");
    assert_null(org->users[1].password);
    assert_int_equal(org->users[2].n_uris, 0);
    assert_null(org->users[2].password);
    assert_string_equal(r.plan.orgs[1].name, "default");
    assert_int_equal(r.plan.orgs[1].n_users, 0);
    assert_int_equal(r.plan.orgs[1].n_mask, 0);
    seed_plan_free(&r.plan);
}

/* Of the policy of this file, wherever it stands, and of what the authenticator says itself. */
static void an_authenticator_is_a_uri(void **state)
{
    struct read r;
    const struct seed_user *users;

    (void)state;
    read_good(whole, &r);
    users = r.plan.orgs[0].users;
    assert_int_equal(users[0].n_uris, 2);
    assert_string_equal(users[0].uris[0], "otpauth://totp/user?secret=" RFC
                                          "&issuer=a%20phone&algorithm=SHA1&digits=8&period=60");
    assert_string_equal(users[0].uris[1], "otpauth://totp/user?secret=" RFC
                                          "&issuer=&algorithm=SHA512&digits=6&period=60");
    assert_string_equal(users[1].uris[0], "otpauth://totp/Old:b?secret=" RFC);
    seed_plan_free(&r.plan);
    read_good("{organizations: {a: {users: [{username: u, authenticators: [{secret: " RFC "}]}]}}}",
              &r);
    assert_string_equal(r.plan.orgs[0].users[0].uris[0],
                        "otpauth://totp/user?secret=" RFC
                        "&issuer=&algorithm=SHA1&digits=6&period=30");
    seed_plan_free(&r.plan);
}

static void json_is_the_same(void **state)
{
    struct read r;

    (void)state;
    read_good("{\"organizations\":{\"acme\":{\"policy\":{\"mode\":\"REQUIRED\",\"digits\":8,"
              "\"disable_requires_code\":true},\n\t\t\"users\":[\n\t{\"username\":\"b\\u00f6b\\/\","
              "\"password\":\"12345678\",\"authenticators\":[{\"secret\":\"" RFC "\"}]},\r\n"
              "\t{\"username\":\"no\", \"password\":null}]}}}\n",
              &r);
    assert_int_equal(r.plan.orgs[0].n_mask, 3);
    assert_int_equal(r.plan.orgs[0].policy.digits, 8);
    assert_string_equal(r.plan.orgs[0].users[0].username, "b\xc3\xb6"
                                                          "b/");
    assert_string_equal(r.plan.orgs[0].users[0].password, "12345678");
    assert_string_equal(r.plan.orgs[0].users[1].username, "no");
    seed_plan_free(&r.plan);
}

static void users_are_found_by_name(void **state)
{
    struct read r;

    (void)state;
    read_good("organizations: {a: {users: [{username: c}, {username: a}, {username: b}]}}", &r);
    assert_ptr_equal(seed_plan_user(&r.plan.orgs[0], "a"), &r.plan.orgs[0].users[1]);
    assert_ptr_equal(seed_plan_user(&r.plan.orgs[0], "b"), &r.plan.orgs[0].users[2]);
    assert_ptr_equal(seed_plan_user(&r.plan.orgs[0], "c"), &r.plan.orgs[0].users[0]);
    assert_null(seed_plan_user(&r.plan.orgs[0], ""));
    assert_null(seed_plan_user(&r.plan.orgs[0], "bb"));
    seed_plan_free(&r.plan);
}

/* With the sanitizers: nothing is read, lost or written where it should not. */
static void cut_and_changed_files_do_no_harm(void **state)
{
    static const char noise[] = "\0\n :-{}[]\"'&*!|>%#,?\t~x\xc3\xff";
    char text[sizeof whole];
    struct read r;
    size_t good = 0;

    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        r = (struct read){0};
        r.got = seed_plan_read(whole, n, &r.plan, &r.mistakes);
        good += r.got == SEED_GOOD;
        seed_plan_free(&r.plan);
    }
    assert_in_range(good, 10, sizeof whole / 2);
    for (size_t i = 0; i + 1 < sizeof whole; i++)
        for (size_t k = 0; k < sizeof noise - 1; k++) {
            memcpy(text, whole, sizeof whole);
            text[i] = noise[k];
            r = (struct read){0};
            r.got = seed_plan_read(text, sizeof whole - 1, &r.plan, &r.mistakes);
            assert_int_not_equal(r.got, SEED_OUT_OF_MEMORY);
            assert_int_equal(r.got == SEED_MISTAKEN, r.mistakes.n > 0);
            seed_plan_free(&r.plan);
        }
}

/* The service has the last word, but a file that it would refuse shall not be sent in part. */
static void the_bounds_are_those_of_the_service(void **state)
{
    static const struct {
        const char *name;
        int32_t least, most;
    } rows[] = {
#define X(name, least, most, fallback, rule) {#name, least, most},
        POLICY_NUMBERS(X)
#undef X
    };
    struct policy defaults = policy_default();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_null(seed_number_fault(rows[i].name, rows[i].least));
        assert_null(seed_number_fault(rows[i].name, rows[i].most));
        assert_non_null(seed_number_fault(rows[i].name, rows[i].least - 1));
        assert_non_null(seed_number_fault(rows[i].name, rows[i].most + 1));
    }
    assert_int_equal(defaults.otp.algorithm, MAC_SHA1);
    assert_int_equal(defaults.otp.digits, 6);
    assert_int_equal(defaults.otp.period_s, 30);
    assert_int_equal(defaults.max_authenticators, 1);
    assert_int_equal(SEED_USERNAME_MAX, USERNAME_MAX);
    assert_int_equal(SEED_PASSWORD_MIN, PASSWORD_MIN);
    assert_int_equal(SEED_PASSWORD_MAX, PASSWORD_MAX);
    assert_int_equal(SEED_NAME_MAX, ISSUER_MAX);
    assert_int_equal(SEED_SECRET_BYTES_MIN, OTP_SECRET_BYTES_MIN);
    assert_int_equal(SEED_SECRET_BYTES_MAX, OTP_SECRET_BYTES_MAX);
    assert_int_equal(SEED_URI_MAX + 1, OTPAUTH_URI_MAX);
    assert_int_equal(SEED_URIS_MAX, AUTHENTICATORS_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_whole_format_is_read),
    cmocka_unit_test(an_authenticator_is_a_uri),
    cmocka_unit_test(json_is_the_same),
    cmocka_unit_test(users_are_found_by_name),
    cmocka_unit_test(cut_and_changed_files_do_no_harm),
    cmocka_unit_test(the_bounds_are_those_of_the_service),
};
RUN(tests)
