/*
 * What is made of a key goes with it: this file stands between OpenSSL and malloc, and looks at
 * every block that the library has and at each one that it gives back. What to look for is computed
 * with OpenSSL's old functions, whose state lies open.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/aead.h"
#include "crypto/mac.h"
#include "crypto/sign.h"

#include "support/runner.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

struct block {
    struct block *before, *behind;
    size_t n;
    alignas(max_align_t) uint8_t data[];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct block ends = {.before = &ends, .behind = &ends};
static struct bytes hunted; /* must not be given back as it is */
static unsigned given_back; /* blocks with it inside */
static unsigned blocks;

static struct block *block_of(void *p)
{
    return (struct block *)((uint8_t *)p - offsetof(struct block, data));
}

static bool has(const struct block *b, struct bytes what)
{
    return what.n && memmem(b->data, b->n, what.p, what.n);
}

static void *take(size_t n, const char *file, int line)
{
    struct block *b = malloc(sizeof *b + n);

    (void)file;
    (void)line;
    if (!b)
        return NULL;
    pthread_mutex_lock(&mutex);
    *b = (struct block){.before = &ends, .behind = ends.behind, .n = n};
    b->before->behind = b->behind->before = b;
    blocks++;
    pthread_mutex_unlock(&mutex);
    return b->data;
}

static void give(void *p, const char *file, int line)
{
    struct block *b = p ? block_of(p) : NULL;

    (void)file;
    (void)line;
    if (!b)
        return;
    pthread_mutex_lock(&mutex);
    given_back += has(b, hunted);
    b->before->behind = b->behind;
    b->behind->before = b->before;
    blocks--;
    pthread_mutex_unlock(&mutex);
    free(b);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
    void *q = take(n, file, line);

    if (p && q)
        memcpy(q, p, n < block_of(p)->n ? n : block_of(p)->n);
    if (q || n == 0)
        give(p, file, line);
    return q;
}

/* Before main, and so before the library takes anything. */
__attribute__((constructor)) static void stand_between(void)
{
    if (!CRYPTO_set_mem_functions(take, resize, give))
        abort();
}

static bool held(struct bytes what)
{
    bool found = false;

    pthread_mutex_lock(&mutex);
    for (const struct block *b = ends.behind; b != &ends && !found; b = b->behind)
        found = has(b, what);
    pthread_mutex_unlock(&mutex);
    return found;
}

/* The state that a digest has after one block: the key's, each byte changed by PAD. */
struct state {
    struct bytes bytes;
    union {
        SHA_CTX sha1;
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    } of;
};

enum { KEY_BYTES = 20, BLOCK_MAX = 128 };
static const uint8_t key_bytes[KEY_BYTES] = "nobody guesses this";
static const struct bytes key = {key_bytes, KEY_BYTES};

static void state_of(enum mac_algorithm algorithm, uint8_t pad, struct state *ret)
{
    uint8_t block[BLOCK_MAX] = {0};

    memcpy(block, key.p, key.n);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= pad;
    switch (algorithm) {
    case MAC_SHA1:
        SHA1_Init(&ret->of.sha1);
        SHA1_Update(&ret->of.sha1, block, SHA_CBLOCK);
        ret->bytes = (struct bytes){(const uint8_t *)&ret->of.sha1.h0, SHA_DIGEST_LENGTH};
        break;
    case MAC_SHA256:
        SHA256_Init(&ret->of.sha256);
        SHA256_Update(&ret->of.sha256, block, SHA256_CBLOCK);
        ret->bytes = (struct bytes){(const uint8_t *)ret->of.sha256.h, SHA256_DIGEST_LENGTH};
        break;
    case MAC_SHA512:
        SHA512_Init(&ret->of.sha512);
        SHA512_Update(&ret->of.sha512, block, SHA512_CBLOCK);
        ret->bytes = (struct bytes){(const uint8_t *)ret->of.sha512.h, SHA512_DIGEST_LENGTH};
        break;
    }
}

static const enum mac_algorithm all[] = {MAC_SHA1, MAC_SHA256, MAC_SHA512};

/* SHA-1 and SHA-256 keep words of 32 bits, SHA-512 of 64, in the machine's order; a MAC has them
 * big endian. */
static struct bytes as_state(enum mac_algorithm algorithm, const uint8_t *mac, size_t n,
                             uint8_t ret[static MAC_BYTES_MAX])
{
    size_t word = algorithm == MAC_SHA512 ? 8 : 4;

    for (size_t i = 0; i < n; i++)
        ret[i] = mac[i / word * word + word - 1 - i % word];
    return (struct bytes){ret, n};
}

