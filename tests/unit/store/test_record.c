/* Records as bytes and back: what goes in comes out, secrets are sealed, the format is stable. */
#include "unit/store/fixture.h"

#include "store/record.h"
#include "store/record.pb-c.h"

#include <stdlib.h>

enum { ARENA_BYTES = 8 * REQUEST_ARENA_BYTES };

static const struct user_id alice = {.org = "acme", .username = "alice"};
static struct place place;
static struct codec codec;

static int set_up(void **state)
{
    (void)state;
    place_make(&place);
    codec.keyring = keyring_fixed(&place, "1 active 1");
    codec.arena = arena_new(ARENA_BYTES);
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

static void assert_round_trip_of(const struct user_id *id, struct user *u)
{
    struct user back = {0};
    struct bytes row;

    assert_int_equal(record_encode_user(&codec, id, u, &row), ERR_OK);
    assert_int_equal(record_decode_user(&codec, id, row, &back), ERR_OK);
    assert_int_equal(record_open_password(&codec, id, &back), ERR_OK);
    assert_same_user(u, &back);
}

static void maximal_user_round_trip(void **state)
{
    struct user u;

    (void)state;
    user_maximal(&u);
    assert_round_trip_of(&alice, &u);
}

static void minimal_user_round_trip(void **state)
{
    struct user u;

    (void)state;
    user_minimal(&u);
    assert_round_trip_of(&alice, &u);
}

static void longest_names_round_trip(void **state)
{
    char org[ORG_MAX + 1], username[USERNAME_MAX + 1];
    const struct user_id id = {.org = org, .username = username};
    struct user u;

    (void)state;
    memset(org, 'o', ORG_MAX);
    org[ORG_MAX] = '\0';
    memset(username, 0xc3, USERNAME_MAX);
    username[USERNAME_MAX] = '\0';
    user_maximal(&u);
    assert_round_trip_of(&id, &u);
}

/* What is not in use is zero, whoever was there before. */
static void a_user_takes_the_place_of_another_wholly(void **state)
{
    struct user expected, u;
    struct bytes row;

    (void)state;
    user_minimal(&expected);
    assert_int_equal(record_encode_user(&codec, &alice, &expected, &row), ERR_OK);
    user_maximal(&u);
    assert_int_equal(record_decode_user(&codec, &alice, row, &u), ERR_OK);
    assert_memory_equal(&u, &expected, sizeof u);
}

static const struct row_id alice_row = {.kind = "user", .org = "acme", .username = "alice"};

static Twofold__Record__User *message_of(struct bytes row)
{
    ProtobufCMessage *m = NULL;

    assert_int_equal(row_decode(&codec, &alice_row, row, &twofold__record__user__descriptor, &m),
                     ERR_OK);
    return (Twofold__Record__User *)m;
}

static void only_counters_that_count_are_stored(void **state)
{
    const Twofold__Record__User *m;
    struct user u;
    struct bytes row;

    (void)state;
    user_minimal(&u);
    assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
    m = message_of(row);
    assert_null(m->password_lockout);
    assert_null(m->code_lockout);
    assert_null(m->recovery_lockout);
    u.code_lockout.failures = 1;
    u.recovery_lockout.until_s = -1; /* either makes it one */
    assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
    m = message_of(row);
    assert_null(m->password_lockout);
    assert_int_equal(m->code_lockout->failures, 1);
    assert_int_equal(m->recovery_lockout->until_s, -1);
    assert_round_trip_of(&alice, &u);
}

/* As they were written before. */
static void counters_at_zero_read(void **state)
{
    Twofold__Record__Lockout zero = TWOFOLD__RECORD__LOCKOUT__INIT;
    Twofold__Record__User *m;
    struct user expected, u = {0};
    struct bytes row;

    (void)state;
    user_minimal(&expected);
    assert_int_equal(record_encode_user(&codec, &alice, &expected, &row), ERR_OK);
    m = message_of(row);
    m->password_lockout = m->code_lockout = m->recovery_lockout = &zero;
    assert_int_equal(row_encode(&codec, &alice_row, &m->base, &row), ERR_OK);
    assert_int_equal(record_decode_user(&codec, &alice, row, &u), ERR_OK);
    assert_memory_equal(&u, &expected, sizeof u);
}

static void org_round_trip(void **state)
{
    const struct org o = org_sample();
    struct org back;
    struct bytes row;

    (void)state;
    assert_int_equal(record_encode_org(&codec, "acme", &o, &row), ERR_OK);
    assert_int_equal(record_decode_org(&codec, "acme", row, &back), ERR_OK);
    assert_same_org(&o, &back);
}

static struct retry_answer answer_sample(size_t n_reply)
{
    struct retry_answer a = {
        .request_id = "0192-retry",
        .actor = "billing",
        .digest = {1, 2, 3},
        .err = ERR_CODE_REJECTED,
        .expires_ms = 1700000030000,
    };
    uint8_t *reply = arena_alloc(codec.arena, n_reply);

    assert_non_null(reply);
    memset(reply, 0x5a, n_reply);
    a.reply = (struct bytes){.p = reply, .n = n_reply};
    return a;
}

static void answer_round_trip(void **state)
{
    const size_t sizes[] = {0, 1, 300, REQUEST_ARENA_BYTES};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const struct retry_answer a = answer_sample(sizes[i]);
        struct retry_answer back;
        struct bytes value;

        assert_int_equal(record_encode_retry(&codec, &alice, &a, &value), ERR_OK);
        assert_int_equal(record_decode_retry(&codec, &alice, value, &back), ERR_OK);
        assert_string_equal(back.request_id, a.request_id);
        assert_string_equal(back.actor, a.actor);
        assert_memory_equal(back.digest, a.digest, sizeof a.digest);
        assert_int_equal(back.err, a.err);
        assert_true(back.expires_ms == a.expires_ms);
        assert_true(bytes_equal(back.reply, a.reply));
        arena_reset(codec.arena);
    }
}

