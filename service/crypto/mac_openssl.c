/*
 * mac.h on OpenSSL 3.
 *
 * Making a context costs more than hashing a block, and so does fetching an algorithm by its name.
 * So digests are computed in contexts that each thread makes once and keeps until it ends, and a
 * context is set up by copying another, which is cheaper than to initialise it: a blank one, or one
 * that has digested a key's padded block. For that reason HMAC is spelled out over the digest,
 * where OpenSSL's own takes twice as long: the definition is four lines of RFC 2104, and the tests
 * hold it to the vectors of RFC 2202 and RFC 4231.
 *
 * What may stay in memory between two calls: contexts that are blank, contexts of keys that their
 * owner keeps anyway (the keyring's, until it frees them), and results. What was made of a borrowed
 * key is overwritten with blank when it is given back.
 */
#include "crypto/mac.h"

#include "base/secret.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free);

enum { ALGORITHMS = MAC_SHA512 + 1, BLOCK_MAX = 128 };

/* FIPS 180-4, figure 1, in bytes. */
static const struct {
    const char *name;
    size_t block, digest;
} algorithms[ALGORITHMS] = {
    [MAC_SHA1] = {.name = "SHA1", .block = 64, .digest = 20},
    [MAC_SHA256] = {.name = "SHA256", .block = 64, .digest = SHA256_BYTES},
    [MAC_SHA512] = {.name = "SHA512", .block = BLOCK_MAX, .digest = MAC_BYTES_MAX},
};

static struct {
    EVP_MD_CTX *blank[ALGORITHMS]; /* begun, nothing digested; only copied from */
    pthread_key_t bench;           /* frees a thread's bench when it ends */
    bool has_bench;
} library;

static void bench_free(void *bench);

static EVP_MD_CTX *blank_new(const char *name)
{
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD *digest = EVP_MD_fetch(NULL, name, NULL);
    bool begun = ctx && digest && EVP_DigestInit_ex2(ctx, digest, NULL);

    EVP_MD_free(digest); /* the context has a reference of its own */
    return begun ? STEAL(ctx) : NULL;
}

static void library_fetch(void)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        library.blank[i] = blank_new(algorithms[i].name);
    library.has_bench = pthread_key_create(&library.bench, bench_free) == 0;
}

/* What could not be fetched stays NULL, and every use of it fails. */
static void library_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, library_fetch);
}

/* An empty view may carry NULL, which neither memcpy nor OpenSSL takes for "empty". */
static const uint8_t *given(struct bytes b)
{
    return b.n ? b.p : (const uint8_t *)"";
}

struct mac_key {
    enum mac_algorithm algorithm;
    EVP_MD_CTX *inner, *outer; /* have digested the key's block under either pad */
    bool lent;
};

/* What a thread works with. Between two calls all of it is blank, or holds a result. */
struct bench {
    EVP_MD_CTX *work[ALGORITHMS];
    struct mac_key lent[ALGORITHMS];
};

static _Thread_local struct bench *thread_bench;

static bool key_new(enum mac_algorithm algorithm, struct mac_key *k)
{
    k->algorithm = algorithm;
    k->inner = EVP_MD_CTX_new();
    k->outer = EVP_MD_CTX_new();
    return k->inner && k->outer && library.blank[algorithm] &&
           EVP_MD_CTX_copy_ex(k->inner, library.blank[algorithm]) &&
           EVP_MD_CTX_copy_ex(k->outer, library.blank[algorithm]);
}

/* Freeing a context clears what it has digested. */
static void key_free(struct mac_key *k)
{
    EVP_MD_CTX_free(k->inner);
    EVP_MD_CTX_free(k->outer);
}

static void bench_free(void *bench)
{
    struct bench *b = bench;

    thread_bench = NULL;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        EVP_MD_CTX_free(b->work[i]);
        key_free(&b->lent[i]);
    }
    free(b);
}

static struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);
    bool made = b && library.has_bench;

    for (size_t i = 0; i < ALGORITHMS && made; i++) {
        b->work[i] = EVP_MD_CTX_new();
        made = b->work[i] && key_new((enum mac_algorithm)i, &b->lent[i]);
    }
    if (made && pthread_setspecific(library.bench, b) == 0)
        return b;
    if (b)
        bench_free(b);
    return NULL;
}

/* NULL when there is no memory. */
static struct bench *bench(void)
{
    library_ready();
    if (!thread_bench)
        thread_bench = bench_new();
    return thread_bench;
}

/* Changes each byte of a key's block: all of it, so that the compiler knows how many. */
static void flip(uint8_t block[static BLOCK_MAX], uint8_t by)
{
    for (size_t i = 0; i < BLOCK_MAX; i++)
        block[i] ^= by;
}

/* RFC 2104 section 2: a key longer than a block gives way to its digest. */
static enum err key_set(struct mac_key *k, struct bytes key)
{
    enum { INNER_PAD = 0x36, OUTER_PAD = 0x5c };
    const EVP_MD *digest = EVP_MD_CTX_get0_md(k->inner);
    size_t n = algorithms[k->algorithm].block;
    uint8_t block[BLOCK_MAX] = {0};
    bool done = true;

