#include "audit_check_parts.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

enum { SIGNATURE_BYTES = 64 };

_Static_assert(AUDIT_DIGEST_BYTES == SHA256_DIGEST_LENGTH, "events are chained with SHA-256");

bool digest_of(const uint8_t *data, size_t n, uint8_t ret[static AUDIT_DIGEST_BYTES])
{
    return SHA256(data, n, ret) != NULL;
}

bool digests_equal(const uint8_t a[static AUDIT_DIGEST_BYTES],
                   const uint8_t b[static AUDIT_DIGEST_BYTES])
{
    return memcmp(a, b, AUDIT_DIGEST_BYTES) == 0;
}

static bool verify(EVP_MD_CTX *context, EVP_PKEY *key, const uint8_t *message, size_t n,
                   const uint8_t signature[static SIGNATURE_BYTES])
{
    return EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestVerify(context, signature, SIGNATURE_BYTES, message, n) == 1;
}

static bool is_signed(const uint8_t public_key[static AUDIT_KEY_BYTES],
                      const struct audit_signed *what)
{
    size_t n_prefix = strlen(what->prefix), n = n_prefix + what->n_body;
    uint8_t *message = OPENSSL_malloc(n);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, AUDIT_KEY_BYTES);
    bool ok = message && context && key && what->n_signature == SIGNATURE_BYTES;

    if (ok) {
        memcpy(message, what->prefix, n_prefix);
        if (what->n_body > 0)
            memcpy(message + n_prefix, what->body, what->n_body);
        ok = verify(context, key, message, n, what->signature);
    }
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(context);
    OPENSSL_free(message);
    return ok;
}

static bool may_vouch(const struct trusted_key *key, const char *org,
                      const struct audit_signed *what)
{
    if (key->id != what->key_id || (key->org && strcmp(key->org, org) != 0))
        return false;
    return what->source == 0 || key->source != what->source || key->given_again;
}

/* Databases that write one stream may have keyrings of their own, and the same ids in them. */
enum trust audit_check_vouch(const struct audit_check *check, const char *org,
                             const struct audit_signed *what)
{
    enum trust trust = TRUST_UNKNOWN_KEY;

    for (size_t i = 0; i < check->n_keys.n; i++) {
        const struct trusted_key *key = &check->keys[i];

        if (!may_vouch(key, org, what))
            continue;
        if (is_signed(key->public_key, what))
            return TRUST_GOOD;
        trust = TRUST_BAD;
    }
    return trust;
}
