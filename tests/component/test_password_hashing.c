/* Rule 12: passwords are hashed elsewhere, by few, and judged as they are when the hash is ready.
 */
#include "support/by_hand.h"
#include "support/runner.h"

#include <stdlib.h>

static void rule_12_no_code_waits_for_a_hash(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct exchange *batch[2];

    service_enroll(s, "ada", &e);
    batch[0] = hand_in_login(s, PASSWORD);
    batch[1] =
        hand_in(s, "verification.verify",
                (const struct field[]){
                    {"username", "ada"}, {"code", app_code(&e.app, s, 0, code)}, {NULL, NULL}});
    hand_run(s, batch, 2);
    assert_false(exchange_answer(batch[0]).done);
    assert_true(exchange_answer(batch[1]).done);
    assert_int_equal(exchange_answer(batch[1]).err, ERR_OK);
    assert_int_equal(dispatcher_waiting(s->dispatcher), 1);
    service_advance(s, 30);
    assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_OK);
    assert_int_equal(hand_finish(s, batch[0]), ERR_OK);
    assert_int_equal(dispatcher_waiting(s->dispatcher), 0);
    exchange_free(batch[0]);
    exchange_free(batch[1]);
}

/* The password is changed, by way of CHANGE, while a login with OFFERED is being hashed. */
static enum err changed_meanwhile(struct service *s, const char *offered, const char *change,
                                  const struct field *fields)
{
    struct exchange *login, *other;
    enum err err;

    service_put_user(s, "ada", PASSWORD);
    login = hand_in_login(s, offered);
    hand_run(s, &login, 1);
    assert_ptr_equal(hand_collect(s), login); /* its hash is ready, but the change comes first */
    other = hand_in(s, change, fields);
    hand_run(s, &other, 1);
    assert_int_equal(hand_finish(s, other), ERR_OK);
    hand_run(s, &login, 1);
    err = hand_finish(s, login);
    exchange_free(login);
    exchange_free(other);
    return err;
}

static void rule_12_a_password_changed_while_it_was_hashed(void **state)
{
    static const struct field change[] = {
        {"username", "ada"}, {"password", "another horse"}, {NULL, NULL}};
    static const struct field name[] = {{"username", "ada"}, {NULL, NULL}};
    struct service *s = *state;

    assert_int_equal(changed_meanwhile(s, PASSWORD, "admin.put_user", change),
                     ERR_WRONG_CREDENTIALS);
    assert_int_equal(changed_meanwhile(s, "another horse", "admin.put_user", change), ERR_OK);
    assert_int_equal(changed_meanwhile(s, PASSWORD, "admin.delete_user", name),
                     ERR_WRONG_CREDENTIALS);
    service_last_event(s, "login.failed", REASON(UNKNOWN_USER));
}

/* A lock costs the service nothing: a locked user's password is not even hashed. */
static void rule_12_a_locked_password_is_not_hashed(void **state)
{
    struct service *s = *state;
    struct exchange *x;

    for (int i = 0; i < 6; i++)
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.login", {"username", "ada"}, {"password", "wrong horse"}));
    x = hand_in_login(s, PASSWORD);
    hand_run(s, &x, 1);
    assert_true(exchange_answer(x).done);
    assert_int_equal(exchange_answer(x).err, ERR_LOCKED);
    assert_int_equal(dispatcher_waiting(s->dispatcher), 0);
    exchange_free(x);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_12_no_code_waits_for_a_hash, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_password_changed_while_it_was_hashed, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_locked_password_is_not_hashed, set_up, tear_down),
};
RUN(tests)
