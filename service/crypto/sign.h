/* Ed25519 (RFC 8032): NATS nkeys are such keys, and checkpoints of the audit trail are signed with
 * one. */
#ifndef TWOFOLD_CRYPTO_SIGN_H
#define TWOFOLD_CRYPTO_SIGN_H

#include "base/bytes.h"
#include "base/err.h"

enum { SIGN_SEED_BYTES = 32, SIGN_PUBLIC_BYTES = 32, SIGNATURE_BYTES = 64 };

/* The public key of the private key SEED. ERR_INTERNAL when the library fails. */
NODISCARD enum err sign_public_key(const uint8_t seed[static SIGN_SEED_BYTES],
                                   uint8_t ret_public[static SIGN_PUBLIC_BYTES]);

/* A private key that is ready to sign: to make one costs as much as a signature. Any thread. */
struct sign_key;
NODISCARD enum err sign_key_new(const uint8_t seed[static SIGN_SEED_BYTES],
                                struct sign_key **ret_key);
/* Wipes and frees; NULL is fine. */
void sign_key_free(struct sign_key *key);

/* Signs MESSAGE (PureEdDSA, RFC 8032 section 5.1.6). ERR_INTERNAL when the library fails. */
NODISCARD enum err sign_message(struct sign_key *key, struct bytes message,
                                uint8_t ret_signature[static SIGNATURE_BYTES]);

#endif
