/* scrypt (RFC 7914) as a plain function; password.c is what callers want. */
#ifndef TWOFOLD_CRYPTO_SCRYPT_H
#define TWOFOLD_CRYPTO_SCRYPT_H

#include "crypto/password.h"

enum { SCRYPT_HASH_BYTES = 32 };

/* Hashes PASSWORD with SALT; takes 128 * r * 2^ln bytes of memory. ERR_INTERNAL when the library
 * fails or refuses the cost. */
NODISCARD enum err scrypt_hash(struct bytes password, struct bytes salt,
                               const struct password_cost *cost,
                               uint8_t ret_hash[static SCRYPT_HASH_BYTES]);

#endif
