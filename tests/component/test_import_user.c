/* ImportUser: whole users that another system kept, all or nothing. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"
#include "support/valid.h"

#include "core/base32.h"
#include "crypto/password.h"

#include <stdlib.h>

#define KEY "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define OTHER "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"
#define URI "otpauth://totp/Old:ada?secret=" KEY "&issuer=Old"
#define OTHER_URI "otpauth://totp/New:ada?secret=" OTHER "&digits=8&period=60"
#define ZEROS_16 "AAAAAAAAAAAAAAAAAAAAAA"
#define ZEROS_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* As another system would have hashed PASSWORD, at a cost that is not the service's. */
static const char *elsewhere(char ret[static PHC_MAX])
{
    struct password_cost cost = {.ln = 3, .r = 4, .p = 2};

    assert_int_equal(password_hash(bytes_of_text(PASSWORD), &cost, ret), ERR_OK);
    return ret;
}

/* A code of SECRET is good, once. */
static void accepts_once(struct service *s, const char *secret, struct otp_params otp)
{
    struct app_authenticator app = {.otp = otp};
    char code[OTP_DIGITS_MAX + 1];

    assert_int_equal(base32_decode(secret, strlen(secret), &app.key), ERR_OK);
    assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
}

static void the_password_and_every_authenticator_work_at_once(void **state)
{
    struct service *s = *state;
    char phc[PHC_MAX];
    struct told t;

    set_policy(s, "max_authenticators", 3);
    t = EXPECT(ERR_OK,
               ASK(s, "admin.import_user", {"username", "ada"}, {"password_hash", elsewhere(phc)},
                   {"otpauth_uris", URI}, {"otpauth_uris", OTHER_URI}));
    assert_int_equal(t.state, ACTIVE);
    assert_int_equal(status(s, "ada").n_authenticators, 2);
    assert_int_equal(status(s, "ada").recovery_left, 0);
    free(service_token(s, "ada"));
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", "wrong horse"}));
    accepts_once(s, KEY, (struct otp_params){MAC_SHA1, 6, 30});
    accepts_once(s, OTHER, (struct otp_params){MAC_SHA1, 8, 60});
}

/* The first login brings the hash to the service's cost; the password stays good. */
static void a_hash_of_another_cost_is_made_anew_at_the_first_login(void **state)
{
    struct service *s = *state;
    char phc[PHC_MAX];
    struct user user;

    EXPECT(ERR_OK,
           ASK(s, "admin.import_user", {"username", "ada"}, {"password_hash", elsewhere(phc)}));
    peek_user(s, "ada", &user);
    assert_string_equal(user.password_phc, phc);
    free(service_token(s, "ada"));
    peek_user(s, "ada", &user);
    assert_memory_equal(user.password_phc, "$scrypt$ln=4,", 13);
    free(service_token(s, "ada"));
}

static void the_trail_tells_the_user_and_each_authenticator(void **state)
{
    static const char *const types[] = {"user.created", "factor.imported", "factor.imported"};
    struct service *s = *state;
    Twofold__V1__AuditEvent *events[16];
    size_t n, first;

    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, ASK(s, "admin.import_user", {"username", "ada"}, {"otpauth_uris", URI},
                       {"otpauth_uris", OTHER_URI}));
    n = service_events(s, events, ARRAY_LEN(events));
    first = n - ARRAY_LEN(types);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const Twofold__V1__AuditEvent *e = events[first + i];

        assert_string_equal(e->type, types[i]);
        assert_string_equal(e->username, "ada");
        assert_string_equal(e->purpose, "twofold:admin.import_user");
        assert_int_equal(e->sequence, i + 1);
        assert_int_equal(*e->authenticator_id != '\0', i > 0);
    }
    assert_string_not_equal(events[n - 1]->authenticator_id, events[n - 2]->authenticator_id);
    for (size_t i = 0; i < n; i++)
        twofold__v1__audit_event__free_unpacked(events[i], NULL);
}

/* As many events as one decision can have. */
static void ten_authenticators_are_the_most(void **state)
{
    struct service *s = *state;
    struct field fields[14] = {{"username", "ada"}};
    struct told t;

    set_policy(s, "max_authenticators", 10);
    for (size_t i = 1; i <= 11; i++)
        fields[i] = (struct field){"otpauth_uris", "otpauth://totp/a?secret=" KEY};
    t = EXPECT(ERR_VALIDATION, ask(s, "admin.import_user", fields));
    assert_string_equal(t.field, "otpauth_uris");
    fields[11] = (struct field){NULL, NULL};
    EXPECT(ERR_OK, ask(s, "admin.import_user", fields));
    assert_int_equal(status(s, "ada").n_authenticators, 10);
    assert_int_equal(peek_count(s, "factor.imported"), 10);
}

