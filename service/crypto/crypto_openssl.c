/*
 * mac.h, aead.h, random.h, scrypt.h and sign.h, on OpenSSL 3: the only file that knows it.
 *
 * Fetching an algorithm by name costs more than an HMAC does, so everything is fetched once, at the
 * first use, and kept for the life of the process. Contexts, in contrast, live for one call: they
 * hold key schedules, and freeing them is what clears those. No thread keeps anything.
 *
 * HMAC is spelled out over the digest: OpenSSL's own takes three times as long (it looks the digest
 * up by name for each key), and a verification computes three or more. The definition is four
 * lines of RFC 2104, and the tests hold it to the vectors of RFC 2202 and RFC 4231.
 *
 * OpenSSL's error queue is not read: whatever fails here, the caller can only give up, and the text
 * in the queue would tell an operator nothing that the request's failure does not.
 */
#include "crypto/aead.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/sign.h"

#include "base/secret.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>

DEFINE_CLEANUP(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
DEFINE_CLEANUP(EVP_KDF_CTX, EVP_KDF_CTX_free);
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free);

static struct {
    EVP_MD *digest[MAC_SHA512 + 1];
    EVP_CIPHER *aes_256_gcm;
    EVP_KDF *hkdf, *scrypt;
} library;

static void library_fetch(void)
{
    library.digest[MAC_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
    library.digest[MAC_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
    library.digest[MAC_SHA512] = EVP_MD_fetch(NULL, "SHA512", NULL);
    library.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    library.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    library.scrypt = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
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

/* ---- mac.h ---- */

enum { INNER_PAD = 0x36, OUTER_PAD = 0x5c, BLOCK_MAX = 128 };

struct hmac {
    EVP_MD_CTX *ctx;
    const EVP_MD *digest;
    uint8_t pad[BLOCK_MAX];
    size_t block;
};

static void hmac_free(struct hmac *h)
{
    EVP_MD_CTX_free(h->ctx);
    wipe(h, sizeof *h);
}
#define auto_hmac CLEANUP(hmac_free) struct hmac

/* Begins a digest with the key's block, each byte of it changed by FLIP. */
static bool hmac_pad(struct hmac *h, uint8_t flip)
{
    for (size_t i = 0; i < h->block; i++)
        h->pad[i] ^= flip;
    return EVP_DigestInit_ex2(h->ctx, h->digest, NULL) &&
           EVP_DigestUpdate(h->ctx, h->pad, h->block);
}

static enum err hmac_start(struct hmac *h, enum mac_algorithm algorithm, struct bytes key)
{
    library_ready();
    h->digest = library.digest[algorithm];
    h->ctx = EVP_MD_CTX_new();
    if (!h->digest || !h->ctx)
        return ERR_INTERNAL;
    h->block = (size_t)EVP_MD_get_block_size(h->digest);
    if (key.n <= h->block)
        memcpy(h->pad, given(key), key.n);
    else if (!EVP_Digest(key.p, key.n, h->pad, NULL, h->digest, NULL))
        return ERR_INTERNAL;
    return hmac_pad(h, INNER_PAD) ? ERR_OK : ERR_INTERNAL;
}

static enum err hmac_finish(struct hmac *h, uint8_t *ret_mac)
{
    auto_secret inner = {0};
    unsigned n = 0;

    if (!EVP_DigestFinal_ex(h->ctx, inner.bytes, &n) || !hmac_pad(h, INNER_PAD ^ OUTER_PAD) ||
        !EVP_DigestUpdate(h->ctx, inner.bytes, n) || !EVP_DigestFinal_ex(h->ctx, ret_mac, NULL))
        return ERR_INTERNAL;
    return ERR_OK;
}

enum err mac_hmac(enum mac_algorithm algorithm, struct bytes key, struct bytes data,
                  uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n)
{
    auto_hmac h = {0};

    TRY(hmac_start(&h, algorithm, key));
    if (!EVP_DigestUpdate(h.ctx, data.p, data.n))
        return ERR_INTERNAL;
    TRY(hmac_finish(&h, ret_mac));
    *ret_n = (size_t)EVP_MD_get_size(h.digest);
    return ERR_OK;
}

enum err mac_parts(struct bytes key, const struct bytes *parts, size_t n,
                   uint8_t ret_mac[static SHA256_BYTES])
{
    auto_hmac h = {0};

    TRY(hmac_start(&h, MAC_SHA256, key));
    for (size_t i = 0; i < n; i++) {
        uint8_t length[8];

        for (size_t k = 0; k < sizeof length; k++)
            length[k] = (uint8_t)((uint64_t)parts[i].n >> (56 - 8 * k));
        if (!EVP_DigestUpdate(h.ctx, length, sizeof length) ||
            !EVP_DigestUpdate(h.ctx, parts[i].p, parts[i].n))
            return ERR_INTERNAL;
    }
    return hmac_finish(&h, ret_mac);
}

enum err mac_sha256(struct bytes data, uint8_t ret_digest[static SHA256_BYTES])
{
    library_ready();
    if (!library.digest[MAC_SHA256] ||
        !EVP_Digest(data.p, data.n, ret_digest, NULL, library.digest[MAC_SHA256], NULL))
        return ERR_INTERNAL;
    return ERR_OK;
}

/* OSSL_PARAM has no const; key derivation only reads what it is given here. */
static OSSL_PARAM octets(const char *name, const void *p, size_t n)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)p, n);
}

