/* A32, A53: other people's users, and people who do not exist. */
#include "support/alike.h"
#include "support/by_hand.h"
#include "support/runner.h"

#include <stdlib.h>

/* A10, A32: bob's token is nothing in ada's name, nor in another organization. */
static void attack_A32_token_of_another(void **state)
{
    struct service *s = *state;
    struct enrolled ada = {.n_codes = 0}, bob = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    char *token;

    service_enroll(s, "ada", &ada);
    service_enroll(s, "bob", &bob);
    token = service_issue(s, "bob");
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "login.login", {"username", "ada"}, {"step_token", token},
                                  {"code", app_code(&ada.app, s, 0, code)}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "login.login", {"username", "nobody"}, {"step_token", token}));
    s->org = "acme";
    set_policy(s, "mode", OPTIONAL);
    service_put_user(s, "bob", PASSWORD);
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "login.login", {"username", "bob"}, {"step_token", token}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", token}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.disable", {"step_token", token}));
    s->org = NULL;
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
    EXPECT(ERR_OK, ASK(s, "enrollment.disable", {"step_token", token},
                       {"code", app_code(&bob.app, s, 0, code)}));
    assert_int_equal(status(s, "ada").state, ACTIVE);
    free(token);
}

static enum err same_login(struct service *s, const char *method)
{
    bool whole = strcmp(method, "login.login") == 0;

    return alike(s, method, (struct field){"password", "wrong horse"},
                 whole ? BY_CODE("123456") : NO_SECOND);
}

/* The wait in force, as a refusal tells it; asking inside a wait counts nothing. */
static int64_t wait_of(struct service *s)
{
    return ASK(s, "login.confirm_password", {"username", "known"}, {"password", "wrong horse"})
        .retry_after_s;
}

/* The whole way: free tries, every wait from within and just before its end, to the cap and after.
 */
static void attack_A53_a_long_series(void **state)
{
    static const char *const methods[] = {"login.confirm_password", "login.login"};
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    unsigned failures = 0, waits = 0;

    service_enroll(s, "known", &e);
    while (failures < CONSECUTIVE_FAILURES_MAX) {
        enum err err = same_login(s, methods[failures % 2]);
        int64_t wait;

        if (err == ERR_LOCKED) {
            wait = wait_of(s);
            service_advance(s, wait - 1);
            assert_int_equal(same_login(s, methods[waits % 2]), ERR_LOCKED);
            service_advance(s, 1);
            waits++;
            if (waits % 10 == 0)
                service_restart(s);
            continue;
        }
        assert_int_equal(err, ERR_WRONG_CREDENTIALS);
        failures++;
    }
    assert_int_equal(waits, CONSECUTIVE_FAILURES_MAX - 6);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(same_login(s, methods[i % 2]), ERR_SUSPENDED);
        service_advance(s, 86400);
    }
    service_restart(s);
    assert_int_equal(same_login(s, methods[0]), ERR_SUSPENDED);
}

/* A malformed request is malformed for everybody. */
static void attack_A53_malformed_requests(void **state)
{
    static const struct field bad[][2] = {
        {{"password", "short"}, {NULL, NULL}},
        {{"password", NULL}, {NULL, NULL}},
        {{"password", PASSWORD}, {"code", "12345"}},
        {{"password", PASSWORD}, {"recovery_code", "x"}},
        {{"step_token", ""}, {NULL, NULL}},
    };
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};

    service_enroll(s, "known", &e);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(alike(s, "login.login", bad[i][0], bad[i][1]), ERR_VALIDATION);
    assert_int_equal(alike(s, "login.login", (struct field){"step_token", "AAAA"}, NO_SECOND),
                     ERR_INVALID_TOKEN);
}