    if (key.n <= n)
        memcpy(block, given(key), key.n);
    else
        done = EVP_Digest(key.p, key.n, block, NULL, digest, NULL);
    flip(block, INNER_PAD);
    done = done && EVP_DigestUpdate(k->inner, block, n);
    flip(block, INNER_PAD ^ OUTER_PAD);
    done = done && EVP_DigestUpdate(k->outer, block, n);
    wipe(block, sizeof block);
    return done ? ERR_OK : ERR_INTERNAL;
}

void mac_key_free(struct mac_key *k)
{
    if (!k)
        return;
    key_free(k);
    free(k);
}

enum err mac_key_new(enum mac_algorithm algorithm, struct bytes key, struct mac_key **ret_key)
{
    CLEANUP(mac_key_freep) struct mac_key *k = calloc(1, sizeof *k);

    library_ready();
    if (!k || !key_new(algorithm, k))
        return ERR_INTERNAL;
    TRY(key_set(k, key));
    *ret_key = STEAL(k);
    return ERR_OK;
}

void mac_key_return(struct mac_key *k)
{
    const EVP_MD_CTX *blank = k ? library.blank[k->algorithm] : NULL;
    struct bench *b = thread_bench;

    if (!k)
        return;
    k->lent = false;
    /* Copying drops what was there first: should it fail, nothing is left that could be used. */
    if (!EVP_MD_CTX_copy_ex(k->inner, blank) || !EVP_MD_CTX_copy_ex(k->outer, blank) ||
        !EVP_MD_CTX_copy_ex(b->work[k->algorithm], blank)) {
        pthread_setspecific(library.bench, NULL);
        bench_free(b);
    }
}

enum err mac_key_borrow(enum mac_algorithm algorithm, struct bytes key, struct mac_key **ret_key)
{
    struct bench *b = bench();
    auto_mac_key *k = NULL;

    if (!b || b->lent[algorithm].lent)
        return ERR_INTERNAL;
    k = &b->lent[algorithm];
    k->lent = true;
    TRY(key_set(k, key));
    *ret_key = STEAL(k);
    return ERR_OK;
}

static enum err hmac_begin(const struct mac_key *k, EVP_MD_CTX **ret_ctx)
{
    struct bench *b = bench();

    if (!b || !EVP_MD_CTX_copy_ex(b->work[k->algorithm], k->inner))
        return ERR_INTERNAL;
    *ret_ctx = b->work[k->algorithm];
    return ERR_OK;
}

/* RET_MAC holds the inner digest on the way. */
static enum err hmac_finish(const struct mac_key *k, EVP_MD_CTX *ctx, uint8_t *ret_mac)
{
    size_t n = algorithms[k->algorithm].digest;

    if (EVP_DigestFinal_ex(ctx, ret_mac, NULL) && EVP_MD_CTX_copy_ex(ctx, k->outer) &&
        EVP_DigestUpdate(ctx, ret_mac, n) && EVP_DigestFinal_ex(ctx, ret_mac, NULL))
        return ERR_OK;
    wipe(ret_mac, n);
    return ERR_INTERNAL;
}

enum err mac_under(const struct mac_key *key, struct bytes data,
                   uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n)
{
    EVP_MD_CTX *ctx;

    TRY(hmac_begin(key, &ctx));
    if (!EVP_DigestUpdate(ctx, data.p, data.n))
        return ERR_INTERNAL;
    TRY(hmac_finish(key, ctx, ret_mac));
    *ret_n = algorithms[key->algorithm].digest;
    return ERR_OK;
}

static bool digest_part(EVP_MD_CTX *ctx, struct bytes part)
{
    uint8_t length[8];

    for (size_t i = 0; i < sizeof length; i++)
        length[i] = (uint8_t)((uint64_t)part.n >> (56 - 8 * i));
    return EVP_DigestUpdate(ctx, length, sizeof length) && EVP_DigestUpdate(ctx, part.p, part.n);
}

enum err mac_parts_under(const struct mac_key *key, const struct bytes *parts, size_t n,
                         uint8_t ret_mac[static SHA256_BYTES])
{
    EVP_MD_CTX *ctx;

    if (key->algorithm != MAC_SHA256)
        return ERR_INTERNAL;
    TRY(hmac_begin(key, &ctx));
    for (size_t i = 0; i < n; i++)
        if (!digest_part(ctx, parts[i]))
            return ERR_INTERNAL;
    return hmac_finish(key, ctx, ret_mac);
}

enum err mac_parts(struct bytes key, const struct bytes *parts, size_t n,
                   uint8_t ret_mac[static SHA256_BYTES])
{
    auto_mac_key *k = NULL;

    TRY(mac_key_borrow(MAC_SHA256, key, &k));
    return mac_parts_under(k, parts, n, ret_mac);
}

enum err mac_sha256(struct bytes data, uint8_t ret_digest[static SHA256_BYTES])
{
    struct bench *b = bench();
    EVP_MD_CTX *ctx = b ? b->work[MAC_SHA256] : NULL;

    if (!ctx || !EVP_MD_CTX_copy_ex(ctx, library.blank[MAC_SHA256]) ||
        !EVP_DigestUpdate(ctx, data.p, data.n) || !EVP_DigestFinal_ex(ctx, ret_digest, NULL))
        return ERR_INTERNAL;
    return ERR_OK;
}
