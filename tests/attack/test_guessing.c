/* Who guesses is counted, waits, and is stopped, whichever way the guesses take. */
#include "support/contract.h"
#include "support/factors.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

/* A08: 5,000 wrong codes at once, in batches as they come: six are looked at. */
static void attack_A08_parallel_wrong_codes(void **state)
{
    enum { BATCH = 250, BATCHES = 20 };
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    struct bytes payloads[BATCH];
    enum err errs[BATCH];
    char code[OTP_DIGITS_MAX + 1];
    unsigned evaluated = 0, locked = 0;
    uint8_t *packed;
    size_t n;

    service_enroll(s, "ada", &e);
    packed = pack(s, "verification.verify",
                  (const struct field[]){
                      {"username", "ada"}, {"code", app_wrong_code(&e.app, s, code)}, {NULL, NULL}},
                  &n);
    for (size_t i = 0; i < BATCH; i++)
        payloads[i] = (struct bytes){.p = packed, .n = n};
    for (int batch = 0; batch < BATCHES; batch++) {
        service_batch(s, "twofold.v1.default.verification.verify", payloads, BATCH, errs);
        for (size_t i = 0; i < BATCH; i++) {
            evaluated += errs[i] == ERR_CODE_REJECTED;
            locked += errs[i] == ERR_LOCKED;
        }
    }
    assert_int_equal(evaluated, 6);
    assert_int_equal(locked, BATCH * BATCHES - 6);
    free(packed);
}

static enum err verify_again(struct service *s, const char *code)
{
    struct got got = service_sent(s, &(struct sent){"verification.verify",
                                                    FIELDS({"username", "ada"}, {"code", code}),
                                                    "known id", "billing"});

    got_free(&got, 1);
    return got.err;
}

/* A08, A24: a known id is no place to try codes: after a few contents the kept answer is gone, for
 * the right one too, and nobody was charged or told anything. */
static void attack_A08_a_kept_answer_is_no_oracle(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1], guess[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    assert_int_equal(verify_again(s, app_code(&e.app, s, 0, code)), ERR_OK);
    for (unsigned i = 0; i < RETRY_MISMATCHES_MAX; i++) {
        snprintf(guess, sizeof guess, "%06u", i);
        assert_int_equal(verify_again(s, guess), ERR_CONFLICT);
    }
    assert_int_equal(verify_again(s, code), ERR_CONFLICT);
    service_advance(s, RETRY_SECONDS + 1);
    assert_int_equal(verify_again(s, code), ERR_CODE_REJECTED);
}

/* A09: neither a new token nor a new login buys a further try. */
static void attack_A09_new_token_does_not_reset_counter(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    app_wrong_code(&e.app, s, code);
    for (int round = 0; round < 2; round++) {
        struct told first =
            EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));

        for (int i = 0; i < 3; i++)
            EXPECT(ERR_CODE_REJECTED, ASK(s, "login.login", {"username", "ada"},
                                          {"step_token", first.token}, {"code", code}));
    }
    EXPECT(ERR_LOCKED, offer(s, &verbs[2], "ada", BY_CODE(code)));
    service_put_user(s, "ada", "another horse");
    EXPECT(ERR_LOCKED, guess(s, "ada", &e));
}

/* A13: a wrong code in Begin or Confirm is a wrong code. */
static void attack_A13_guessing_through_enrolment(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told begun, t = {.err = ERR_OK};

    service_enroll(s, "ada", &e);
    begun = EXPECT(ERR_OK, begin(s, "ada", BY_RECOVERY(e.codes[0])));
    app_wrong_code(&begun.app, s, code);
    for (int left = 4; left >= 1; left -= 2) {
        t = EXPECT(ERR_CODE_REJECTED,
                   ASK(s, "enrollment.confirm", {"step_token", begun.token}, {"code", code}));
        assert_int_equal(t.attempts_left, left);
        assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).attempts_left, left - 1);
    }
    EXPECT(ERR_CODE_REJECTED,
           ASK(s, "enrollment.confirm", {"step_token", begun.token}, {"code", code}));
    t = EXPECT(ERR_CODE_REJECTED,
               ASK(s, "enrollment.confirm", {"step_token", begun.token}, {"code", code}));
    assert_int_equal(t.retry_after_s, 30);
    EXPECT(ERR_LOCKED, guess(s, "ada", &e));
    EXPECT(ERR_LOCKED, confirm(s, &begun, true));
    EXPECT(ERR_LOCKED, begin(s, "ada", BY_CODE(app_code(&e.app, s, 0, code))));
}

