#include "crypto/keyring.h"

#include "support/hex.h"
#include "support/runner.h"
#include "support/scratch.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static const char one_key[] = "twofold-keyring 1\nkey 1 active 2026-11-22 " KEY_A "\n";
static const char rotated[] =
    "twofold-keyring 1\nkey 2 active 2026-11-23 " KEY_B "\nkey 1 reading 2026-11-22 " KEY_A "\n";
static const char other_key[] = "twofold-keyring 1\nkey 1 active 2026-11-22 " KEY_B "\n";

enum { TEXT_BYTES = 16, SEALED_BYTES = TEXT_BYTES + SEALED_OVERHEAD };
static const struct bytes text = {(const uint8_t *)"a shared secret!", TEXT_BYTES};
static const struct bytes context[] = {{(const uint8_t *)"acme", 4}, {(const uint8_t *)"alice", 5}};

static struct keyring *keyring_of(const char *file)
{
    struct scratch s;
    struct keyring *k = NULL;
    struct diag diag = {""};

    scratch_make(&s);
    assert_int_equal(keyring_open(scratch_write(&s, "keyring", file, 0600), &k, &diag), ERR_OK);
    scratch_remove(&s);
    return k;
}

static void seal(const struct keyring *k, uint8_t sealed[SEALED_BYTES])
{
    assert_int_equal(keyring_seal(k, KEY_FIELD, context, 2, text, sealed), ERR_OK);
}

static void a_seal_opens_in_its_own_place(void **state)
{
    auto_keyring *k = keyring_of(one_key);
    uint8_t sealed[SEALED_BYTES], plain[TEXT_BYTES];

    (void)state;
    seal(k, sealed);
    assert_int_equal(
        keyring_unseal(k, KEY_FIELD, context, 2, (struct bytes){sealed, SEALED_BYTES}, plain),
        ERR_OK);
    assert_memory_equal(plain, text.p, TEXT_BYTES);
}

static void assert_refused(const struct keyring *k, enum key_purpose purpose,
                           const struct bytes *place, struct bytes sealed)
{
    uint8_t plain[SEALED_BYTES + 1];

    assert_int_equal(keyring_unseal(k, purpose, place, 2, sealed, plain), ERR_INVALID_TOKEN);
}

static void a_seal_opens_nowhere_else(void **state)
{
    auto_keyring *k = keyring_of(one_key), *other = keyring_of(other_key);
    const struct bytes places[][2] = {
        {bytes_of_text("acme"), bytes_of_text("alicf")},
        {bytes_of_text("acmf"), bytes_of_text("alice")},
        {bytes_of_text("alice"), bytes_of_text("acme")},
        {bytes_of_text("acmea"), bytes_of_text("lice")},
        {bytes_of_text("acmealice"), bytes_of_text("")},
    };
    uint8_t sealed[SEALED_BYTES], plain[TEXT_BYTES];
    struct bytes blob = {sealed, SEALED_BYTES};

    (void)state;
    seal(k, sealed);
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        assert_refused(k, KEY_FIELD, places[i], blob);
    for (int purpose = 0; purpose < KEY_PURPOSES; purpose++)
        if (purpose != KEY_FIELD)
            assert_refused(k, (enum key_purpose)purpose, context, blob);
    assert_refused(other, KEY_FIELD, context, blob);
    assert_int_equal(keyring_unseal(k, KEY_FIELD, context, 1, blob, plain), ERR_INVALID_TOKEN);
    assert_int_equal(keyring_unseal(k, KEY_FIELD, NULL, 0, blob, plain), ERR_INVALID_TOKEN);
}

