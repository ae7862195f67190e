/* Rule 9: the same request again, under the same id, is answered as before and does nothing. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include "core/base32.h"

#include <stdlib.h>

/* Twice the same: the same bytes, and one effect. Leaves the first answer to the caller. */
static struct got twice(struct service *s, const struct sent *sent)
{
    struct got first = service_sent(s, sent), second;
    struct standing before, after;

    peek_standing(s, "ada", &before);
    second = service_sent(s, sent);
    peek_standing(s, "ada", &after);
    if (!got_same(&first, &second))
        fail_msg("%s answered %s, then %s", sent->method, err_name(first.err),
                 err_name(second.err));
    assert_same_standing(&before, &after);
    got_free(&second, 1);
    return first;
}

/* The string field TAG of a reply, or "". */
static const char *text_at(const struct got *got, uint8_t tag, char text[static STEP_TOKEN_MAX + 1])
{
    for (size_t i = 0; i + 2 < got->raw.n;) {
        const uint8_t *p = got->raw.p + i;
        size_t n = p[1] & 0x7f, head = 2;

        assert_int_equal(p[0] & 7, 2); /* strings come first in these replies */
        if (p[1] & 0x80)
            n |= (size_t)p[head++] << 7;
        if (p[0] == tag) {
            memcpy(text, p + head, n);
            text[n] = '\0';
            return text;
        }
        i += head + n;
    }
    return "";
}

static void accepted_twice(struct service *s, const char *id, const char *method,
                           const struct field *fields)
{
    struct sent sent = {.method = method, .fields = fields, .request_id = id};
    struct got got = twice(s, &sent);

    if (got.err != ERR_OK)
        fail_msg("%s answered %s", method, err_name(got.err));
    got_free(&got, 1);
}

static void token_twice(struct service *s, const char *method, const struct field *fields,
                        char token[static STEP_TOKEN_MAX + 1])
{
    struct got got =
        twice(s, &(struct sent){.method = method, .fields = fields, .request_id = method});

    assert_int_equal(got.err, ERR_OK);
    assert_true(strlen(text_at(&got, 0x0a, token)) > 20);
    got_free(&got, 1);
}

/* Begin twice; what the first answer showed is what Confirm takes. */
static void begin_twice(struct service *s, const char *token, struct app_authenticator *ret)
{
    struct sent sent = {"enrollment.begin", FIELDS({"step_token", token}), "begin", NULL};
    struct got got = twice(s, &sent);
    Twofold__V1__BeginReply *reply = twofold__v1__begin_reply__unpack(NULL, got.raw.n, got.raw.p);

    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(base32_decode(reply->secret, strlen(reply->secret), &ret->key), ERR_OK);
    ret->otp = (struct otp_params){.algorithm = MAC_SHA1, .digits = 6, .period_s = 30};
    twofold__v1__begin_reply__free_unpacked(reply, NULL);
    got_free(&got, 1);
}

