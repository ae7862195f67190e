/* Damaged, moved and forged records: never data, never a crash. */
#include "unit/store/fixture.h"

#include "store/record.h"
#include "store/record.pb-c.h"

static const struct user_id alice = {.org = "acme", .username = "alice"};
static struct place place;
static struct codec codec;

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    codec.keyring = keyring_fixed(&place, "1 active 1");
    codec.arena = arena_new(64 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    keyring_free((struct keyring *)(uintptr_t)codec.keyring);
    arena_free(codec.arena);
    place_remove(&place);
    return 0;
}

static struct bytes maximal_row(const struct user_id *id)
{
    struct bytes row;
    struct user u;

    user_maximal(&u);
    assert_int_equal(record_encode_user(&codec, id, &u, &row), ERR_OK);
    return row;
}

static uint8_t *copy_of(struct bytes b)
{
    uint8_t *copy = arena_alloc(codec.arena, b.n);

    assert_non_null(copy);
    memcpy(copy, b.p, b.n);
    return copy;
}

static void assert_empty(const struct user *u)
{
    static const struct user empty;

    assert_memory_equal(u, &empty, sizeof empty);
}

/* Nothing comes out, and nothing stays of who was loaded before. */
static void assert_refused(const struct user_id *id, struct bytes row)
{
    struct user u;

    user_maximal(&u);
    assert_int_equal(record_decode_user(&codec, id, row, &u), ERR_UNAVAILABLE);
    assert_empty(&u);
}

static void every_flipped_byte_is_refused(void **state)
{
    const uint8_t flips[] = {0x01, 0x80, 0xff};
    struct bytes row = maximal_row(&alice);
    uint8_t *bytes = copy_of(row);

    (void)state;
    for (size_t i = 0; i < row.n; i++) {
        for (size_t k = 0; k < ARRAY_LEN(flips); k++) {
            bytes[i] ^= flips[k];
            assert_refused(&alice, (struct bytes){.p = bytes, .n = row.n});
            bytes[i] ^= flips[k];
        }
    }
}

static void every_truncation_is_refused(void **state)
{
    struct bytes row = maximal_row(&alice);

    (void)state;
    for (size_t n = 0; n < row.n; n++)
        assert_refused(&alice, (struct bytes){.p = row.p, .n = n});
    for (size_t cut = 1; cut < row.n; cut++)
        assert_refused(&alice, (struct bytes){.p = row.p + cut, .n = row.n - cut});
}

static void every_flipped_byte_of_an_answer_is_refused(void **state)
{
    const struct retry_answer a = {.request_id = "r", .expires_ms = 1700000030000};
    struct retry_answer back;
    struct bytes value;
    uint8_t *bytes;

    (void)state;
    assert_int_equal(record_encode_retry(&codec, &alice, &a, &value), ERR_OK);
    bytes = copy_of(value);
    for (size_t i = 0; i < value.n; i++) {
        bytes[i] ^= 1;
        assert_int_equal(
            record_decode_retry(&codec, &alice, (struct bytes){.p = bytes, .n = value.n}, &back),
            ERR_UNAVAILABLE);
        bytes[i] ^= 1;
        assert_int_equal(
            record_decode_retry(&codec, &alice, (struct bytes){.p = bytes, .n = i}, &back),
            ERR_UNAVAILABLE);
    }
}

static void rows_of_another_place_are_refused(void **state)
{
    const struct user_id others[] = {
        {.org = "acme", .username = "bob"},   {.org = "other", .username = "alice"},
        {.org = "acmea", .username = "lice"}, /* the same letters, parted elsewhere */
        {.org = "", .username = "acmealice"}, {.org = "alice", .username = "acme"},
    };
    const struct retry_answer a = {.request_id = "r"};
    const struct lockout failures = {.failures = 3};
    struct bytes row = maximal_row(&alice), value, decoy;
    struct retry_answer answer;
    struct lockout lockout;
    struct org org;

    (void)state;
    assert_int_equal(record_encode_retry(&codec, &alice, &a, &value), ERR_OK);
    assert_int_equal(record_encode_decoy(&codec, &alice, &failures, &decoy), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_refused(&others[i], row);
        assert_int_equal(record_decode_retry(&codec, &others[i], value, &answer), ERR_UNAVAILABLE);
        assert_int_equal(record_decode_decoy(&codec, &others[i], decoy, &lockout), ERR_UNAVAILABLE);
    }
    assert_refused(&alice, decoy);
    assert_int_equal(record_decode_decoy(&codec, &alice, row, &lockout), ERR_UNAVAILABLE);
    assert_int_equal(record_decode_org(&codec, "acme", row, &org), ERR_UNAVAILABLE);
}

/* Somebody who has the keys of rows but exchanges sealed secrets: what does not belong is marked,
 * the others keep working, and the sealed bytes survive saving. */
