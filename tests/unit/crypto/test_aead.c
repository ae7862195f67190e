#include "crypto/aead.h"

#include "support/hex.h"
#include "support/runner.h"

#include <pthread.h>

static struct aead_key *key, *other_key;

static struct aead_key *key_of(const uint8_t bytes[static AEAD_KEY_BYTES])
{
    struct aead_key *k = NULL;

    assert_int_equal(aead_key_new(bytes, &k), ERR_OK);
    return k;
}

static int set_up(void **state)
{
    static const uint8_t one[AEAD_KEY_BYTES] = {1, 2, 3}, other[AEAD_KEY_BYTES] = {1, 2, 4};

    (void)state;
    key = key_of(one);
    other_key = key_of(other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    aead_key_free(key);
    aead_key_free(other_key);
    return 0;
}

/* Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation". */
static void open_gives_the_gcm_vector(void **state)
{
    uint8_t plain[60];
    HEX(vector_key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    HEX(aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    HEX(sealed, "cafebabefacedbaddecaf888"
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                "76fc6ece0f4e1768cddf8853bb2d551b");
    HEX(expected, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");

    auto_aead_key *k = key_of(vector_key.p);

    (void)state;
    assert_int_equal(aead_open(k, aad, sealed, plain), ERR_OK);
    assert_memory_equal(plain, expected.p, sizeof plain);
}

static void sealed_text_opens_again_at_every_length(void **state)
{
    uint8_t text[70], sealed[70 + AEAD_OVERHEAD], plain[70];

    (void)state;
    memset(text, 0x5a, sizeof text);
    for (size_t n = 0; n <= sizeof text; n++) {
        struct bytes aad = {.p = text, .n = n / 2};

        assert_int_equal(aead_seal(key, aad, (struct bytes){text, n}, sealed), ERR_OK);
        assert_int_equal(aead_open(key, aad, (struct bytes){sealed, n + AEAD_OVERHEAD}, plain),
                         ERR_OK);
        assert_memory_equal(plain, text, n);
    }
}

static void two_seals_never_share_a_nonce(void **state)
{
    uint8_t one[4 + AEAD_OVERHEAD], other[4 + AEAD_OVERHEAD];
    struct bytes text = bytes_of_text("same");

    (void)state;
    assert_int_equal(aead_seal(key, text, text, one), ERR_OK);
    assert_int_equal(aead_seal(key, text, text, other), ERR_OK);
    assert_memory_not_equal(one, other, AEAD_NONCE_BYTES);
    assert_memory_not_equal(one + AEAD_NONCE_BYTES, other + AEAD_NONCE_BYTES, 4);
}

/* Nothing of a refused message may stay behind. */
static void assert_refused(struct aead_key *k, struct bytes aad, struct bytes sealed)
{
    static const uint8_t zeros[64];
    uint8_t plain[64];
    size_t n = sealed.n > AEAD_OVERHEAD ? sealed.n - AEAD_OVERHEAD : 0;

    memset(plain, 0xee, sizeof plain);
    assert_int_equal(aead_open(k, aad, sealed, plain), ERR_INVALID_TOKEN);
    assert_memory_equal(plain, zeros, n);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct bytes text = bytes_of_text("a shared secret!"), aad = bytes_of_text("context");
    uint8_t sealed[16 + AEAD_OVERHEAD];

    (void)state;
    assert_int_equal(aead_seal(key, aad, text, sealed), ERR_OK);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_refused(key, aad, (struct bytes){sealed, sizeof sealed});
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void other_key_context_and_lengths_are_refused(void **state)
{
    struct bytes text = bytes_of_text("a shared secret!"), aad = bytes_of_text("context");
    uint8_t sealed[16 + AEAD_OVERHEAD + 1] = {0};
    struct bytes whole = {sealed, 16 + AEAD_OVERHEAD};

    (void)state;
    assert_int_equal(aead_seal(key, aad, text, sealed), ERR_OK);
    assert_refused(other_key, aad, whole);
    assert_refused(key, bytes_of_text("contexT"), whole);
    assert_refused(key, (struct bytes){0}, whole);
    for (size_t n = 0; n <= sizeof sealed; n++)
        if (n != whole.n)
            assert_refused(key, aad, (struct bytes){sealed, n});
}

/* The context of a key is used again and again: what one message did, or why it was refused, must
 * not matter to the next. */
static void a_message_does_not_depend_on_the_one_before(void **state)
{
    struct bytes text = bytes_of_text("a shared secret!"), aad = bytes_of_text("context");
    uint8_t sealed[16 + AEAD_OVERHEAD], broken[16 + AEAD_OVERHEAD], plain[16];

    (void)state;
    assert_int_equal(aead_seal(key, aad, text, sealed), ERR_OK);
    for (size_t at = 0; at < sizeof broken; at++) {
        uint8_t again[16 + AEAD_OVERHEAD];
        struct aead_key *k = at % 2 ? key : other_key;

        memcpy(broken, sealed, sizeof broken);
        broken[at] ^= 1;
        assert_refused(key, aad, (struct bytes){broken, sizeof broken});
        assert_int_equal(aead_open(key, aad, (struct bytes){sealed, sizeof sealed}, plain), ERR_OK);
        assert_memory_equal(plain, text.p, sizeof plain);
        assert_int_equal(aead_seal(k, aad, text, again), ERR_OK);
        assert_int_equal(aead_open(k, aad, (struct bytes){again, sizeof again}, plain), ERR_OK);
        assert_memory_equal(plain, text.p, sizeof plain);
    }
}

enum { N_THREADS = 4, N_MESSAGES = 2000 };

/* Seals and opens messages of its own; the number that did not come back as they were. */
static void *exchange(void *own)
{
    struct bytes text = {own, 16}, aad = {own, 1};
    uint8_t sealed[16 + AEAD_OVERHEAD], plain[16];
    uintptr_t wrong = 0;

    for (unsigned i = 0; i < N_MESSAGES; i++)
        wrong += aead_seal(key, aad, text, sealed) != ERR_OK ||
                 aead_open(key, aad, (struct bytes){sealed, sizeof sealed}, plain) != ERR_OK ||
                 memcmp(plain, own, sizeof plain) != 0;
    return (void *)wrong;
}

static void one_key_serves_several_threads(void **state)
{
    uint8_t texts[N_THREADS][16];
    pthread_t threads[N_THREADS];

    (void)state;
    for (size_t i = 0; i < N_THREADS; i++) {
        memset(texts[i], 'a' + (int)i, sizeof texts[i]);
        assert_int_equal(pthread_create(&threads[i], NULL, exchange, texts[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        void *wrong;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(open_gives_the_gcm_vector, set_up, tear_down),
    cmocka_unit_test_setup_teardown(sealed_text_opens_again_at_every_length, set_up, tear_down),
    cmocka_unit_test_setup_teardown(two_seals_never_share_a_nonce, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_flipped_bit_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(other_key_context_and_lengths_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_message_does_not_depend_on_the_one_before, set_up, tear_down),
    cmocka_unit_test_setup_teardown(one_key_serves_several_threads, set_up, tear_down),
};

RUN(tests)
