/*
 * Rule 11, A53: a name that nobody has costs the cryptography of one that somebody has. Counted,
 * not timed: the linker puts counters before the calls.
 */
#include "crypto/aead.h"

#include "support/runner.h"
#include "support/steps.h"

static unsigned opened, sealed;

enum err __real_aead_seal(struct aead_key *key, struct bytes aad, struct bytes plain,
                          uint8_t *ret_sealed);
enum err __wrap_aead_seal(struct aead_key *key, struct bytes aad, struct bytes plain,
                          uint8_t *ret_sealed);
enum err __real_aead_open(struct aead_key *key, struct bytes aad, struct bytes sealed_bytes,
                          uint8_t *ret_plain);
enum err __wrap_aead_open(struct aead_key *key, struct bytes aad, struct bytes sealed_bytes,
                          uint8_t *ret_plain);

enum err __wrap_aead_seal(struct aead_key *key, struct bytes aad, struct bytes plain,
                          uint8_t *ret_sealed)
{
    sealed++;
    return __real_aead_seal(key, aad, plain, ret_sealed);
}

enum err __wrap_aead_open(struct aead_key *key, struct bytes aad, struct bytes sealed_bytes,
                          uint8_t *ret_plain)
{
    opened++;
    return __real_aead_open(key, aad, sealed_bytes, ret_plain);
}

/* Asks for both names, which must cost the same and more than nothing. */
static enum err same_cost(struct service *s, const char *method, struct field second)
{
    enum err known, unknown;
    unsigned opened_known, sealed_known;

    opened = sealed = 0;
    known = ASK(s, method, {"username", "known"}, second).err;
    opened_known = opened;
    sealed_known = sealed;
    opened = sealed = 0;
    unknown = ASK(s, method, {"username", "nobody"}, second).err;
    assert_int_equal(unknown, known);
    assert_int_equal(opened, opened_known);
    assert_int_equal(sealed, sealed_known);
    assert_true(opened > 0);
    return known;
}

static void attack_A53_an_unknown_name_costs_the_same_cryptography(void **state)
{
    static const struct field wrong = {"password", "wrong horse"};
    struct service *s = *state;

    service_put_user(s, "known", PASSWORD);
    (void)service_verify(s, "nobody", "123456"); /* the stand-in is made at first use */
    assert_int_equal(same_cost(s, "verification.verify", BY_CODE("123456")), ERR_NOT_ENROLLED);
    assert_int_equal(same_cost(s, "verification.get_status", NO_SECOND), ERR_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(same_cost(s, "login.login", wrong), ERR_WRONG_CREDENTIALS);
    assert_int_equal(same_cost(s, "login.login", wrong), ERR_LOCKED);
    assert_int_equal(same_cost(s, "login.confirm_password", wrong), ERR_LOCKED);
    service_restart(s);
    (void)service_verify(s, "nobody", "123456");
    assert_int_equal(same_cost(s, "login.login", wrong), ERR_LOCKED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(attack_A53_an_unknown_name_costs_the_same_cryptography, set_up,
                                    tear_down),
};
RUN(tests)
