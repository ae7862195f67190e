/*
 * The keyring: 256-bit root keys with ids, one of them active for sealing, the others for reading.
 *
 * File (0600, never in the database's folder), one line a key, '#' starts a comment:
 *
 *     twofold-keyring 1
 *     key 3 active  2026-11-22 <43 characters of unpadded base64: 32 bytes>
 *     key 2 reading 2026-01-05 <...>
 *     key 1 pepper  2025-06-30 <...>
 *
 * "pepper" is what is left of a retired key: not the root, but the one key derived from it that
 * recovery codes made under it are checked with. It opens nothing.
 *
 * No root key is used as it is: HKDF-SHA-256 derives one key for each purpose, so that a value made
 * for one purpose can never be taken for another.
 */
#ifndef TWOFOLD_CRYPTO_KEYRING_H
#define TWOFOLD_CRYPTO_KEYRING_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/mac.h"
#include "crypto/sign.h"

struct keyring;

enum { KEYRING_KEYS_MAX = 64 };
/* A sealed blob: key id (4 bytes, big endian), nonce, ciphertext, tag. */
enum { SEALED_OVERHEAD = 4 + AEAD_OVERHEAD };

/* How a derived key is used: as it is, or made ready for one thing, or for two. */
enum key_use { KEY_AS_IT_IS = 0, KEY_SEALS = 1, KEY_MACS = 2, KEY_SIGNS = 4 };

/* What a derived key is for. One row a purpose: name, HKDF label, use. */
#define KEY_PURPOSE_LIST(X)                                                                     \
    X(FIELD, "twofold/1/field", KEY_SEALS)            /* sealed fields of a record */           \
    X(ROW, "twofold/1/row", KEY_MACS)                 /* MAC over a whole record */             \
    X(RECOVERY, "twofold/1/recovery", KEY_AS_IT_IS)   /* pepper of recovery codes */            \
    X(TOKEN, "twofold/1/step-token", KEY_SEALS)       /* sealed step tokens */                  \
    X(RETRY, "twofold/1/retry", KEY_SEALS | KEY_MACS) /* first answers; digests of requests */  \
    X(DECOY, "twofold/1/decoy", KEY_MACS) /* where the failures of unknown users are counted */ \
    X(PAGE, "twofold/1/page", KEY_SEALS)  /* sealed page tokens */                              \
    X(CHECK, "twofold/1/check", KEY_AS_IT_IS)  /* check value kept in the database */           \
    X(SIGN, "twofold/1/checkpoint", KEY_SIGNS) /* Ed25519 seed that signs checkpoints */

enum key_purpose {
#define X(name, label, use) KEY_##name,
    KEY_PURPOSE_LIST(X)
#undef X
        KEY_PURPOSES
};

/* Reads and checks the file: regular, not accessible to group or others, well formed, ids unique,
 * exactly one active. The keys lie in locked memory outside core dumps. ERR_NOT_FOUND when there is
 * no such file, ERR_VALIDATION when it is refused; RETERR says why and what to do. */
NODISCARD enum err keyring_open(const char *path, struct keyring **ret_keyring,
                                struct diag *reterr);

/* Reads the file again that K was opened from. On failure K stays as it was. Whoever uses K must
 * not do so at the same time. Borrowed keys end. */
NODISCARD enum err keyring_reload(struct keyring *k, struct diag *reterr);

/* Wipes and frees; NULL is fine. */
void keyring_free(struct keyring *k);
DEFINE_CLEANUP(struct keyring, keyring_free);
#define auto_keyring CLEANUP(keyring_freep) struct keyring

/* Id of the key that seals. */
uint32_t keyring_active(const struct keyring *k);

/* Seals under key ID from now on; ERR_NOT_FOUND when K lacks it, or has only its pepper. */
NODISCARD enum err keyring_use(struct keyring *k, uint32_t id);

/* Ids of all keys into RET_IDS, peppers of retired ones among them; their number. */
size_t keyring_ids(const struct keyring *k, uint32_t ret_ids[static KEYRING_KEYS_MAX]);

/* The 32-byte key for PURPOSE under key ID, borrowed; ERR_NOT_FOUND when the keyring lacks the id,
 * or has only its pepper and PURPOSE is another. */
NODISCARD enum err keyring_key(const struct keyring *k, uint32_t id, enum key_purpose purpose,
                               struct bytes *ret_key);

/* The key for PURPOSE under key ID, ready for mac_parts_under; borrowed. ERR_NOT_FOUND as above,
 * and for a purpose that makes no MACs. */
NODISCARD enum err keyring_mac_key(const struct keyring *k, uint32_t id, enum key_purpose purpose,
                                   const struct mac_key **ret_key);

/* The key for PURPOSE under key ID, ready for sign_message; borrowed. ERR_NOT_FOUND as above, and
 * for a purpose that signs nothing. */
NODISCARD enum err keyring_sign_key(const struct keyring *k, uint32_t id, enum key_purpose purpose,
                                    struct sign_key **ret_key);

/*
 * Seals PLAIN under the active key of PURPOSE into RET_SEALED (PLAIN.n + SEALED_OVERHEAD bytes).
 * The additional data are the CONTEXT parts, each with its length, and the key id: a blob opens
 * only where it was made for. ERR_INTERNAL when CONTEXT has more than 8 parts or about 500 bytes,
 * or PURPOSE seals nothing.
 */
NODISCARD enum err keyring_seal(const struct keyring *k, enum key_purpose purpose,
                                const struct bytes *context, size_t n_context, struct bytes plain,
                                uint8_t *ret_sealed);

/* Opens SEALED into RET_PLAIN (SEALED.n - SEALED_OVERHEAD bytes). ERR_INVALID_TOKEN when it is not
 * a blob of this purpose and context under any of our keys. */
NODISCARD enum err keyring_unseal(const struct keyring *k, enum key_purpose purpose,
                                  const struct bytes *context, size_t n_context,
                                  struct bytes sealed, uint8_t *ret_plain);

#endif
