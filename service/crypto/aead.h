/* Sealing: AES-256-GCM with a random 96-bit nonce for each message (NIST SP 800-38D). */
#ifndef TWOFOLD_CRYPTO_AEAD_H
#define TWOFOLD_CRYPTO_AEAD_H

#include "base/bytes.h"
#include "base/err.h"

enum { AEAD_KEY_BYTES = 32, AEAD_NONCE_BYTES = 12, AEAD_TAG_BYTES = 16 };
enum { AEAD_OVERHEAD = AEAD_NONCE_BYTES + AEAD_TAG_BYTES };

/* A key with its schedule. As secret as the key; may be used by several threads. */
struct aead_key;

/* The caller frees. ERR_INTERNAL when the library fails. */
NODISCARD enum err aead_key_new(const uint8_t key[static AEAD_KEY_BYTES],
                                struct aead_key **ret_key);

/* Wipes and frees; NULL is fine. */
void aead_key_free(struct aead_key *k);
DEFINE_CLEANUP(struct aead_key, aead_key_free);
#define auto_aead_key CLEANUP(aead_key_freep) struct aead_key

/* Writes nonce, ciphertext and tag: PLAIN.n + AEAD_OVERHEAD bytes at RET_SEALED, which must not
 * overlap PLAIN. ERR_UNAVAILABLE without randomness, ERR_INTERNAL when the library fails. */
NODISCARD enum err aead_seal(struct aead_key *key, struct bytes aad, struct bytes plain,
                             uint8_t *ret_sealed);

/* Writes SEALED.n - AEAD_OVERHEAD bytes at RET_PLAIN. ERR_INVALID_TOKEN when anything does not
 * match: key, aad, nonce, ciphertext or tag; RET_PLAIN is then wiped. */
NODISCARD enum err aead_open(struct aead_key *key, struct bytes aad, struct bytes sealed,
                             uint8_t *ret_plain);

#endif
