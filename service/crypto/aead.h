/* Sealing: AES-256-GCM with a random 96-bit nonce for each message (NIST SP 800-38D). */
#ifndef TWOFOLD_CRYPTO_AEAD_H
#define TWOFOLD_CRYPTO_AEAD_H

#include "base/bytes.h"
#include "base/err.h"

enum { AEAD_KEY_BYTES = 32, AEAD_NONCE_BYTES = 12, AEAD_TAG_BYTES = 16 };
enum { AEAD_OVERHEAD = AEAD_NONCE_BYTES + AEAD_TAG_BYTES };

/* Writes nonce, ciphertext and tag: PLAIN.n + AEAD_OVERHEAD bytes at RET_SEALED, which must not
 * overlap PLAIN. ERR_UNAVAILABLE without randomness, ERR_INTERNAL when the library fails. */
NODISCARD enum err aead_seal(const uint8_t key[static AEAD_KEY_BYTES], struct bytes aad,
                             struct bytes plain, uint8_t *ret_sealed);

/* Writes SEALED.n - AEAD_OVERHEAD bytes at RET_PLAIN. ERR_INVALID_TOKEN when anything does not
 * match: key, aad, nonce, ciphertext or tag; RET_PLAIN is then wiped. */
NODISCARD enum err aead_open(const uint8_t key[static AEAD_KEY_BYTES], struct bytes aad,
                             struct bytes sealed, uint8_t *ret_plain);

#endif