static void exchanged_keys_are_damaged(void **state)
{
    const struct user_id bob = {.org = "acme", .username = "bob"};
    struct user a, b, back;
    struct bytes row;

    (void)state;
    user_maximal(&a);
    user_maximal(&b);
    assert_int_equal(record_encode_user(&codec, &alice, &a, &row), ERR_OK);
    assert_int_equal(record_encode_user(&codec, &bob, &b, &row), ERR_OK);
    b.authenticators[0] = a.authenticators[0];
    memcpy(b.authenticators[1].sealed, b.authenticators[2].sealed, b.authenticators[2].n_sealed);
    b.authenticators[3].n_sealed = SEALED_OVERHEAD - 1;
    for (unsigned saved = 0; saved < 2; saved++) {
        assert_int_equal(record_encode_user(&codec, &bob, &b, &row), ERR_OK);
        assert_int_equal(record_decode_user(&codec, &bob, row, &back), ERR_OK);
        for (unsigned i = 0; i < back.n_authenticators; i++) {
            assert_int_equal(back.authenticators[i].damaged, i == 0 || i == 1 || i == 3);
            assert_int_equal(back.authenticators[i].key.n, back.authenticators[i].damaged ? 0 : 64);
        }
        assert_false(back.enrollment.authenticator.damaged);
        assert_memory_equal(back.authenticators[0].sealed, a.authenticators[0].sealed,
                            a.authenticators[0].n_sealed);
        b = back;
    }
}

/* Everything else of the user is as good as before; what was sealed stays as it is, and comes under
 * no other key. */
static void assert_stays_shut(const struct user *saved)
{
    struct keyring *newer = keyring_fixed(&place, "1 reading 1,2 active 2");
    const struct codec rotated = {.keyring = newer, .arena = codec.arena};
    struct user u = *saved, back = {0};
    struct bytes row;

    u.password_phc[0] = '\0';
    assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
    assert_int_equal(record_decode_user(&codec, &alice, row, &back), ERR_OK);
    assert_int_equal(record_open_password(&codec, &alice, &back), ERR_UNAVAILABLE);
    assert_int_equal(*back.password_phc, 0);
    assert_false(back.authenticators[0].damaged);
    assert_memory_equal(back.sealed_password, u.sealed_password, u.n_sealed_password);
    assert_int_equal(record_encode_user(&rotated, &alice, &back, &row), ERR_UNAVAILABLE);
    keyring_free(newer);
}

static void a_password_sealed_elsewhere_is_damaged(void **state)
{
    const struct user_id bob = {.org = "acme", .username = "bob"};
    struct user a, b, bad;
    struct bytes row;

    (void)state;
    user_maximal(&a);
    user_maximal(&b);
    assert_int_equal(record_encode_user(&codec, &alice, &a, &row), ERR_OK);
    assert_int_equal(record_encode_user(&codec, &bob, &b, &row), ERR_OK);
    bad = a;
    memcpy(bad.sealed_password, b.sealed_password, b.n_sealed_password);
    assert_stays_shut(&bad);
    bad = a; /* of another field of hers */
    memcpy(bad.sealed_password, a.authenticators[0].sealed, a.authenticators[0].n_sealed);
    bad.n_sealed_password = a.authenticators[0].n_sealed;
    assert_stays_shut(&bad);
    bad = a;
    bad.sealed_password[20] ^= 1;
    assert_stays_shut(&bad);
}

static uint8_t junk[1024];

/* Each makes one value of a well-formed message one that the core does not know. */
#define FORGERIES(X)                                                                               \
    X(algorithm, m->authenticators[0]->algorithm = 3)                                              \
    X(negative_algorithm, m->authenticators[0]->algorithm = (Twofold__Record__Algorithm)-1)        \
    X(digits, m->authenticators[0]->digits = 7)                                                    \
    X(period, m->authenticators[0]->period_s = 0)                                                  \
    X(short_id, m->authenticators[0]->id.len = 15)                                                 \
    X(no_id, m->authenticators[0]->id.len = 0)                                                     \
    X(long_label, m->authenticators[0]->label = field_of(junk, 65))                                \
    X(nul_in_label, m->authenticators[0]->label.data[1] = 0)                                       \
    X(long_seal, m->authenticators[0]->sealed_key = field_of(junk, 97))                            \
    X(short_password, m->sealed_password.len = 5)                                                  \
    X(seal_of_no_password, m->sealed_password.len = SEALED_OVERHEAD)                               \
    X(long_password, m->sealed_password = field_of(junk, 192))                                     \
    X(too_many_authenticators, m->n_authenticators = many(m))                                      \
    X(too_many_tokens, m->n_tokens = many_tokens(m))                                               \
    X(purpose_zero, m->tokens[0]->purpose = 0)                                                     \
    X(purpose_five, m->tokens[0]->purpose = 5)                                                     \
    X(long_token, m->tokens[0]->id = field_of(junk, 17))                                           \
    X(half_a_mac, m->recovery->macs.len -= 16)                                                     \
    X(too_many_macs, m->recovery->macs = field_of(junk, 17 * 32))                                  \
    X(spent_without_slot, m->recovery->spent = 1U << 16)                                           \
    X(recovery_id, m->recovery->id.len = 7)                                                        \
    X(no_macs, m->recovery->macs.len = 0, m->recovery->spent = 0)                                  \
    X(no_enrolled_macs, m->enrollment->recovery->macs.len = 0, m->enrollment->recovery->spent = 0) \
    X(enrollment_of_no_state, m->enrollment->state = 0)                                            \
    X(enrollment_state, m->enrollment->state = 3)                                                  \
    X(enrollment_without_authenticator, m->enrollment->authenticator = NULL)                       \
    X(enrollment_digits, m->enrollment->authenticator->digits = 60)                                \
    X(enrollment_token, m->enrollment->token.len = 0)                                              \
    X(enrollment_replaces, m->enrollment->replaces.len = 3)                                        \
    X(chain_digest, m->chain->digest.len = 31)

