/* Base32 (RFC 4648 section 6, no padding), as authenticator apps use it for secrets. */
#ifndef TWOFOLD_CORE_BASE32_H
#define TWOFOLD_CORE_BASE32_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/secret.h"

/* Characters for N bytes, without the NUL. */
#define BASE32_CHARS(n) (((n)*8 + 4) / 5)

/* Writes BASE32_CHARS(IN.n) characters and a NUL at RET_TEXT. Table-free: time does not depend on
 * the contents. */
void base32_encode(struct bytes in, char *ret_text);

/* Reads a secret as people type it: either case, spaces and dashes skipped, '=' padding at the end
 * tolerated. ERR_VALIDATION for anything else, for more than SECRET_MAX bytes and for bits that are
 * left over; RET is then empty. */
NODISCARD enum err base32_decode(const char *text, size_t n, struct secret *ret);

#endif
