/* Rules 1 and 2: a code is good once, for everything, and only forwards in time. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static void denied_as_replay(struct service *s, const char *username, const char *code)
{
    assert_int_equal(service_verify(s, username, code), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(REPLAYED));
}

static void attack_A01_same_code_twice(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
    denied_as_replay(s, "ada", code);
    service_advance(s, 29);
    denied_as_replay(s, "ada", code);
    service_restart(s);
    denied_as_replay(s, "ada", code);
}

static void attack_A02_older_code_after_a_newer_one(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char older[OTP_DIGITS_MAX + 1], now[OTP_DIGITS_MAX + 1], next[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    app_code(&e.app, s, -1, older);
    app_code(&e.app, s, 0, now);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 1, next)), ERR_OK);
    denied_as_replay(s, "ada", now);
    denied_as_replay(s, "ada", older);
    denied_as_replay(s, "ada", next);
}

/* The window is what skew_steps says, on both sides, and no code of it is good twice. */
static void rule_01_the_window(void **state)
{
    static const struct {
        int32_t skew;
        int steps;
        enum err err;
    } rows[] = {
        {0, -1, ERR_CODE_REJECTED},
        {0, 0, ERR_OK},
        {0, 1, ERR_CODE_REJECTED},
        {1, -2, ERR_CODE_REJECTED},
        {1, -1, ERR_OK},
        {1, 1, ERR_OK},
        {1, 2, ERR_CODE_REJECTED},
        {2, -2, ERR_OK},
        {2, 2, ERR_OK},
        {2, -3, ERR_CODE_REJECTED},
        {2, 3, ERR_CODE_REJECTED},
    };
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1], username[64];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct enrolled e = {.n_codes = 0};

        set_policy(s, "skew_steps", rows[i].skew);
        snprintf(username, sizeof username, "user-%zu", i);
        service_enroll(s, username, &e);
        service_advance(s, 300);
        app_code(&e.app, s, rows[i].steps, code);
        if (service_verify(s, username, code) != rows[i].err)
            fail_msg("row %zu", i);
        assert_int_equal(service_verify(s, username, code), ERR_CODE_REJECTED);
    }
}

/* A06: what confirmed the enrolment does not log in. */
static void attack_A06_code_that_confirmed(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct told t;

    service_put_user(s, "ada", PASSWORD);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    app_code(&t.app, s, 0, code);
    EXPECT(ERR_OK, confirm(s, &t, false));
    EXPECT(ERR_OK, ASK(s, "enrollment.complete", {"step_token", t.token}));
    denied_as_replay(s, "ada", code);
    EXPECT(ERR_CODE_REJECTED,
           ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", code}));
    service_advance(s, 30);
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD},
                       {"code", app_code(&t.app, s, 0, code)}));
}

/* A07 for all pairs: what one verb has taken no other takes. */
static void attack_A07_code_spent_by_another_verb(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1], username[64];

    for (size_t i = 0; i < n_verbs; i++)
        for (size_t k = 0; k < n_verbs; k++) {
            struct enrolled e = {.n_codes = 0};

            if (strcmp(verbs[i].method, "enrollment.disable") == 0)
                continue; /* leaves nothing behind */
            snprintf(username, sizeof username, "user-%zu-%zu", i, k);
            service_enroll(s, username, &e);
            app_code(&e.app, s, 0, code);
            EXPECT(ERR_OK, offer(s, &verbs[i], username, BY_CODE(code)));
            if (offer(s, &verbs[k], username, BY_CODE(code)).err != ERR_CODE_REJECTED)
                fail_msg("%s after %s", verbs[k].method, verbs[i].method);
        }
}