/* Someone whose first factor is proved elsewhere needs none here. */
static void a_user_may_come_with_nothing_but_a_name(void **state)
{
    struct service *s = *state;
    struct told t = EXPECT(ERR_OK, ASK(s, "admin.import_user", {"username", "ada"}));

    assert_int_equal(t.state, NOT_ENROLLED);
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
    free(service_issue(s, "ada"));
}

static void a_user_who_exists_is_left_alone(void **state)
{
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;

    service_enroll(s, "ada", &e);
    peek_standing(s, "ada", &before);
    EXPECT(ERR_CONFLICT, ASK(s, "admin.import_user", {"username", "ada"},
                             {"password_hash", VALID_HASH}, {"otpauth_uris", URI}));
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

static const struct {
    const char *field, *fields[4]; /* of the violation; hash, then URIs */
} bad[] = {
    {"password_hash", {"$scrypt$ln=14,r=8,p=5$" ZEROS_16 "$" ZEROS_32 "A", URI}},
    {"password_hash", {"$scrypt$ln=14,r=8,p=5$" ZEROS_16 "$", URI}},
    {"password_hash", {"$scrypt$ln=30,r=8,p=5$" ZEROS_16 "$" ZEROS_32, URI}},
    {"password_hash", {"$scrypt$ln=24,r=32,p=1$" ZEROS_16 "$" ZEROS_32, URI}}, /* 64 GiB */
    {"password_hash", {"$scrypt$ln=14,r=8,p=5$" ZEROS_16 "==$" ZEROS_32, URI}},
    {"password_hash", {"$argon2id$v=19$m=19456,t=2,p=1$" ZEROS_16 "$" ZEROS_32, URI}},
    {"password_hash", {"$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", URI}},
    {"password_hash", {PASSWORD, URI}},
    {"otpauth_uris[0]", {VALID_HASH, "", URI}},
    {"otpauth_uris[1]", {VALID_HASH, URI, "otpauth://hotp/a?secret=" KEY}},
    {"otpauth_uris[2]", {VALID_HASH, URI, OTHER_URI, "otpauth://totp/a?secret=AAAA"}},
};

static void one_bad_field_leaves_nothing_of_the_user(void **state)
{
    struct service *s = *state;
    struct standing before, after;

    set_policy(s, "max_authenticators", 3);
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct field fields[6] = {{"username", "ada"}, {"password_hash", bad[i].fields[0]}};
        struct told t;

        for (size_t k = 1; k < 4 && bad[i].fields[k]; k++)
            fields[k + 1] = (struct field){"otpauth_uris", bad[i].fields[k]};
        t = ask(s, "admin.import_user", fields);
        if (t.err != ERR_VALIDATION || strcmp(t.field, bad[i].field) != 0)
            fail_msg("row %zu answered %s, %s", i, err_name(t.err), t.field);
    }
    peek_standing(s, "ada", &after);
    assert_false(after.user.exists);
    assert_same_standing(&before, &after);
}

static void no_more_authenticators_than_the_policy_allows(void **state)
{
    struct service *s = *state;
    struct told t = EXPECT(ERR_VALIDATION, ASK(s, "admin.import_user", {"username", "ada"},
                                               {"otpauth_uris", URI}, {"otpauth_uris", OTHER_URI}));

    assert_string_equal(t.field, "otpauth_uris");
    assert_int_equal(peek_count(s, "user.created"), 0);
    EXPECT(ERR_OK, ASK(s, "admin.import_user", {"username", "ada"}, {"otpauth_uris", URI}));
}

/* As ImportAuthenticator: who migrates may switch the second factor on afterwards. */
static void where_nobody_may_enrol_an_administrator_still_imports(void **state)
{
    struct service *s = *state;

    set_policy(s, "mode", DISABLED);
    EXPECT(ERR_OK, ASK(s, "admin.import_user", {"username", "ada"}, {"otpauth_uris", URI}));
    accepts_once(s, KEY, (struct otp_params){MAC_SHA1, 6, 30});
}

/* They were guesses at a password that was none. */
static void failures_from_before_the_user_came_are_forgotten(void **state)
{
    struct service *s = *state;
    char phc[PHC_MAX];

    for (int i = 0; i < 6; i++)
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_LOCKED,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_OK,
           ASK(s, "admin.import_user", {"username", "ada"}, {"password_hash", elsewhere(phc)}));
    free(service_token(s, "ada"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_password_and_every_authenticator_work_at_once, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_hash_of_another_cost_is_made_anew_at_the_first_login, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(the_trail_tells_the_user_and_each_authenticator, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(ten_authenticators_are_the_most, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_user_may_come_with_nothing_but_a_name, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_user_who_exists_is_left_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(one_bad_field_leaves_nothing_of_the_user, set_up, tear_down),
    cmocka_unit_test_setup_teardown(no_more_authenticators_than_the_policy_allows, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(where_nobody_may_enrol_an_administrator_still_imports, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(failures_from_before_the_user_came_are_forgotten, set_up,
                                    tear_down),
};
RUN(tests)
