/*
 * Rule 11, A53: a name that nobody has costs the cryptography of one that somebody has. Counted,
 * not timed: the linker puts counters before the calls.
 */
#include "crypto/aead.h"
#include "store/row.h"

#include "support/runner.h"
#include "support/steps.h"

static struct cost {
    unsigned opened, sealed, rows_read, rows_written;
} cost;

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
    cost.sealed++;
    return __real_aead_seal(key, aad, plain, ret_sealed);
}

enum err __wrap_aead_open(struct aead_key *key, struct bytes aad, struct bytes sealed_bytes,
                          uint8_t *ret_plain)
{
    cost.opened++;
    return __real_aead_open(key, aad, sealed_bytes, ret_plain);
}

enum err __real_row_encode(const struct codec *c, const struct row_id *id,
                           const ProtobufCMessage *message, struct bytes *ret_row);
enum err __wrap_row_encode(const struct codec *c, const struct row_id *id,
                           const ProtobufCMessage *message, struct bytes *ret_row);
enum err __real_row_decode(const struct codec *c, const struct row_id *id, struct bytes row,
                           const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_message);
enum err __wrap_row_decode(const struct codec *c, const struct row_id *id, struct bytes row,
                           const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_message);

enum err __wrap_row_encode(const struct codec *c, const struct row_id *id,
                           const ProtobufCMessage *message, struct bytes *ret_row)
{
    cost.rows_written++;
    return __real_row_encode(c, id, message, ret_row);
}

enum err __wrap_row_decode(const struct codec *c, const struct row_id *id, struct bytes row,
                           const ProtobufCMessageDescriptor *type, ProtobufCMessage **ret_message)
{
    cost.rows_read++;
    return __real_row_decode(c, id, row, type, ret_message);
}

static enum err cost_of(struct service *s, const char *method, struct field who,
                        struct field second, struct cost *ret)
{
    enum err err;

    cost = (struct cost){0};
    err = ASK(s, method, who, second).err;
    *ret = cost;
    return err;
}

/* Asks for both names, which must cost the same: rows, and the hash of a password that is judged.
 */
static enum err same_cost(struct service *s, const char *method, struct field second)
{
    struct cost known, unknown;
    enum err err = cost_of(s, method, (struct field){"username", "known"}, second, &known);

    assert_int_equal(cost_of(s, method, (struct field){"username", "nobody"}, second, &unknown),
                     err);
    assert_int_equal(unknown.opened, known.opened);
    assert_int_equal(unknown.sealed, known.sealed);
    assert_int_equal(unknown.rows_read, known.rows_read);
    assert_int_equal(unknown.rows_written, known.rows_written);
    assert_true(known.rows_read > 0);
    assert_int_equal(known.opened > 0, err == ERR_WRONG_CREDENTIALS);
    return err;
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