/* One life of a user, every step of it sent twice. */
static void rule_09_every_step_of_a_life_sent_twice_happens_once(void **state)
{
    struct service *s = *state;
    char token[STEP_TOKEN_MAX + 1], code[OTP_DIGITS_MAX + 1];
    struct app_authenticator app;

    accepted_twice(s, "put", "admin.put_user", FIELDS({"username", "ada"}, {"password", PASSWORD}));
    token_twice(s, "login.confirm_password", FIELDS({"username", "ada"}, {"password", PASSWORD}),
                token);
    begin_twice(s, token, &app);
    accepted_twice(s, "cancel", "enrollment.cancel", FIELDS({"step_token", token}));
    token_twice(s, "admin.issue_step_token", FIELDS({"username", "ada"}), token);
    begin_twice(s, token, &app);
    accepted_twice(s, "confirm", "enrollment.confirm",
                   FIELDS({"step_token", token}, {"code", app_code(&app, s, 0, code)}));
    accepted_twice(s, "complete", "enrollment.complete", FIELDS({"step_token", token}));
    service_advance(s, 30);
    accepted_twice(s, "verify", "verification.verify",
                   FIELDS({"username", "ada"}, {"code", app_code(&app, s, 0, code)}));
    service_advance(s, 30);
    accepted_twice(
        s, "login", "login.login",
        FIELDS({"username", "ada"}, {"password", PASSWORD}, {"code", app_code(&app, s, 0, code)}));
    service_advance(s, 30);
    token_twice(s, "admin.issue_step_token", FIELDS({"username", "ada"}), token);
    accepted_twice(s, "regenerate", "enrollment.regenerate_recovery_codes",
                   FIELDS({"step_token", token}, {"code", app_code(&app, s, 0, code)}));
    service_advance(s, 30);
    token_twice(s, "admin.issue_step_token", FIELDS({"username", "ada"}), token);
    accepted_twice(s, "disable", "enrollment.disable",
                   FIELDS({"step_token", token}, {"code", app_code(&app, s, 0, code)}));
    accepted_twice(s, "unlock", "admin.unlock", FIELDS({"username", "ada"}));
    accepted_twice(s, "import", "admin.import_authenticator",
                   FIELDS({"username", "ada"},
                          {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
    accepted_twice(s, "import user", "admin.import_user", FIELDS({"username", "eve"}));
    accepted_twice(s, "reset", "admin.reset_second_factor", FIELDS({"username", "ada"}));
    accepted_twice(s, "delete", "admin.delete_user", FIELDS({"username", "ada"}));
}

static void rule_09_a_policy_sent_twice_changes_once(void **state)
{
    struct service *s = *state;
    struct org before, after;
    struct got got;

    accepted_twice(s, "policy", "admin.put_policy", FIELDS({NULL, NULL}));
    peek_org(s, "default", &before);
    got = service_sent(s, &(struct sent){"admin.put_policy", FIELDS({NULL, NULL}), "policy", NULL});
    peek_org(s, "default", &after);
    assert_int_equal(after.policy_version, before.policy_version);
    assert_int_equal(after.chain.sequence, before.chain.sequence);
    got_free(&got, 1);
}

/* Refusals are answers too. */
static void rule_09_a_refusal_sent_twice_counts_once(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];
    struct got got;
    struct user user;

    service_enroll(s, "ada", &e);
    got = twice(
        s, &(struct sent){"verification.verify",
                          FIELDS({"username", "ada"}, {"code", app_wrong_code(&e.app, s, code)}),
                          "wrong", NULL});
    assert_int_equal(got.err, ERR_CODE_REJECTED);
    got_free(&got, 1);
    got = twice(s, &(struct sent){"login.confirm_password",
                                  FIELDS({"username", "ada"}, {"password", "wrong horse"}),
                                  "wrong too", NULL});
    assert_int_equal(got.err, ERR_WRONG_CREDENTIALS);
    got_free(&got, 1);
    got = twice(s, &(struct sent){"verification.verify",
                                  FIELDS({"username", "ada"}, {"recovery_code", WRONG_RECOVERY}),
                                  "wrong as well", NULL});
    assert_int_equal(got.err, ERR_CODE_REJECTED);
    got_free(&got, 1);
    peek_user(s, "ada", &user);
    assert_int_equal(user.code_lockout.failures, 1);
    assert_int_equal(user.password_lockout.failures, 1);
    assert_int_equal(user.recovery_lockout.failures, 1);
}

/* An unknown user's guess counts once as well: no difference may show. */
static void rule_09_11_unknown_users_retry_like_known_ones(void **state)
{
    struct service *s = *state;
    struct got got = twice(s, &(struct sent){"login.confirm_password",
                                             FIELDS({"username", "ada"}, {"password", PASSWORD}),
                                             "nobody", NULL});
    struct user user;

    assert_int_equal(got.err, ERR_WRONG_CREDENTIALS);
    got_free(&got, 1);
    peek_user(s, "ada", &user);
    assert_int_equal(user.password_lockout.failures, 1);
}

/* Set back by a day, the clock would make 30 seconds last a day. */
static void rule_09_a_clock_set_back_ends_kept_answers(void **state)
{
    struct service *s = *state;
    struct sent sent = {"admin.put_user", FIELDS({"username", "ada"}, {"password", PASSWORD}),
                        "same", NULL};
    struct got first = service_sent(s, &sent), again, back;

    again = service_sent(s, &sent);
    assert_true(got_same(&first, &again));
    service_advance(s, -86400);
    back = service_sent(s, &sent);
    assert_int_equal(back.err, ERR_OK);
    assert_false(got_same(&first, &back)); /* created is false now */
    got_free(&first, 1);
    got_free(&again, 1);
    got_free(&back, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_09_a_clock_set_back_ends_kept_answers, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_every_step_of_a_life_sent_twice_happens_once, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_09_a_policy_sent_twice_changes_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_a_refusal_sent_twice_counts_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_11_unknown_users_retry_like_known_ones, set_up,
                                    tear_down),
};
RUN(tests)
