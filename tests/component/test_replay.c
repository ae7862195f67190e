/* Rules 1 and 2: a code is good once, for everything, and only forwards in time. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

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
        /* The trail knows better than the caller. */
        service_last_event(s, "verification.failed",
                           rows[i].err ? REASON(OUTSIDE_WINDOW) : REASON(REPLAYED));
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
static void rule_02_attack_A01_A07_one_secret_in_many_authenticators(void **state)
{
    struct service *s = *state;
    struct app_authenticator app = import_often(s, 3);
    char code[OTP_DIGITS_MAX + 1];

    assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
    denied_as_replay(s, "ada", code);
    denied_as_replay(s, "ada", code);
    EXPECT(ERR_CODE_REJECTED,
           offer(s, &(struct verb){"enrollment.disable", TAKES_TOKEN}, "ada", BY_CODE(code)));
    service_advance(s, 30);
    assert_int_equal(service_verify(s, "ada", app_code(&app, s, 0, code)), ERR_OK);
}

/* Whichever of them took it. */
static void rule_02_attack_A01_spent_by_the_last_authenticator(void **state)
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_01_the_window, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_02_attack_A01_A07_one_secret_in_many_authenticators,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_02_attack_A01_spent_by_the_last_authenticator, set_up,
                                    tear_down),
};
RUN(tests)