/* The same work for both: one hash each, before anything is answered. */
static void attack_A53_a_stranger_costs_a_hash(void **state)
{
    static const char *const methods[] = {"login.confirm_password", "login.login"};
    static const char *const names[] = {"known", "unknown"};
    struct service *s = *state;

    service_put_user(s, "known", PASSWORD);
    for (size_t i = 0; i < 4; i++) {
        struct field fields[] = {
            {"username", names[i % 2]}, {"password", "wrong horse"}, {NULL, NULL}};
        struct exchange *x = hand_in(s, methods[i / 2], fields);

        hand_run(s, &x, 1);
        assert_false(exchange_answer(x).done);
        assert_int_equal(dispatcher_waiting(s->dispatcher), 1);
        assert_int_equal(hand_finish(s, x), ERR_WRONG_CREDENTIALS);
        exchange_free(x);
    }
}

/* A32: seen from another organization, a user is nobody. */
static void attack_A32_users_of_another_organization_are_strangers(void **state)
{
    static const char *const admin[] = {"admin.delete_user", "admin.reset_second_factor",
                                        "admin.unlock", "admin.issue_step_token"};
    struct service *s = *state;
    struct enrolled e;
    struct answer list;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "known", &e);
    s->org = "acme";
    set_policy(s, "mode", OPTIONAL);
    app_code(&e.app, s, 0, code);
    assert_int_equal(alike(s, "verification.get_status", NO_SECOND, NO_SECOND), ERR_OK);
    assert_int_equal(alike(s, "verification.verify", BY_CODE(code), NO_SECOND), ERR_NOT_ENROLLED);
    assert_int_equal(alike(s, "verification.verify", BY_RECOVERY(e.codes[0]), NO_SECOND),
                     ERR_NOT_ENROLLED);
    assert_int_equal(alike(s, "login.login", (struct field){"password", PASSWORD}, BY_CODE(code)),
                     ERR_WRONG_CREDENTIALS);
    for (size_t i = 0; i < ARRAY_LEN(admin); i++)
        assert_int_equal(alike(s, admin[i], NO_SECOND, NO_SECOND), ERR_NOT_FOUND);
    list = ASK_RAW(s, "admin.list_users", {NULL, NULL});
    assert_int_equal(list.err, ERR_OK);
    assert_int_equal(list.raw.n, 0);
    answer_free(&list);
    s->org = NULL;
    assert_int_equal(service_verify(s, "known", code), ERR_OK);
}

static struct answer disable_with(struct service *s, const char *token, const char *code)
{
    return ASK_RAW(s, "enrollment.disable", {"step_token", token}, {"code", code});
}

/* A32: a token of another organization says no more than one that somebody made up. */
static void attack_A32_a_token_of_another_organization_is_like_none(void **state)
{
    struct service *s = *state;
    struct answer foreign, made_up;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];
    char *token;

    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    app_code(&e.app, s, 0, code);
    s->org = "acme";
    set_policy(s, "mode", OPTIONAL);
    service_enroll(s, "ada", &(struct enrolled){.n_codes = 0});
    foreign = disable_with(s, token, code);
    token[3] = token[3] == 'A' ? 'B' : 'A';
    made_up = disable_with(s, token, code);
    assert_int_equal(foreign.err, ERR_INVALID_TOKEN);
    assert_int_equal(made_up.err, ERR_INVALID_TOKEN);
    assert_int_equal(foreign.raw.n, made_up.raw.n);
    assert_memory_equal(foreign.raw.p, made_up.raw.p, made_up.raw.n);
    assert_int_equal(status(s, "ada").state, ACTIVE);
    answer_free(&foreign);
    answer_free(&made_up);
    free(token);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A32_token_of_another, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A53_a_long_series, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A53_malformed_requests, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A53_a_stranger_costs_a_hash, set_up, tear_down),
    cmocka_unit_test_setup_teardown(attack_A32_users_of_another_organization_are_strangers, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A32_a_token_of_another_organization_is_like_none, set_up,
                                    tear_down),
};
RUN(tests)
