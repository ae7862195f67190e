/* Random bytes from the operating system's generator, by way of OpenSSL. */
#ifndef TWOFOLD_CRYPTO_RANDOM_H
#define TWOFOLD_CRYPTO_RANDOM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { UUID_BYTES = 16, UUID_TEXT_BYTES = 37 };

/* N unpredictable bytes. ERR_UNAVAILABLE when there are none to be had: never use the buffer then.
 */
NODISCARD enum err random_bytes(uint8_t *ret_out, size_t n);

/* The same for what does not stay secret, nonces and ids: drawn ahead in blocks, one for each
 * thread, which costs a tenth. No byte is handed out twice. */
NODISCARD enum err random_ahead(uint8_t *ret_out, size_t n);

/* A UUID version 7 (RFC 9562 section 5.7) of UNIX_MS; sorts by time. */
NODISCARD enum err random_uuid7(int64_t unix_ms, uint8_t ret_id[static UUID_BYTES]);

/* 8-4-4-4-12 lower-case hex with a NUL. */
void uuid_text(const uint8_t id[static UUID_BYTES], char ret_text[static UUID_TEXT_BYTES]);

#endif