static void every_flipped_bit_and_every_cut_is_refused(void **state)
{
    auto_keyring *k = keyring_of(rotated);
    uint8_t sealed[SEALED_BYTES + 1] = {0};

    (void)state;
    seal(k, sealed);
    for (size_t bit = 0; bit < 8 * SEALED_BYTES; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_refused(k, KEY_FIELD, context, (struct bytes){sealed, SEALED_BYTES});
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t n = 1; n <= SEALED_BYTES + 1; n++) {
        /* A block of just this size, so that the sanitizers see an overread. */
        uint8_t *cut = malloc(n);

        assert_non_null(cut);
        memcpy(cut, sealed, n);
        if (n != SEALED_BYTES)
            assert_refused(k, KEY_FIELD, context, (struct bytes){cut, n});
        free(cut);
    }
    assert_refused(k, KEY_FIELD, context, (struct bytes){0});
}

/* Two ids with one and the same key: only the id in the additional data tells them apart. */
static void the_key_id_cannot_be_exchanged(void **state)
{
    auto_keyring *k = keyring_of("twofold-keyring 1\nkey 1 active 2026-11-22 " KEY_A
                                 "\nkey 2 reading 2026-11-22 " KEY_A "\n");
    uint8_t sealed[SEALED_BYTES];

    (void)state;
    seal(k, sealed);
    sealed[3] = 2;
    assert_refused(k, KEY_FIELD, context, (struct bytes){sealed, SEALED_BYTES});
}

static void older_keys_go_on_reading_after_a_rotation(void **state)
{
    auto_keyring *before = keyring_of(one_key), *after = keyring_of(rotated);
    uint8_t sealed[SEALED_BYTES], plain[TEXT_BYTES];
    struct bytes blob = {sealed, SEALED_BYTES};

    (void)state;
    seal(before, sealed);
    assert_int_equal(sealed[3], 1);
    assert_int_equal(keyring_unseal(after, KEY_FIELD, context, 2, blob, plain), ERR_OK);
    assert_memory_equal(plain, text.p, TEXT_BYTES);
    seal(after, sealed);
    assert_int_equal(sealed[3], 2);
    assert_refused(before, KEY_FIELD, context, blob);
}

static void ids_and_keys_can_be_asked_for(void **state)
{
    auto_keyring *k = keyring_of(rotated);
    uint32_t ids[KEYRING_KEYS_MAX];
    struct bytes one = {0}, other = {0}, row = {0};

    (void)state;
    assert_int_equal(keyring_active(k), 2);
    assert_int_equal(keyring_ids(k, ids), 2);
    assert_int_equal(ids[0], 2);
    assert_int_equal(ids[1], 1);
    assert_int_equal(keyring_key(k, 1, KEY_RECOVERY, &one), ERR_OK);
    assert_int_equal(keyring_key(k, 2, KEY_RECOVERY, &other), ERR_OK);
    assert_int_equal(keyring_key(k, 1, KEY_ROW, &row), ERR_OK);
    assert_int_equal(one.n, 32);
    assert_false(bytes_equal(one, other));
    assert_false(bytes_equal(one, row));
    assert_int_equal(keyring_key(k, 3, KEY_RECOVERY, &one), ERR_NOT_FOUND);
}

