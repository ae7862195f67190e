/* NATS nkeys: reads a user seed ("SU...") and gives the public key ("U...") that the client library
 * wants beside it. Format: base32 of prefix, 32 bytes, CRC-16 (XMODEM, little endian). */
#ifndef TWOFOLD_TRANSPORT_NKEY_H
#define TWOFOLD_TRANSPORT_NKEY_H

#include "base/err.h"

#include <stddef.h>

enum { NKEY_TEXT_BYTES = 57 };

/* Public key of the seed in TEXT (N bytes; blanks and lines starting with '-' or '#' around it are
 * skipped). ERR_VALIDATION when there is no well-formed user seed in it. */
NODISCARD enum err nkey_public(const char *text, size_t n, char ret_public[static NKEY_TEXT_BYTES]);

#endif
