/* Ed25519 (RFC 8032): NATS nkeys are such keys. */
#ifndef TWOFOLD_CRYPTO_SIGN_H
#define TWOFOLD_CRYPTO_SIGN_H

#include "base/err.h"

enum { SIGN_SEED_BYTES = 32, SIGN_PUBLIC_BYTES = 32 };

/* The public key of the private key SEED. ERR_INTERNAL when the library fails. */
NODISCARD enum err sign_public_key(const uint8_t seed[static SIGN_SEED_BYTES],
                                   uint8_t ret_public[static SIGN_PUBLIC_BYTES]);

#endif
