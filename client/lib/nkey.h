/* NATS nkeys: a user seed ("SU...") and the public key ("U...") that the server knows it by. Both
 * are base32 of a prefix, 32 bytes and a CRC-16 (XMODEM, little endian). */
#ifndef TWOFOLD_CLIENT_NKEY_H
#define TWOFOLD_CLIENT_NKEY_H

#include "base/attr.h"

#include <twofold/client.h>

enum { NKEY_SEED_SIZE = 59, NKEY_PUBLIC_SIZE = 57 }; /* with the NUL */

/* The seed in the file at PATH: its first line that starts with "SU". TWOFOLD_USAGE when the file
 * cannot be read or has none; the caller wipes RET_SEED. */
enum twofold_status nkey_read(const char *path, char ret_seed[NKEY_SEED_SIZE],
                              struct twofold_error *error);

/* Its public key. TWOFOLD_USAGE when SEED is malformed. */
enum twofold_status nkey_public(const char *seed, char ret_public[NKEY_PUBLIC_SIZE],
                                struct twofold_error *error);

#endif