/* No 16 bytes of any secret stand in the row as they are. */
static void nothing_secret_is_in_clear(void **state)
{
    struct retry_answer a = answer_sample(64);
    struct bytes row, value;
    struct user u;

    (void)state;
    user_maximal(&u);
    assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
    for (unsigned i = 0; i < u.n_authenticators; i++)
        assert_null(memmem(row.p, row.n, u.authenticators[i].key.bytes, 16));
    assert_null(memmem(row.p, row.n, u.enrollment.authenticator.key.bytes, 16));
    assert_null(memmem(row.p, row.n, u.password_phc, 16));
    assert_int_equal(record_encode_retry(&codec, &alice, &a, &value), ERR_OK);
    assert_null(memmem(value.p, value.n, a.reply.p, 16));
    assert_null(memmem(value.p, value.n, a.request_id, strlen(a.request_id)));
}

/* An unchanged key is not sealed again, also when its enrolment becomes active. */
static void sealed_keys_are_kept(void **state)
{
    struct user u, loaded = {0};
    struct bytes row;

    (void)state;
    user_maximal(&u);
    assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
    assert_int_equal(record_decode_user(&codec, &alice, row, &loaded), ERR_OK);
    loaded.authenticators[0] = loaded.enrollment.authenticator;
    loaded.enrollment = (struct enrollment){0};
    assert_int_equal(record_encode_user(&codec, &alice, &loaded, &row), ERR_OK);
    assert_memory_equal(loaded.authenticators[0].sealed, u.enrollment.authenticator.sealed,
                        u.enrollment.authenticator.n_sealed);
    assert_int_equal(record_decode_user(&codec, &alice, row, &loaded), ERR_OK);
    assert_false(loaded.authenticators[0].damaged);
    assert_memory_equal(loaded.authenticators[0].key.bytes, u.enrollment.authenticator.key.bytes,
                        SECRET_MAX);
    assert_memory_equal(loaded.authenticators[1].sealed, u.authenticators[1].sealed,
                        u.authenticators[1].n_sealed);
}

static void decoded(const struct user *saved, struct user *ret)
{
    struct user copy = *saved;
    struct bytes row;

    assert_int_equal(record_encode_user(&codec, &alice, &copy, &row), ERR_OK);
    assert_int_equal(record_decode_user(&codec, &alice, row, ret), ERR_OK);
}

/* A hash that nobody asked for is neither opened nor sealed again. */
static void a_sealed_password_is_kept_and_shut(void **state)
{
    struct user u, first = {0}, second = {0};

    (void)state;
    user_maximal(&u);
    decoded(&u, &first);
    assert_int_equal(*first.password_phc, 0);
    decoded(&first, &second);
    assert_int_equal(*second.password_phc, 0);
    assert_int_equal(second.n_sealed_password, strlen(u.password_phc) + SEALED_OVERHEAD);
    assert_memory_equal(second.sealed_password, first.sealed_password, first.n_sealed_password);
    assert_int_equal(record_open_password(&codec, &alice, &second), ERR_OK);
    assert_string_equal(second.password_phc, u.password_phc);
    decoded(&second, &first); /* open or not */
    assert_memory_equal(second.sealed_password, first.sealed_password, first.n_sealed_password);
}

/* Whether the one before was opened or not. */
static void a_new_password_takes_the_place_of_the_sealed_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *text = i / 2 ? "" : "$new";
        struct user u, back = {0};

        user_maximal(&u);
        decoded(&u, &back);
        if (i % 2)
            assert_int_equal(record_open_password(&codec, &alice, &back), ERR_OK);
        user_set_password(&back, text);
        decoded(&back, &u);
        assert_int_equal(record_open_password(&codec, &alice, &u), ERR_OK);
        assert_string_equal(u.password_phc, text);
        assert_int_equal(u.n_sealed_password, *text ? strlen(text) + SEALED_OVERHEAD : 0);
    }
}