static enum err derive(EVP_KDF *kdf, const OSSL_PARAM *params, uint8_t *ret_out, size_t n)
{
    CLEANUP(EVP_KDF_CTX_freep) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

    return ctx && EVP_KDF_derive(ctx, ret_out, n, params) ? ERR_OK : ERR_INTERNAL;
}

enum err mac_derive(struct bytes key, const char *label, uint8_t *ret_out, size_t n)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        octets(OSSL_KDF_PARAM_KEY, given(key), key.n),
        octets(OSSL_KDF_PARAM_INFO, label, strlen(label)),
        OSSL_PARAM_construct_end(),
    };

    library_ready();
    return derive(library.hkdf, params, ret_out, n);
}

/* ---- aead.h ---- */

static bool seal(EVP_CIPHER_CTX *ctx, struct bytes aad, struct bytes plain, uint8_t *ret_out)
{
    int n = 0;

    if (aad.n && !EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n))
        return false;
    if (plain.n && !EVP_EncryptUpdate(ctx, ret_out, &n, plain.p, (int)plain.n))
        return false;
    return EVP_EncryptFinal_ex(ctx, ret_out + plain.n, &n) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, ret_out + plain.n);
}

enum err aead_seal(const uint8_t key[static AEAD_KEY_BYTES], struct bytes aad, struct bytes plain,
                   uint8_t *ret_sealed)
{
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = NULL;

    library_ready();
    if (!library.aes_256_gcm || aad.n > INT_MAX || plain.n > INT_MAX)
        return ERR_INTERNAL;
    TRY(random_bytes(ret_sealed, AEAD_NONCE_BYTES));
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx || !EVP_EncryptInit_ex2(ctx, library.aes_256_gcm, key, ret_sealed, NULL) ||
        !seal(ctx, aad, plain, ret_sealed + AEAD_NONCE_BYTES))
        return ERR_INTERNAL;
    return ERR_OK;
}

static bool unseal(EVP_CIPHER_CTX *ctx, struct bytes aad, struct bytes cipher, uint8_t *ret_plain)
{
    uint8_t tag[AEAD_TAG_BYTES], none[1];
    int n = 0;

    memcpy(tag, cipher.p + cipher.n, sizeof tag);
    if (aad.n && !EVP_DecryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n))
        return false;
    if (cipher.n && !EVP_DecryptUpdate(ctx, ret_plain, &n, cipher.p, (int)cipher.n))
        return false;
    return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) &&
           EVP_DecryptFinal_ex(ctx, none, &n) > 0;
}