/* A14: the patient guesser is stopped for good at a hundred, and the right one does not help. */
static void attack_A14_suspended_at_a_hundred(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "ada", &e);
    for (size_t factor = 0; factor < FACTORS; factor++) {
        struct told t = {.retry_after_s = 0};

        for (int i = 0; i < 99; i++) {
            t = wrong_factor(s, &e, factor);
            assert_true(t.err == ERR_CODE_REJECTED || t.err == ERR_WRONG_CREDENTIALS);
            service_advance(s, t.retry_after_s);
        }
        t = wrong_factor(s, &e, factor);
        assert_true(t.err == ERR_CODE_REJECTED || t.err == ERR_WRONG_CREDENTIALS);
        service_last_event(s, "account.suspended",
                           factor == 0   ? REASON(WRONG_PASSWORD)
                           : factor == 1 ? REASON(WRONG_CODE)
                                         : REASON(WRONG_RECOVERY_CODE));
        EXPECT(ERR_SUSPENDED, right_factor(s, &e, factor));
        service_advance(s, 10 * 365 * 86400);
        EXPECT(ERR_SUSPENDED, right_factor(s, &e, factor));
        service_restart(s);
        EXPECT(ERR_SUSPENDED, right_factor(s, &e, factor));
        assert_int_equal(status(s, "ada").state, factor == 1 ? SUSPENDED : ACTIVE);
        EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
        assert_int_equal(status(s, "ada").state, ACTIVE);
        EXPECT(ERR_OK, right_factor(s, &e, factor));
    }
}

/* A17: with a wrong password nobody looks at the code, right or wrong. */
static void attack_A17_wrong_password_and_wrong_codes(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    app_wrong_code(&e.app, s, code);
    for (int i = 0; i < 20; i++) {
        struct told t =
            EXPECT(ERR_WRONG_CREDENTIALS, ASK(s, "login.login", {"username", "ada"},
                                              {"password", "wrong horse"}, {"code", code}));

        service_advance(s, t.retry_after_s);
    }
    assert_int_equal(EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e)).attempts_left, 4);
}

/* A18: the victim gets in by a recovery code, an administrator ends the wait, and it is told. */
static void attack_A18_a_lock_on_codes_leaves_recovery_codes(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
    service_last_event(s, "account.locked", REASON(WRONG_CODE));
    EXPECT(ERR_LOCKED, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD},
                           {"code", app_code(&e.app, s, 0, code)}));
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD},
                       {"recovery_code", e.codes[0]}));
    EXPECT(ERR_LOCKED, guess(s, "ada", &e));
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

/* A74: what is locked or suspended is so through every verb. */
static void attack_A74_locked_everywhere(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    fail_codes(s, "ada", &e, 5);
    EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
    for (int suspended = 0; suspended < 2; suspended++) {
        for (size_t i = 0; i < n_verbs; i++)
            EXPECT(suspended ? ERR_SUSPENDED : ERR_LOCKED,
                   offer(s, &verbs[i], "ada", BY_CODE(app_code(&e.app, s, 0, code))));
        service_advance(s, 30);
        if (!suspended)
            fail_codes(s, "ada", &e, 94);
    }
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_OK);
}

static void is_no_password(const ProtobufCMessageDescriptor *type,
                           const ProtobufCFieldDescriptor *field, unsigned depth)
{
    /* The last two set one. */
    static const char *const takers[] = {"ConfirmPasswordRequest", "LoginRequest", "PutUserRequest",
                                         "ImportUserRequest"};
    bool takes = false;

    (void)depth;
    for (size_t i = 0; i < ARRAY_LEN(takers); i++)
        takes |= strcmp(type->short_name, takers[i]) == 0;
    if (strstr(field->name, "password") && !takes)
        fail_msg("%s is one more place to guess passwords", type->name);
}

/* A13 for passwords: the verbs of an enrolment take none. Where a token belongs, one is nothing. */
static void attack_A13_no_other_verb_looks_at_passwords(void **state)
{
    static const char *const methods[] = {"enrollment.begin", "enrollment.confirm",
                                          "enrollment.disable",
                                          "enrollment.regenerate_recovery_codes"};
    struct service *s = *state;
    struct standing before, after;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    contract_walk_requests(is_no_password);
    service_enroll(s, "ada", &e);
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_WRONG_CREDENTIALS, wrong_factor(s, &e, 0));
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        EXPECT(ERR_INVALID_TOKEN, ASK(s, methods[i], {"step_token", PASSWORD},
                                      {"code", app_code(&e.app, s, 0, code)}));
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A08_parallel_wrong_codes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A08_a_kept_answer_is_no_oracle, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A09_new_token_does_not_reset_counter, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A13_guessing_through_enrolment, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A14_suspended_at_a_hundred, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A17_wrong_password_and_wrong_codes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A18_a_lock_on_codes_leaves_recovery_codes, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A74_locked_everywhere, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A13_no_other_verb_looks_at_passwords, set_up, tear_down),
};
RUN(tests)
