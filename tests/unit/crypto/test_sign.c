#include "crypto/sign.h"

#include "support/hex.h"
#include "support/runner.h"

/* RFC 8032 section 7.1, tests 1 and 2. */
static void public_keys_are_those_of_rfc_8032(void **state)
{
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    HEX(seed_1, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    HEX(public_1, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    HEX(seed_2, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    HEX(public_2, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");

    (void)state;
    assert_int_equal(sign_public_key(seed_1.p, public_key), ERR_OK);
    assert_memory_equal(public_key, public_1.p, sizeof public_key);
    assert_int_equal(sign_public_key(seed_2.p, public_key), ERR_OK);
    assert_memory_equal(public_key, public_2.p, sizeof public_key);
}

/* RFC 8032 section 7.1, tests 1 to 3 and SHA(abc). */
static const struct {
    const char *seed, *message, *signature;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
     "ebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
     "e0303dca179c138ac17ad9bef1177331a704"},
};

static enum err sign_with(const uint8_t *seed, struct bytes message, uint8_t *ret_signature)
{
    struct sign_key *key = NULL;
    enum err err;

    assert_int_equal(sign_key_new(seed, &key), ERR_OK);
    err = sign_message(key, message, ret_signature);
    sign_key_free(key);
    return err;
}

static void signatures_are_those_of_rfc_8032(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        uint8_t signature[SIGNATURE_BYTES];
        HEX(seed, vectors[i].seed);
        HEX(message, vectors[i].message);
        HEX(expected, vectors[i].signature);

        assert_int_equal(sign_with(seed.p, message, signature), ERR_OK);
        assert_memory_equal(signature, expected.p, sizeof signature);
    }
}

static void nothing_at_all_is_signed_as_the_empty_message(void **state)
{
    uint8_t signature[SIGNATURE_BYTES];
    HEX(seed, vectors[0].seed);
    HEX(expected, vectors[0].signature);

    (void)state;
    assert_int_equal(sign_with(seed.p, (struct bytes){0}, signature), ERR_OK);
    assert_memory_equal(signature, expected.p, sizeof signature);
}

static void another_message_or_another_key_gives_another_signature(void **state)
{
    static uint8_t message[200000]; /* a checkpoint may name many users */
    const struct bytes whole = {message, sizeof message};
    uint8_t first[SIGNATURE_BYTES], other[SIGNATURE_BYTES];
    HEX(seed_1, vectors[0].seed);
    HEX(seed_2, vectors[1].seed);

    (void)state;
    assert_int_equal(sign_with(seed_1.p, whole, first), ERR_OK);
    assert_int_equal(sign_with(seed_1.p, whole, other), ERR_OK);
    assert_memory_equal(first, other, sizeof first);
    assert_int_equal(sign_with(seed_2.p, whole, other), ERR_OK);
    assert_memory_not_equal(first, other, sizeof first);
    assert_int_equal(sign_with(seed_1.p, (struct bytes){message, sizeof message - 1}, other),
                     ERR_OK);
    assert_memory_not_equal(first, other, sizeof first);
    message[sizeof message - 1] ^= 1;
    assert_int_equal(sign_with(seed_1.p, whole, other), ERR_OK);
    assert_memory_not_equal(first, other, sizeof first);
}

static void a_key_signs_as_often_as_it_is_asked(void **state)
{
    uint8_t signature[SIGNATURE_BYTES];
    struct sign_key *key = NULL;
    HEX(seed, vectors[1].seed);
    HEX(message, vectors[1].message);
    HEX(expected, vectors[1].signature);

    (void)state;
    assert_int_equal(sign_key_new(seed.p, &key), ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sign_message(key, bytes_of_text("another one"), signature), ERR_OK);
        assert_memory_not_equal(signature, expected.p, sizeof signature);
        assert_int_equal(sign_message(key, message, signature), ERR_OK);
        assert_memory_equal(signature, expected.p, sizeof signature);
    }
    sign_key_free(key);
    sign_key_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(public_keys_are_those_of_rfc_8032),
    cmocka_unit_test(signatures_are_those_of_rfc_8032),
    cmocka_unit_test(nothing_at_all_is_signed_as_the_empty_message),
    cmocka_unit_test(a_key_signs_as_often_as_it_is_asked),
    cmocka_unit_test(another_message_or_another_key_gives_another_signature),
};

RUN(tests)