enum err aead_open(const uint8_t key[static AEAD_KEY_BYTES], struct bytes aad, struct bytes sealed,
                   uint8_t *ret_plain)
{
    CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = NULL;
    struct bytes cipher;

    library_ready();
    if (sealed.n < AEAD_OVERHEAD || sealed.n > INT_MAX || aad.n > INT_MAX)
        return ERR_INVALID_TOKEN;
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx || !library.aes_256_gcm ||
        !EVP_DecryptInit_ex2(ctx, library.aes_256_gcm, key, sealed.p, NULL))
        return ERR_INTERNAL;
    cipher = (struct bytes){.p = sealed.p + AEAD_NONCE_BYTES, .n = sealed.n - AEAD_OVERHEAD};
    if (unseal(ctx, aad, cipher, ret_plain))
        return ERR_OK;
    wipe(ret_plain, cipher.n);
    return ERR_INVALID_TOKEN;
}

/* ---- random.h ---- */

enum err random_bytes(uint8_t *ret_out, size_t n)
{
    return RAND_bytes_ex(NULL, ret_out, n, 0) == 1 ? ERR_OK : ERR_UNAVAILABLE;
}

enum err random_uuid7(int64_t unix_ms, uint8_t ret_id[static UUID_BYTES])
{
    TRY(random_bytes(ret_id, UUID_BYTES));
    for (unsigned i = 0; i < 6; i++)
        ret_id[i] = (uint8_t)((uint64_t)unix_ms >> (40 - 8 * i));
    ret_id[6] = (uint8_t)(0x70 | (ret_id[6] & 0x0f));
    ret_id[8] = (uint8_t)(0x80 | (ret_id[8] & 0x3f));
    return ERR_OK;
}

void uuid_text(const uint8_t id[static UUID_BYTES], char ret_text[static UUID_TEXT_BYTES])
{
    static const struct {
        unsigned at, n;
    } groups[] = {{0, 4}, {4, 2}, {6, 2}, {8, 2}, {10, 6}};
    char *out = ret_text;

    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        hex_encode(id + groups[i].at, groups[i].n, out);
        out += 2 * groups[i].n;
        *out++ = '-';
    }
    out[-1] = '\0';
}

/* ---- scrypt.h ---- */

enum err scrypt_hash(struct bytes password, struct bytes salt, const struct password_cost *cost,
                     uint8_t ret_hash[static SCRYPT_HASH_BYTES])
{
    uint64_t n = 1ULL << cost->ln, r = cost->r, p = cost->p;
    uint64_t memory = 128 * r * (n + p + 2);
    OSSL_PARAM params[] = {
        octets(OSSL_KDF_PARAM_PASSWORD, given(password), password.n),
        octets(OSSL_KDF_PARAM_SALT, given(salt), salt.n),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };

    library_ready();
    return derive(library.scrypt, params, ret_hash, SCRYPT_HASH_BYTES);
}

/* ---- sign.h ---- */

enum err sign_public_key(const uint8_t seed[static SIGN_SEED_BYTES],
                         uint8_t ret_public[static SIGN_PUBLIC_BYTES])
{
    CLEANUP(EVP_PKEY_freep)
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_BYTES);
    size_t n = SIGN_PUBLIC_BYTES;

    return key && EVP_PKEY_get_raw_public_key(key, ret_public, &n) ? ERR_OK : ERR_INTERNAL;
}

enum err sign_message(const uint8_t seed[static SIGN_SEED_BYTES], struct bytes message,
                      uint8_t ret_signature[static SIGNATURE_BYTES])
{
    CLEANUP(EVP_PKEY_freep)
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_BYTES);
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = SIGNATURE_BYTES;

    if (!key || !ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(ctx, ret_signature, &n, given(message), message.n) != 1)
        return ERR_INTERNAL;
    return ERR_OK;
}
