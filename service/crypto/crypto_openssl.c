/*
 * aead.h, random.h, scrypt.h, sign.h and the derivation of mac.h, on OpenSSL 3. Only this file and
 * mac_openssl.c know the library.
 *
 * Fetching an algorithm by name costs more than using it, so everything is fetched once, at the
 * first use, and kept for the life of the process. A cipher's context holds a key schedule: it is
 * made with the key, lives as long and is cleared with it. So is what signs.
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
#include <stdlib.h>

DEFINE_CLEANUP(EVP_KDF_CTX, EVP_KDF_CTX_free);
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free);
DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free);

static struct {
    EVP_CIPHER *aes_256_gcm;
    EVP_KDF *hkdf, *scrypt;
} library;

static void library_fetch(void)
{
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

/* An empty view may carry NULL, which OpenSSL does not take for "empty". */
static const uint8_t *given(struct bytes b)
{
    return b.n ? b.p : (const uint8_t *)"";
}

/* ---- mac.h: derivation ---- */

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

/* The context has the key's schedule; each message gives it a nonce. One thread at a time. */
struct aead_key {
    pthread_mutex_t mutex;
    EVP_CIPHER_CTX *ctx;
};

enum err aead_key_new(const uint8_t key[static AEAD_KEY_BYTES], struct aead_key **ret_key)
{
    CLEANUP(aead_key_freep) struct aead_key *k = calloc(1, sizeof *k);

    library_ready();
    if (!k || pthread_mutex_init(&k->mutex, NULL) != 0)
        return ERR_INTERNAL;
    k->ctx = library.aes_256_gcm ? EVP_CIPHER_CTX_new() : NULL;
    if (!k->ctx || !EVP_CipherInit_ex2(k->ctx, library.aes_256_gcm, key, NULL, 1, NULL))
        return ERR_INTERNAL;
    *ret_key = STEAL(k);
    return ERR_OK;
}

void aead_key_free(struct aead_key *k)
{
    if (!k)
        return;
    EVP_CIPHER_CTX_free(k->ctx);
    pthread_mutex_destroy(&k->mutex);
    free(k);
}

static bool seal(EVP_CIPHER_CTX *ctx, struct bytes aad, struct bytes plain, uint8_t *ret_out)
{
    uint8_t *nonce = ret_out, *cipher = ret_out + AEAD_NONCE_BYTES;
    int n = 0;

    if (!EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, 1, NULL))
        return false;
    if (aad.n && !EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n))
        return false;
    if (plain.n && !EVP_EncryptUpdate(ctx, cipher, &n, plain.p, (int)plain.n))
        return false;
    return EVP_EncryptFinal_ex(ctx, cipher + plain.n, &n) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, cipher + plain.n);
}

enum err aead_seal(struct aead_key *key, struct bytes aad, struct bytes plain, uint8_t *ret_sealed)
{
    bool done;

    if (aad.n > INT_MAX || plain.n > INT_MAX)
        return ERR_INTERNAL;
    TRY(random_ahead(ret_sealed, AEAD_NONCE_BYTES));
    pthread_mutex_lock(&key->mutex);
    done = seal(key->ctx, aad, plain, ret_sealed);
    pthread_mutex_unlock(&key->mutex);
    return done ? ERR_OK : ERR_INTERNAL;
}

static bool unseal(EVP_CIPHER_CTX *ctx, struct bytes aad, struct bytes sealed, uint8_t *ret_plain)
{
    struct bytes cipher = {.p = sealed.p + AEAD_NONCE_BYTES, .n = sealed.n - AEAD_OVERHEAD};
    uint8_t tag[AEAD_TAG_BYTES], none[1];
    int n = 0;

    memcpy(tag, cipher.p + cipher.n, sizeof tag);
    if (!EVP_CipherInit_ex2(ctx, NULL, NULL, sealed.p, 0, NULL))
        return false;
    if (aad.n && !EVP_DecryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n))
        return false;
    if (cipher.n && !EVP_DecryptUpdate(ctx, ret_plain, &n, cipher.p, (int)cipher.n))
        return false;
    return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) &&
           EVP_DecryptFinal_ex(ctx, none, &n) > 0;
}

enum err aead_open(struct aead_key *key, struct bytes aad, struct bytes sealed, uint8_t *ret_plain)
{
    bool done;

    if (sealed.n < AEAD_OVERHEAD || sealed.n > INT_MAX || aad.n > INT_MAX)
        return ERR_INVALID_TOKEN;
    pthread_mutex_lock(&key->mutex);
    done = unseal(key->ctx, aad, sealed, ret_plain);
    pthread_mutex_unlock(&key->mutex);
    if (done)
        return ERR_OK;
    wipe(ret_plain, sealed.n - AEAD_OVERHEAD);
    return ERR_INVALID_TOKEN;
}

/* ---- random.h ---- */

enum err random_bytes(uint8_t *ret_out, size_t n)
{
    return RAND_bytes_ex(NULL, ret_out, n, 0) == 1 ? ERR_OK : ERR_UNAVAILABLE;
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

/* It is an EVP_PKEY, by another name: nothing of OpenSSL is to be seen outside. */
static EVP_PKEY *pkey_of(struct sign_key *key)
{
    return (EVP_PKEY *)(void *)key;
}

enum err sign_key_new(const uint8_t seed[static SIGN_SEED_BYTES], struct sign_key **ret_key)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_BYTES);

    if (!key)
        return ERR_INTERNAL;
    *ret_key = (struct sign_key *)(void *)key;
    return ERR_OK;
}

void sign_key_free(struct sign_key *key)
{
    EVP_PKEY_free(pkey_of(key));
}

enum err sign_message(struct sign_key *key, struct bytes message,
                      uint8_t ret_signature[static SIGNATURE_BYTES])
{
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = SIGNATURE_BYTES;

    if (!ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey_of(key)) != 1 ||
        EVP_DigestSign(ctx, ret_signature, &n, given(message), message.n) != 1)
        return ERR_INTERNAL;
    return ERR_OK;
}