/* The same for recovery codes (A19). */
static void attack_A19_recovery_code_spent_by_another_verb(void **state)
{
    struct service *s = *state;
    char username[64];

    for (size_t i = 0; i < n_verbs; i++)
        for (size_t k = 0; k < n_verbs; k++) {
            struct enrolled e = {.n_codes = 0};

            if (!(verbs[i].takes & verbs[k].takes & TAKES_RECOVERY) ||
                strcmp(verbs[i].method, "enrollment.disable") == 0)
                continue;
            snprintf(username, sizeof username, "user-%zu-%zu", i, k);
            service_enroll(s, username, &e);
            EXPECT(ERR_OK, offer(s, &verbs[i], username, BY_RECOVERY(e.codes[0])));
            if (offer(s, &verbs[k], username, BY_RECOVERY(e.codes[0])).err != ERR_CODE_REJECTED)
                fail_msg("%s after %s", verbs[k].method, verbs[i].method);
        }
}

/* Imports one secret N times; the app that has it. */
static struct app_authenticator import_often(struct service *s, int n)
{
    static const char uri[] = "otpauth://totp/x:ada?issuer=x&secret="
                              "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    set_policy(s, "max_authenticators", n);
    service_put_user(s, "ada", PASSWORD);
    for (int i = 0; i < n; i++)
        EXPECT(ERR_OK,
               ASK(s, "admin.import_authenticator", {"username", "ada"}, {"otpauth_uri", uri}));
    return (struct app_authenticator){.key = {.n = 20, .bytes = "12345678901234567890"},
                                      .otp = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30}};
}

/* The same secret imported twice is two authenticators; a code of theirs is good once all the same.
 */
static void rule_02_one_secret_in_many_authenticators(void **state)
{
    struct service *s = *state;
    struct app_authenticator app = import_often(s, 3);
    char code[OTP_DIGITS_MAX + 1];

    assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
    denied_as_replay(s, "ada", code);
    denied_as_replay(s, "ada", code);
    service_advance(s, 30);
    assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
}

/* Whichever of them took it. */
static void rule_02_spent_by_the_last_authenticator(void **state)
{
    struct service *s = *state;
    struct app_authenticator app = import_often(s, 2);
    const struct user_id id = {.org = "default", .username = "ada"};
    struct user *u = calloc(1, sizeof *u);
    struct store_txn *txn = NULL;
    char code[OTP_DIGITS_MAX + 1];

    assert_non_null(u);
    assert_int_equal(s->store->ops->begin(s->store, &txn), ERR_OK);
    assert_int_equal(s->store->ops->load_user(txn, &id, u), ERR_OK);
    u->authenticators[1].last_step = otp_step(&app.otp, s->now_ms / 1000);
    assert_int_equal(s->store->ops->save_user(txn, &id, u), ERR_OK);
    assert_int_equal(s->store->ops->commit(txn), ERR_OK);
    free(u);
    denied_as_replay(s, "ada", app_code(&app, s, 0, code));
}

/* Two requests in one batch are two requests. */
static void attack_A04_one_code_many_times_in_a_batch(void **state)
{
    enum { N = 256 };
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct bytes payloads[N];
    enum err errs[N];
    char code[OTP_DIGITS_MAX + 1];
    unsigned accepted = 0;
    uint8_t *packed;
    size_t n;

    service_enroll(s, "ada", &e);
    packed = pack(s, "verification.verify",
                  (const struct field[]){
                      {"username", "ada"}, {"code", app_code(&e.app, s, 0, code)}, {NULL, NULL}},
                  &n);
    for (size_t i = 0; i < N; i++)
        payloads[i] = (struct bytes){.p = packed, .n = n};
    service_batch(s, "twofold.v1.default.verification.verify", payloads, N, errs);
    for (size_t i = 0; i < N; i++)
        accepted += errs[i] == ERR_OK;
    assert_int_equal(accepted, 1);
    free(packed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A01_same_code_twice, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A02_older_code_after_a_newer_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_01_the_window, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A06_code_that_confirmed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A07_code_spent_by_another_verb, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A19_recovery_code_spent_by_another_verb, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_02_one_secret_in_many_authenticators, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_02_spent_by_the_last_authenticator, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A04_one_code_many_times_in_a_batch, set_up, tear_down),
};
RUN(tests)