/* No derived key is the root key, and every purpose has one of its own. */
static void every_purpose_has_its_own_key(void **state)
{
    auto_keyring *k = keyring_of(one_key);
    uint8_t root[32];
    struct bytes keys[KEY_PURPOSES + 1] = {{0}};

    (void)state;
    for (size_t i = 0; i < sizeof root; i++)
        root[i] = (uint8_t)i;
    keys[KEY_PURPOSES] = (struct bytes){root, sizeof root};
    for (int i = 0; i < KEY_PURPOSES; i++)
        assert_int_equal(keyring_key(k, 1, (enum key_purpose)i, &keys[i]), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        for (size_t j = 0; j < i; j++)
            assert_false(bytes_equal(keys[i], keys[j]));
}

/* HKDF-SHA-256 of the bytes 0..31, computed elsewhere: who has kept the public key of a key must
 * still be able to check what a later version signs with it. */
static void the_key_that_signs_checkpoints_never_changes(void **state)
{
    auto_keyring *k = keyring_of(one_key);
    struct bytes key = {0};
    HEX(expected, "78d8f435d5277ffaf9f198da3427ef118e558c16da19e83ec0820cbd59b26a43");

    (void)state;
    assert_int_equal(keyring_key(k, 1, KEY_SIGN, &key), ERR_OK);
    assert_true(bytes_equal(key, expected));
}

static void a_context_beyond_the_bounds_is_an_error(void **state)
{
    static const uint8_t large[4096];
    auto_keyring *k = keyring_of(one_key);
    struct bytes many[9] = {{0}}, big = {large, sizeof large};
    uint8_t sealed[SEALED_BYTES];

    (void)state;
    assert_int_equal(keyring_seal(k, KEY_FIELD, many, 8, text, sealed), ERR_OK);
    assert_int_equal(keyring_seal(k, KEY_FIELD, many, 9, text, sealed), ERR_INTERNAL);
    assert_int_equal(keyring_seal(k, KEY_FIELD, &big, 1, text, sealed), ERR_INTERNAL);
}

/* Lengths of 8 bytes each and the id count, too: the bound is reached by one byte, in any part. */
static void a_context_may_be_as_long_as_the_bound(void **state)
{
    static const uint8_t large[4096];
    auto_keyring *k = keyring_of(one_key);
    uint8_t sealed[SEALED_BYTES];
    size_t most = 0;

    (void)state;
    for (size_t n = 0; n < sizeof large; n++) {
        struct bytes parts[] = {{large, n}, {large, 1}, {0}};
        enum err err = keyring_seal(k, KEY_FIELD, parts, 3, text, sealed);

        if (err == ERR_OK && most + 1 >= n) /* once refused, always refused */
            most = n;
        else
            assert_int_equal(err, ERR_INTERNAL);
    }
    assert_true(most >= 64 + 254 + 16 + 64);
    for (size_t n = 0; n <= most; n++) {
        struct bytes parts[] = {{large, most - n}, {large, n + 1}, {0}};
        struct bytes longer[] = {{large, most - n}, {large, n + 2}, {0}};

        assert_int_equal(keyring_seal(k, KEY_FIELD, parts, 3, text, sealed), ERR_OK);
        assert_int_equal(keyring_seal(k, KEY_FIELD, longer, 3, text, sealed), ERR_INTERNAL);
    }
}

static void a_purpose_that_seals_nothing_seals_nothing(void **state)
{
    static const enum key_purpose none[] = {KEY_ROW, KEY_RECOVERY, KEY_DECOY, KEY_CHECK, KEY_SIGN};
    static const enum key_purpose some[] = {KEY_FIELD, KEY_TOKEN, KEY_RETRY, KEY_PAGE};
    auto_keyring *k = keyring_of(one_key);
    uint8_t sealed[SEALED_BYTES];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(keyring_seal(k, none[i], context, 2, text, sealed), ERR_INTERNAL);
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        assert_int_equal(keyring_seal(k, some[i], context, 2, text, sealed), ERR_OK);
}

/* The key that is ready is the key that keyring_key tells. */
static void keys_are_ready_for_macs(void **state)
{
    static const enum key_purpose some[] = {KEY_ROW, KEY_RETRY, KEY_DECOY};
    auto_keyring *k = keyring_of(rotated);
    const struct mac_key *ready = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        for (uint32_t id = 1; id <= 2; id++) {
            uint8_t mac[SHA256_BYTES], expected[SHA256_BYTES];
            struct bytes key = {0};

            assert_int_equal(keyring_key(k, id, some[i], &key), ERR_OK);
            assert_int_equal(mac_parts(key, context, 2, expected), ERR_OK);
            assert_int_equal(keyring_mac_key(k, id, some[i], &ready), ERR_OK);
            assert_int_equal(mac_parts_under(ready, context, 2, mac), ERR_OK);
            assert_memory_equal(mac, expected, sizeof mac);
        }
    assert_int_equal(keyring_mac_key(k, 3, KEY_ROW, &ready), ERR_NOT_FOUND);
    assert_int_equal(keyring_mac_key(k, 1, KEY_FIELD, &ready), ERR_NOT_FOUND);
}

static void a_pepper_is_ready_for_nothing(void **state)
{
    auto_keyring *k = keyring_of("twofold-keyring 1\nkey 2 active 2026-11-23 " KEY_B
                                 "\nkey 1 pepper 2026-11-22 " KEY_A "\n");
    const struct mac_key *ready = NULL;

    (void)state;
    assert_int_equal(keyring_mac_key(k, 2, KEY_ROW, &ready), ERR_OK);
    for (int purpose = 0; purpose < KEY_PURPOSES; purpose++)
        assert_int_equal(keyring_mac_key(k, 1, (enum key_purpose)purpose, &ready), ERR_NOT_FOUND);
}

static void a_keyring_read_again_has_the_new_keys(void **state)
{
    uint8_t sealed[SEALED_BYTES], plain[TEXT_BYTES];
    struct bytes blob = {sealed, SEALED_BYTES};
    struct keyring *k = NULL;
    const struct mac_key *ready = NULL;
    struct diag diag = {""};
    struct scratch s;
    const char *path;

    (void)state;
    scratch_make(&s);
    path = scratch_write(&s, "keyring", one_key, 0600);
    assert_int_equal(keyring_open(path, &k, &diag), ERR_OK);
    seal(k, sealed);
    assert_int_equal(keyring_mac_key(k, 2, KEY_ROW, &ready), ERR_NOT_FOUND);
    for (int again = 0; again < 3; again++) {
        scratch_write(&s, "keyring", rotated, 0600);
        assert_int_equal(keyring_reload(k, &diag), ERR_OK);
        assert_int_equal(keyring_active(k), 2);
        assert_int_equal(keyring_mac_key(k, 2, KEY_ROW, &ready), ERR_OK);
        assert_int_equal(keyring_unseal(k, KEY_FIELD, context, 2, blob, plain), ERR_OK);
        seal(k, sealed);
        scratch_write(&s, "keyring", "nonsense", 0600);
        assert_int_equal(keyring_reload(k, &diag), ERR_VALIDATION);
        assert_int_equal(keyring_unseal(k, KEY_FIELD, context, 2, blob, plain), ERR_OK);
    }
    keyring_free(k);
    scratch_remove(&s);
}

/* The flag "dd" of a mapping in /proc/self/smaps says that core dumps leave it out. */
static void keys_lie_outside_of_core_dumps(void **state)
{
    auto_keyring *k = keyring_of(one_key);
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long start, end;
    bool inside = false, left_out = false;
    struct bytes key = {0};

    (void)state;
    assert_non_null(maps);
    assert_int_equal(keyring_key(k, 1, KEY_FIELD, &key), ERR_OK);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = (uintptr_t)key.p >= start && (uintptr_t)key.p < end;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            left_out = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    assert_true(left_out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_seal_opens_in_its_own_place),
    cmocka_unit_test(a_seal_opens_nowhere_else),
    cmocka_unit_test(every_flipped_bit_and_every_cut_is_refused),
    cmocka_unit_test(the_key_id_cannot_be_exchanged),
    cmocka_unit_test(older_keys_go_on_reading_after_a_rotation),
    cmocka_unit_test(ids_and_keys_can_be_asked_for),
    cmocka_unit_test(every_purpose_has_its_own_key),
    cmocka_unit_test(the_key_that_signs_checkpoints_never_changes),
    cmocka_unit_test(a_context_beyond_the_bounds_is_an_error),
    cmocka_unit_test(a_context_may_be_as_long_as_the_bound),
    cmocka_unit_test(a_purpose_that_seals_nothing_seals_nothing),
    cmocka_unit_test(keys_are_ready_for_macs),
    cmocka_unit_test(a_pepper_is_ready_for_nothing),
    cmocka_unit_test(a_keyring_read_again_has_the_new_keys),
    cmocka_unit_test(keys_lie_outside_of_core_dumps),
};

RUN(tests)