static Twofold__Record__Authenticator *authenticator_list[AUTHENTICATORS_MAX + 1];
static Twofold__Record__StepToken *token_list[STEP_TOKENS_MAX + 1];

static size_t many(Twofold__Record__User *m)
{
    for (size_t i = 0; i < ARRAY_LEN(authenticator_list); i++)
        authenticator_list[i] = m->authenticators[0];
    m->authenticators = authenticator_list;
    return ARRAY_LEN(authenticator_list);
}

static size_t many_tokens(Twofold__Record__User *m)
{
    for (size_t i = 0; i < ARRAY_LEN(token_list); i++)
        token_list[i] = m->tokens[0];
    m->tokens = token_list;
    return ARRAY_LEN(token_list);
}

#define X(name, ...)                                   \
    static void forge_##name(Twofold__Record__User *m) \
    {                                                  \
        __VA_ARGS__;                                   \
    }
FORGERIES(X)
#undef X

static const struct forgery {
    const char *name;
    void (*apply)(Twofold__Record__User *m);
} forgeries[] = {
#define X(name, ...) {#name, forge_##name},
    FORGERIES(X)
#undef X
};

/* With a right MAC: the bounds hold by themselves. */
static void unknown_values_are_refused(void **state)
{
    const struct row_id id = {.kind = "user", .org = alice.org, .username = alice.username};

    (void)state;
    memset(junk, 'j', sizeof junk);
    for (size_t i = 0; i < ARRAY_LEN(forgeries); i++) {
        struct bytes row = maximal_row(&alice);
        ProtobufCMessage *m;
        struct user u = {0};

        assert_int_equal(row_decode(&codec, &id, row, &twofold__record__user__descriptor, &m),
                         ERR_OK);
        forgeries[i].apply((Twofold__Record__User *)m);
        assert_int_equal(row_encode(&codec, &id, m, &row), ERR_OK);
        if (record_decode_user(&codec, &alice, row, &u) != ERR_UNAVAILABLE)
            fail_msg("%s was taken", forgeries[i].name);
        assert_empty(&u);
        arena_reset(codec.arena);
    }
}

/* What could not be read back is not written. */
static void unreadable_users_are_not_written(void **state)
{
    struct user bad[9];
    struct bytes row;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        user_maximal(&bad[i]);
    bad[0].n_authenticators = AUTHENTICATORS_MAX + 1;
    bad[1].n_tokens = STEP_TOKENS_MAX + 1;
    bad[2].recovery.n = RECOVERY_CODES_MAX + 1;
    bad[3].enrollment.authenticator.otp.digits = 0;
    memset(bad[4].authenticators[0].label, 'x', sizeof bad[4].authenticators[0].label);
    bad[5].tokens[0].purpose = 0;
    bad[6].n_sealed_password = SEALED_PHC_MAX + 1;
    bad[8].n_sealed_password = SEALED_OVERHEAD;
    memset(bad[7].password_phc, 'x', sizeof bad[7].password_phc);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(record_encode_user(&codec, &alice, &bad[i], &row), ERR_INTERNAL);
}

static void bad_policies_are_not_written(void **state)
{
    struct org bad[4] = {org_sample(), org_sample(), org_sample(), org_sample()};
    struct bytes row;

    (void)state;
    bad[0].policy.mode = 0;
    bad[1].policy.max_failures = 0;
    bad[2].policy.otp.period_s = 31;
    memset(bad[3].policy.issuer, 'x', sizeof bad[3].policy.issuer);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(record_encode_org(&codec, "acme", &bad[i], &row), ERR_INTERNAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_flipped_byte_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_truncation_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_flipped_byte_of_an_answer_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rows_of_another_place_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(exchanged_keys_are_damaged, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_password_sealed_elsewhere_is_damaged, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unknown_values_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(unreadable_users_are_not_written, set_up, tear_down),
    cmocka_unit_test_setup_teardown(bad_policies_are_not_written, set_up, tear_down),
};

RUN(tests)