static void nothing_of_a_returned_key_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct state inner, outer;
        struct mac_key *k = NULL;
        uint8_t mac[MAC_BYTES_MAX], words[MAC_BYTES_MAX];
        struct bytes result;
        size_t n = 0;

        state_of(all[i], 0x36, &inner);
        state_of(all[i], 0x5c, &outer);
        hunted = inner.bytes;
        given_back = 0;
        assert_int_equal(mac_key_borrow(all[i], key, &k), ERR_OK);
        assert_int_equal(mac_under(k, bytes_of_text("12345678"), mac, &n), ERR_OK);
        result = as_state(all[i], mac, n, words);
        assert_true(held(inner.bytes));
        assert_true(held(outer.bytes));
        mac_key_return(k);
        assert_false(held(inner.bytes));
        assert_false(held(outer.bytes));
        assert_false(held(result));
        assert_int_equal(given_back, 0);
    }
}

static void nothing_of_a_freed_key_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct mac_key *k = NULL;
        struct state inner, outer;

        state_of(all[i], 0x36, &inner);
        state_of(all[i], 0x5c, &outer);
        hunted = outer.bytes;
        given_back = 0;
        assert_int_equal(mac_key_new(all[i], key, &k), ERR_OK);
        assert_true(held(inner.bytes));
        assert_true(held(outer.bytes));
        mac_key_free(k);
        assert_false(held(inner.bytes));
        assert_false(held(outer.bytes));
        assert_int_equal(given_back, 0);
    }
}

/* The schedule of an AES key begins with the key, or with its 32-bit words turned round; where it
 * has another form (processors without AES instructions) this cannot tell. */
static void nothing_of_a_freed_sealing_key_stays(void **state)
{
    static const uint8_t bytes[AEAD_KEY_BYTES] = "thirty-two bytes that are secret";
    uint8_t turned[AEAD_KEY_BYTES];
    struct bytes straight = {bytes, sizeof bytes}, other = {turned, sizeof turned};
    struct aead_key *k = NULL;

    (void)state;
    hunted = (struct bytes){0};
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = bytes[i ^ 3];
    given_back = 0;
    assert_int_equal(aead_key_new(bytes, &k), ERR_OK);
    hunted = held(straight) ? straight : other;
    if (!held(hunted)) {
        aead_key_free(k);
        skip();
    }
    aead_key_free(k);
    assert_false(held(hunted));
    assert_int_equal(given_back, 0);
}

static void nothing_of_a_freed_signing_key_stays(void **state)
{
    static const uint8_t seed[SIGN_SEED_BYTES] = "thirty-two bytes that can sign..";
    uint8_t signature[SIGNATURE_BYTES];
    struct sign_key *k = NULL;

    (void)state;
    hunted = (struct bytes){seed, sizeof seed};
    given_back = 0;
    assert_int_equal(sign_key_new(seed, &k), ERR_OK);
    assert_int_equal(sign_message(k, key, signature), ERR_OK);
    assert_true(held(hunted));
    sign_key_free(k);
    assert_false(held(hunted));
    assert_int_equal(given_back, 0);
}

static void digest_something(void)
{
    struct mac_key *k = NULL;
    uint8_t mac[MAC_BYTES_MAX];
    size_t n = 0;

    assert_int_equal(mac_key_borrow(MAC_SHA1, key, &k), ERR_OK);
    assert_int_equal(mac_under(k, key, mac, &n), ERR_OK);
    mac_key_return(k);
    assert_int_equal(mac_sha256(key, mac), ERR_OK);
}

static void *digest_and_end(void *unused)
{
    (void)unused;
    digest_something();
    return NULL;
}

/* OpenSSL keeps nothing of its own for these, so all blocks are ours to free. */
static void a_thread_that_ends_leaves_nothing(void **state)
{
    unsigned before;

    (void)state;
    digest_something();
    before = blocks;
    for (int i = 0; i < 10; i++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, digest_and_end, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(blocks, before);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_of_a_returned_key_stays),
    cmocka_unit_test(nothing_of_a_freed_key_stays),
    cmocka_unit_test(nothing_of_a_freed_sealing_key_stays),
    cmocka_unit_test(nothing_of_a_freed_signing_key_stays),
    cmocka_unit_test(a_thread_that_ends_leaves_nothing),
};

RUN(tests)
