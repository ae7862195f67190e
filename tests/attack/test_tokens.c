/* A10, A38, A39: when a step token is dead, and that nothing but the token itself is one. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include "crypto/base64.h"

#include <stdlib.h>

/* One life each: what ends the token of somebody who is enrolled. */
static void a_password_change(struct service *s, const struct enrolled *e)
{
    (void)e;
    service_put_user(s, "ada", "another horse");
}

static void the_same_password_again(struct service *s, const struct enrolled *e)
{
    (void)e;
    service_put_user(s, "ada", PASSWORD);
}

static void a_disable(struct service *s, const struct enrolled *e)
{
    char code[OTP_DIGITS_MAX + 1];

    EXPECT(ERR_OK, offer(s, &(struct verb){"enrollment.disable", TAKES_TOKEN}, "ada",
                         BY_CODE(app_code(&e->app, s, 0, code))));
}

static void a_regeneration(struct service *s, const struct enrolled *e)
{
    char code[OTP_DIGITS_MAX + 1];

    EXPECT(ERR_OK, offer(s, &(struct verb){"enrollment.regenerate_recovery_codes", TAKES_TOKEN},
                         "ada", BY_CODE(app_code(&e->app, s, 0, code))));
}

static void a_replacement(struct service *s, const struct enrolled *e)
{
    struct told begun = EXPECT(ERR_OK, begin(s, "ada", BY_RECOVERY(e->codes[0])));

    EXPECT(ERR_OK, confirm(s, &begun, true));
}

static void an_import(struct service *s, const struct enrolled *e)
{
    (void)e;
    set_policy(s, "max_authenticators", 2);
    EXPECT(ERR_OK, ASK(s, "admin.import_authenticator", {"username", "ada"},
                       {"otpauth_uri", "otpauth://totp/a:ada?issuer=a&secret="
                                       "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}));
}

static void a_reset(struct service *s, const struct enrolled *e)
{
    (void)e;
    EXPECT(ERR_OK, ASK(s, "admin.reset_second_factor", {"username", "ada"}));
}

static void a_second_life(struct service *s, const struct enrolled *e)
{
    (void)e;
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    service_put_user(s, "ada", PASSWORD);
}

static void the_end_of_its_time(struct service *s, const struct enrolled *e)
{
    (void)e;
    service_advance(s, 300);
}

static void attack_A38_what_ends_a_token(void **state)
{
    static void (*const ends[])(struct service *, const struct enrolled *) = {
        a_password_change, the_same_password_again, a_disable,
        a_regeneration,    a_replacement,           an_import,
        a_reset,           a_second_life,           the_end_of_its_time};
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct enrolled e = {.n_codes = 0};
        char *token;

        service_enroll(s, "ada", &e);
        token = service_issue(s, "ada");
        service_advance(s, 299);
        assert_true(token_lives(s, token));
        service_advance(s, -299);
        ends[i](s, &e);
        if (token_lives(s, token))
            fail_msg("ending %zu did not end it", i);
        free(token);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
        set_policy(s, "max_authenticators", 1);
    }
}

/* A38: spent stays spent when the service comes back. */
static void attack_A38_restart_revives_nothing(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    char *spent, *live;

    service_enroll(s, "ada", &e);
    spent = service_issue(s, "ada");
    live = service_issue(s, "ada");
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"step_token", spent},
                       {"code", app_code(&e.app, s, 0, code)}));
    assert_false(token_lives(s, spent));
    service_restart(s);
    assert_false(token_lives(s, spent));
    assert_true(token_lives(s, live));
    free(spent);
    free(live);
}

/* The token that began an enrolment ends with it, however it ends. */
static void attack_A38_the_token_of_an_enrolment(void **state)
{
    struct service *s = *state;
    struct told t;

    service_put_user(s, "ada", PASSWORD);
    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    service_advance(s, 599); /* longer than the 300 s that it began with */
    EXPECT(ERR_CONFLICT, ASK(s, "enrollment.complete", {"step_token", t.token}));
    service_advance(s, 1);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.complete", {"step_token", t.token}));
    assert_int_equal(status(s, "ada").state, NOT_ENROLLED);

    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    EXPECT(ERR_OK, ASK(s, "enrollment.cancel", {"step_token", t.token}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", t.token}));

    t = EXPECT(ERR_OK, begin(s, "ada", NO_SECOND));
    EXPECT(ERR_OK, confirm(s, &t, true));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.complete", {"step_token", t.token}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.cancel", {"step_token", t.token}));
}

static void stored_token(struct service *s, struct step_token *ret)
{
    struct store_txn *txn = NULL;
    struct user_id id = {.org = "default", .username = "ada"};
    struct user *u = calloc(1, sizeof *u);

    assert_non_null(u);
    assert_int_equal(s->store->ops->begin(s->store, &txn), ERR_OK);
    assert_int_equal(s->store->ops->load_user(txn, &id, u), ERR_OK);
    s->store->ops->abort(txn);
    assert_true(u->n_tokens > 0);
    *ret = u->tokens[u->n_tokens - 1];
    free(u);
}

/* A39: what lies in the database is no token. */
static void attack_A39_stored_value_as_token(void **state)
{
    struct service *s = *state;
    struct step_token stored;
    uint8_t plain[TOKEN_ID_BYTES + 3];
    char text[BASE64_LENGTH(sizeof plain + 1) + 1];
    char *token;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    stored_token(s, &stored);
    memcpy(plain, stored.id, TOKEN_ID_BYTES);
    memcpy(plain + TOKEN_ID_BYTES, "ada", 3);
    base64_encode((struct bytes){.p = plain, .n = TOKEN_ID_BYTES}, text);
    assert_false(token_lives(s, text));
    base64_encode((struct bytes){.p = plain, .n = sizeof plain}, text);
    assert_false(token_lives(s, text));
    assert_true(token_lives(s, token));
    free(token);
}

static struct told log_in(struct service *s, const char *token, const char *code)
{
    return ASK(s, "login.login", {"username", "ada"}, {"step_token", token}, {"code", code});
}

/* A10: a token says whose it is and nothing of what was tried: an older one brings back no try. */
static void attack_A10_an_older_token_turns_nothing_back(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char wrong[OTP_DIGITS_MAX + 1], right[OTP_DIGITS_MAX + 1];
    struct told older, newer;

    service_enroll(s, "ada", &e);
    app_wrong_code(&e.app, s, wrong);
    older = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    for (int left = 4; left >= 0; left--)
        assert_int_equal(EXPECT(ERR_CODE_REJECTED, log_in(s, older.token, wrong)).attempts_left,
                         left);
    newer = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, log_in(s, newer.token, wrong)).retry_after_s, 30);
    EXPECT(ERR_LOCKED, log_in(s, older.token, app_code(&e.app, s, 0, right)));
    service_advance(s, 30);
    app_wrong_code(&e.app, s, wrong);
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, log_in(s, older.token, wrong)).retry_after_s, 60);
    service_advance(s, 60);
    EXPECT(ERR_OK, log_in(s, older.token, app_code(&e.app, s, 0, right)));
    EXPECT(ERR_CODE_REJECTED, log_in(s, newer.token, right));
    service_advance(s, 30);
    EXPECT(ERR_INVALID_TOKEN, log_in(s, older.token, app_code(&e.app, s, 0, right)));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A38_what_ends_a_token, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A38_restart_revives_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A38_the_token_of_an_enrolment, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A39_stored_value_as_token, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A10_an_older_token_turns_nothing_back, set_up,
                                    tear_down),
};
RUN(tests)
