#include "crypto/mac.h"

#include "support/hex.h"
#include "support/runner.h"

/* RFC 2202 section 3 and RFC 4231 section 4, by the number of the case. Cases 6 and 7 have keys
 * longer than a block, and SHA-1's are shorter than those of the other two. */
static const struct vector {
    enum mac_algorithm algorithm;
    const char *key, *data, *mac;
} vectors[] = {
#define B20(x) x x x x x x x x x x x x x x x x x x x x
#define KEY_1 B20("0b")
#define DATA_1 "4869205468657265"
#define KEY_2 "4a656665"
#define DATA_2 "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
#define KEY_3 B20("aa")
#define DATA_3 B20("dd") B20("dd") "dddddddddddddddddddd"
#define KEY_4 "0102030405060708090a0b0c0d0e0f10111213141516171819"
#define DATA_4 B20("cd") B20("cd") "cdcdcdcdcdcdcdcdcdcd"
#define KEY_6_SHA1 B20("aa") B20("aa") B20("aa") B20("aa")
#define KEY_6 KEY_6_SHA1 B20("aa") B20("aa") "aaaaaaaaaaaaaaaaaaaaaa"
#define DATA_6                                                                               \
    "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173" \
    "68204b6579204669727374"
    {MAC_SHA1, KEY_1, DATA_1, "b617318655057264e28bc0b6fb378c8ef146be00"},
    {MAC_SHA1, KEY_2, DATA_2, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {MAC_SHA1, KEY_3, DATA_3, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    {MAC_SHA1, KEY_4, DATA_4, "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
    {MAC_SHA1, KEY_6_SHA1, DATA_6, "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    {MAC_SHA1, KEY_6_SHA1,
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b657920616e64204c61"
     "72676572205468616e204f6e6520426c6f636b2d53697a652044617461",
     "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
    {MAC_SHA256, KEY_1, DATA_1, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {MAC_SHA256, KEY_2, DATA_2, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {MAC_SHA256, KEY_3, DATA_3, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {MAC_SHA256, KEY_4, DATA_4, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {MAC_SHA256, KEY_6, DATA_6, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {MAC_SHA512, KEY_1, DATA_1,
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
     "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
    {MAC_SHA512, KEY_2, DATA_2,
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
     "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
    {MAC_SHA512, KEY_3, DATA_3,
     "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
     "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
    {MAC_SHA512, KEY_4, DATA_4,
     "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
     "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
    {MAC_SHA512, KEY_6, DATA_6,
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
};

static void assert_mac(const struct mac_key *k, struct bytes data, struct bytes expected)
{
    uint8_t mac[MAC_BYTES_MAX] = {0};
    size_t n = 0;

    assert_int_equal(mac_under(k, data, mac, &n), ERR_OK);
    assert_int_equal(n, expected.n);
    assert_memory_equal(mac, expected.p, n);
}

/* Under a key that is kept and under one that is borrowed; and a key is good for more than one MAC.
 */
static void hmac_gives_the_vectors_of_rfc_2202_and_4231(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        CLEANUP(mac_key_freep) struct mac_key *kept = NULL;
        auto_mac_key *borrowed = NULL;
        HEX(key, v->key);
        HEX(data, v->data);
        HEX(expected, v->mac);

        assert_int_equal(mac_key_new(v->algorithm, key, &kept), ERR_OK);
        assert_int_equal(mac_key_borrow(v->algorithm, key, &borrowed), ERR_OK);
        for (int again = 0; again < 3; again++) {
            assert_mac(kept, data, expected);
            assert_mac(borrowed, data, expected);
        }
    }
}

static void hmac_takes_an_empty_key_and_empty_data(void **state)
{
    auto_mac_key *k = NULL;
    HEX(expected, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");

    (void)state;
    assert_int_equal(mac_key_borrow(MAC_SHA256, (struct bytes){0}, &k), ERR_OK);
    assert_mac(k, (struct bytes){0}, expected);
}

/* A thread has one place for each algorithm. What is refused leaves the place as it is. */
static void a_key_must_be_returned_before_another_is_borrowed(void **state)
{
    HEX(key, KEY_1);
    HEX(data, DATA_1);
    HEX(expected, "b617318655057264e28bc0b6fb378c8ef146be00");
    struct mac_key *k = NULL, *other = NULL, *second = NULL;

    (void)state;
    assert_int_equal(mac_key_borrow(MAC_SHA1, key, &k), ERR_OK);
    assert_int_equal(mac_key_borrow(MAC_SHA256, key, &other), ERR_OK);
    assert_int_equal(mac_key_borrow(MAC_SHA1, bytes_of_text("another"), &second), ERR_INTERNAL);
    assert_null(second);
    assert_mac(k, data, expected);
    mac_key_return(other);
    mac_key_return(k);
    assert_int_equal(mac_key_borrow(MAC_SHA1, bytes_of_text("another"), &second), ERR_OK);
    mac_key_return(second);
    mac_key_return(NULL);
}

/* In the place of a key that was returned: none of it may be left in the next one. */
static void a_borrowed_key_is_what_was_asked_for(void **state)
{
    HEX(expected, "b617318655057264e28bc0b6fb378c8ef146be00");
    HEX(key, KEY_1);
    HEX(data, DATA_1);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct mac_key *long_one = NULL, *k = NULL;
        HEX(longest, KEY_6_SHA1);

        assert_int_equal(mac_key_borrow(MAC_SHA1, longest, &long_one), ERR_OK);
        mac_key_return(long_one);
        assert_int_equal(mac_key_borrow(MAC_SHA1, key, &k), ERR_OK);
        assert_mac(k, data, expected);
        mac_key_return(k);
    }
}

/* Reference value: Python's hmac over the lengths (8 bytes, big endian) and the parts. */
static void parts_have_the_documented_form(void **state)
{
    struct bytes parts[] = {bytes_of_text("org"), {0}, bytes_of_text("alice")};
    uint8_t mac[SHA256_BYTES];
    HEX(expected, "182c3430db07f0e69e3466fd1e9e1d2f5f842166b6254373c923e850d73bc12d");

    (void)state;
    assert_int_equal(mac_parts(bytes_of_text("key"), parts, 3, mac), ERR_OK);
    assert_memory_equal(mac, expected.p, sizeof mac);
}

static void parts_are_the_same_under_a_key_that_is_ready(void **state)
{
    struct bytes parts[] = {bytes_of_text("org"), {0}, bytes_of_text("alice")};
    CLEANUP(mac_key_freep) struct mac_key *ready = NULL, *sha1 = NULL;
    uint8_t mac[SHA256_BYTES], other[SHA256_BYTES];

    (void)state;
    assert_int_equal(mac_key_new(MAC_SHA256, bytes_of_text("key"), &ready), ERR_OK);
    assert_int_equal(mac_key_new(MAC_SHA1, bytes_of_text("key"), &sha1), ERR_OK);
    assert_int_equal(mac_parts(bytes_of_text("key"), parts, 3, mac), ERR_OK);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(mac_parts_under(ready, parts, 3, other), ERR_OK);
        assert_memory_equal(other, mac, sizeof mac);
    }
    assert_int_equal(mac_parts_under(sha1, parts, 3, other), ERR_INTERNAL);
}

static void parts_are_told_apart_by_their_borders(void **state)
{
    struct bytes one[] = {bytes_of_text("ab"), bytes_of_text("c")};
    struct bytes other[] = {bytes_of_text("a"), bytes_of_text("bc")};
    struct bytes more[] = {bytes_of_text("ab"), bytes_of_text("c"), {0}};
    uint8_t mac_one[SHA256_BYTES], mac_other[SHA256_BYTES], mac_more[SHA256_BYTES];

    (void)state;
    assert_int_equal(mac_parts(bytes_of_text("key"), one, 2, mac_one), ERR_OK);
    assert_int_equal(mac_parts(bytes_of_text("key"), other, 2, mac_other), ERR_OK);
    assert_int_equal(mac_parts(bytes_of_text("key"), more, 3, mac_more), ERR_OK);
    assert_memory_not_equal(mac_one, mac_other, SHA256_BYTES);
    assert_memory_not_equal(mac_one, mac_more, SHA256_BYTES);
}

static void sha256_gives_the_vector_of_fips_180(void **state)
{
    uint8_t digest[SHA256_BYTES];
    HEX(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    HEX(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    (void)state;
    assert_int_equal(mac_sha256(bytes_of_text("abc"), digest), ERR_OK);
    assert_memory_equal(digest, abc.p, sizeof digest);
    assert_int_equal(mac_sha256((struct bytes){0}, digest), ERR_OK);
    assert_memory_equal(digest, empty.p, sizeof digest);
}

/* RFC 5869 appendix A.3: the case with neither salt nor info. */
static void derive_gives_the_vector_of_rfc_5869(void **state)
{
    uint8_t out[42];
    HEX(key, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    HEX(expected, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                  "9d201395faa4b61a96c8");

    (void)state;
    assert_int_equal(mac_derive(key, "", out, sizeof out), ERR_OK);
    assert_memory_equal(out, expected.p, sizeof out);
}

static void derive_separates_labels(void **state)
{
    uint8_t one[32], other[32];
    HEX(key, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");

    (void)state;
    assert_int_equal(mac_derive(key, "twofold/1/field", one, sizeof one), ERR_OK);
    assert_int_equal(mac_derive(key, "twofold/1/row", other, sizeof other), ERR_OK);
    assert_memory_not_equal(one, other, sizeof one);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hmac_gives_the_vectors_of_rfc_2202_and_4231),
    cmocka_unit_test(hmac_takes_an_empty_key_and_empty_data),
    cmocka_unit_test(a_key_must_be_returned_before_another_is_borrowed),
    cmocka_unit_test(a_borrowed_key_is_what_was_asked_for),
    cmocka_unit_test(parts_have_the_documented_form),
    cmocka_unit_test(parts_are_the_same_under_a_key_that_is_ready),
    cmocka_unit_test(parts_are_told_apart_by_their_borders),
    cmocka_unit_test(sha256_gives_the_vector_of_fips_180),
    cmocka_unit_test(derive_gives_the_vector_of_rfc_5869),
    cmocka_unit_test(derive_separates_labels),
};

RUN(tests)
