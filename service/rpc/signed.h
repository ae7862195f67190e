/* What the service signs for those who check its audit trail. */
#ifndef TWOFOLD_RPC_SIGNED_H
#define TWOFOLD_RPC_SIGNED_H

#include "base/arena.h"
#include "crypto/keyring.h"

struct signed_bytes {
    uint32_t key_id;
    struct bytes body, signature;
};

/* Signs PREFIX, which says what BODY is, and BODY with the key that comes from the active one of
 * KEYRING (Ed25519, RFC 8032). What RET points to lies in ARENA. ERR_EXHAUSTED when that is full.
 */
NODISCARD enum err signed_make(const struct keyring *keyring, const char *prefix, struct bytes body,
                               struct arena *arena, struct signed_bytes *ret);

#endif
