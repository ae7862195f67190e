/* Every verb that takes a code tells the trail how far the code is from now. */
#include "core/enrollment.h"

#include "support/runner.h"

enum { T = 56666666, NOW = 1699999990 };

static const uint8_t token[TOKEN_ID_BYTES] = "the step token..";

static struct authenticator authenticator(void)
{
    return (struct authenticator){.id = "aaaaaaaaaaaaaaa",
                                  .otp = {MAC_SHA1, 6, 30},
                                  .key = {.n = 20, .bytes = "12345678901234567890"}};
}

static struct offered code_of(int offset)
{
    const struct authenticator a = authenticator();
    struct offered offered = {.kind = OFFERED_CODE};

    assert_int_equal(otp_hotp(&a.otp, &a.key, (uint64_t)(T + offset), &offered.code), ERR_OK);
    return offered;
}

typedef enum err verb(struct user *u, const struct offered *code, const struct circumstances *c,
                      struct decision *d);

static enum err by_login(struct user *u, const struct offered *code, const struct circumstances *c,
                         struct decision *d)
{
    const struct login_ask ask = {.second = code};
    struct login_result result;

    return login_decide(u, &ask, c, d, &result);
}

static enum err by_begin(struct user *u, const struct offered *code, const struct circumstances *c,
                         struct decision *d)
{
    const struct authenticator fresh = authenticator();

    return begin_decide(u, &(struct begin_ask){token, code, &fresh}, c, d);
}

static enum err by_confirm(struct user *u, const struct offered *code,
                           const struct circumstances *c, struct decision *d)
{
    const struct secret none = {0};

    u->enrollment.state = ENROLLMENT_PENDING;
    u->enrollment.authenticator = u->authenticators[0];
    memcpy(u->enrollment.token, token, sizeof token);
    return confirm_decide(u, &(struct confirm_ask){.token = token, .code = code, .echo = &none}, c,
                          d);
}

static enum err by_disable(struct user *u, const struct offered *code,
                           const struct circumstances *c, struct decision *d)
{
    return disable_decide(u, token, code, c, d);
}

static enum err by_regenerate(struct user *u, const struct offered *code,
                              const struct circumstances *c, struct decision *d)
{
    const struct recovery_set fresh = {.n = 0};

    return regenerate_decide(u, &(struct regenerate_ask){token, code, &fresh}, c, d);
}

static struct audit_fact fact_of(verb *ask, int offset)
{
    const struct policy policy = policy_default();
    const struct circumstances c = {.policy = &policy, .now_s = NOW};
    const struct offered code = code_of(offset);
    const struct step_token account = {.purpose = TOKEN_ACCOUNT, .expires_s = NOW + 60};
    struct user u = {.exists = true, .n_authenticators = 1, .authenticators = {authenticator()}};
    struct decision d = {.answer = ERR_OK};

    u.n_tokens = 1;
    u.tokens[0] = account;
    memcpy(u.tokens[0].id, token, sizeof token);
    assert_int_equal(ask(&u, &code, &c, &d), ERR_OK);
    assert_true(d.facts.n > 0);
    return d.facts.at[0];
}

static void every_verb_that_takes_a_code_tells_its_offset(void **state)
{
    static const struct {
        verb *ask;
        enum audit_type yes, no;
    } rows[] = {
        {by_login, AUDIT_LOGIN_SUCCEEDED, AUDIT_LOGIN_FAILED},
        {by_begin, AUDIT_VERIFICATION_SUCCEEDED, AUDIT_VERIFICATION_FAILED},
        {by_confirm, AUDIT_ENROLLMENT_CONFIRMED, AUDIT_VERIFICATION_FAILED},
        {by_disable, AUDIT_VERIFICATION_SUCCEEDED, AUDIT_VERIFICATION_FAILED},
        {by_regenerate, AUDIT_VERIFICATION_SUCCEEDED, AUDIT_VERIFICATION_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct audit_fact good = fact_of(rows[i].ask, -1), late = fact_of(rows[i].ask, -7);

        assert_int_equal(good.type, rows[i].yes);
        assert_int_equal(good.reason, WHY_NONE);
        assert_int_equal(good.step_offset, -1);
        assert_int_equal(late.type, rows[i].no);
        assert_int_equal(late.reason, WHY_OUTSIDE_WINDOW);
        assert_int_equal(late.step_offset, -7);
        assert_true(late.has_authenticator);
        assert_int_equal(late.authenticator[0], 'a');
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_verb_that_takes_a_code_tells_its_offset),
};
RUN(tests)