/* Written under a key that is now only for reading. */
static void older_keys_read(void **state)
{
    struct keyring *newer = keyring_fixed(&place, "1 reading 1,2 active 2");
    const struct codec rotated = {.keyring = newer, .arena = codec.arena};
    struct user u, back = {0};
    struct bytes row;

    (void)state;
    user_maximal(&u);
    assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
    assert_int_equal(record_decode_user(&rotated, &alice, row, &back), ERR_OK);
    assert_int_equal(record_open_password(&rotated, &alice, &back), ERR_OK);
    assert_same_user(&u, &back);
    assert_int_equal(record_encode_user(&rotated, &alice, &back, &row), ERR_OK);
    assert_int_equal(record_decode_user(&codec, &alice, row, &back), ERR_UNAVAILABLE);
    keyring_free(newer);
}

/* What is saved under a newer key needs the older one no more, opened or not. */
static void a_saved_user_is_under_the_active_key_wholly(void **state)
{
    struct keyring *both = keyring_fixed(&place, "1 reading 1,2 active 2");
    struct keyring *last = keyring_fixed(&place, "2 active 2");
    const struct codec rotated = {.keyring = both, .arena = codec.arena};
    const struct codec after = {.keyring = last, .arena = codec.arena};

    (void)state;
    for (int opened = 0; opened < 2; opened++) {
        struct user u, back = {0};
        struct bytes row;

        user_maximal(&u);
        assert_int_equal(record_encode_user(&codec, &alice, &u, &row), ERR_OK);
        assert_int_equal(record_decode_user(&rotated, &alice, row, &back), ERR_OK);
        if (opened)
            assert_int_equal(record_open_password(&rotated, &alice, &back), ERR_OK);
        assert_int_equal(record_encode_user(&rotated, &alice, &back, &row), ERR_OK);
        assert_int_equal(record_decode_user(&after, &alice, row, &back), ERR_OK);
        assert_int_equal(record_open_password(&after, &alice, &back), ERR_OK);
        assert_string_equal(back.password_phc, u.password_phc);
    }
    keyring_free(both);
    keyring_free(last);
}

static struct bytes golden(const char *name)
{
    const char *source = getenv("TEST_SOURCE");
    char path[512];
    uint8_t *bytes = arena_alloc(codec.arena, 16384);
    unsigned byte;
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/golden/%s", source ? source : ".", name);
    f = fopen(path, "r");
    assert_non_null(f);
    while (n < 16384 && fscanf(f, "%2x", &byte) == 1)
        bytes[n++] = (uint8_t)byte;
    fclose(f);
    assert_true(n > 0);
    return (struct bytes){.p = bytes, .n = n};
}

/* Rows of format 1, written once and never again: what is in them must stay readable. */
static void golden_rows_decode(void **state)
{
    struct org expected_org = org_sample(), o;
    struct user expected, u = {0};
    struct retry_answer answer;

    (void)state;
    user_maximal(&expected);
    assert_int_equal(record_decode_user(&codec, &alice, golden("record_user_1.hex"), &u), ERR_OK);
    for (unsigned i = 0; i < expected.n_authenticators; i++) {
        struct authenticator *e = &expected.authenticators[i];

        e->n_sealed = u.authenticators[i].n_sealed;
        memcpy(e->sealed, u.authenticators[i].sealed, e->n_sealed);
    }
    assert_int_equal(record_open_password(&codec, &alice, &u), ERR_OK);
    expected.n_sealed_password = u.n_sealed_password;
    memcpy(expected.sealed_password, u.sealed_password, u.n_sealed_password);
    expected.enrollment.authenticator.n_sealed = u.enrollment.authenticator.n_sealed;
    memcpy(expected.enrollment.authenticator.sealed, u.enrollment.authenticator.sealed,
           u.enrollment.authenticator.n_sealed);
    assert_same_user(&expected, &u);
    assert_int_equal(record_decode_org(&codec, "acme", golden("record_org_1.hex"), &o), ERR_OK);
    assert_same_org(&expected_org, &o);
    assert_int_equal(record_decode_retry(&codec, &alice, golden("record_retry_1.hex"), &answer),
                     ERR_OK);
    assert_string_equal(answer.request_id, "0192-retry");
    assert_int_equal(answer.reply.n, 5);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(maximal_user_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(minimal_user_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(longest_names_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_user_takes_the_place_of_another_wholly, set_up, tear_down),
    cmocka_unit_test_setup_teardown(only_counters_that_count_are_stored, set_up, tear_down),
    cmocka_unit_test_setup_teardown(counters_at_zero_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown(org_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(answer_round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nothing_secret_is_in_clear, set_up, tear_down),
    cmocka_unit_test_setup_teardown(sealed_keys_are_kept, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_sealed_password_is_kept_and_shut, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_new_password_takes_the_place_of_the_sealed_one, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(older_keys_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_saved_user_is_under_the_active_key_wholly, set_up, tear_down),
    cmocka_unit_test_setup_teardown(golden_rows_decode, set_up, tear_down),
};

RUN(tests)
