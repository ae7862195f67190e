/* Standard base64 (RFC 4648 section 4) without padding, as PHC strings and the keyring file use it.
 */
#ifndef TWOFOLD_CRYPTO_BASE64_H
#define TWOFOLD_CRYPTO_BASE64_H

#include "base/bytes.h"

/* Characters for N bytes, without the NUL. */
#define BASE64_LENGTH(n) (((n)*4 + 2) / 3)

/* Writes BASE64_LENGTH(DATA.n) characters and a NUL at RET_TEXT. */
void base64_encode(struct bytes data, char *ret_text);

/* Decodes TEXT, which must be exactly N bytes in their one canonical spelling, into RET_OUT. On
 * false RET_OUT is wiped. */
bool base64_decode(struct bytes text, uint8_t *ret_out, size_t n);

#endif
