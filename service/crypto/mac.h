/*
 * Keyed and plain digests: pure functions of their input, so the core may call them.
 * The implementation is crypto_openssl.c, the only file that knows OpenSSL.
 */
#ifndef TWOFOLD_CRYPTO_MAC_H
#define TWOFOLD_CRYPTO_MAC_H

#include "base/bytes.h"
#include "base/err.h"

enum mac_algorithm { MAC_SHA1, MAC_SHA256, MAC_SHA512 };

enum { MAC_BYTES_MAX = 64, SHA256_BYTES = 32 };

/*
 * A key made ready for HMAC (RFC 2104): its two padded blocks are digested once, and each MAC goes
 * on from there. It is as secret as the key. MACs may be made under it by several threads at once.
 */
struct mac_key;

/* For a key that is kept: the caller frees. ERR_INTERNAL when the library fails. */
NODISCARD enum err mac_key_new(enum mac_algorithm algorithm, struct bytes key,
                               struct mac_key **ret_key);

/* Wipes and frees; NULL is fine. */
void mac_key_free(struct mac_key *k);
DEFINE_CLEANUP(struct mac_key, mac_key_free);

/*
 * For a key of one request: RET_KEY lies in the calling thread's place for one key of ALGORITHM, so
 * nothing is allocated. It must be returned before another is borrowed (else ERR_INTERNAL), and by
 * the same thread; that wipes what was made of the key. ERR_INTERNAL also when the library fails.
 */
NODISCARD enum err mac_key_borrow(enum mac_algorithm algorithm, struct bytes key,
                                  struct mac_key **ret_key);
void mac_key_return(struct mac_key *k);
DEFINE_CLEANUP(struct mac_key, mac_key_return);
/* A borrowed key, returned when it leaves scope: auto_mac_key *k = NULL; */
#define auto_mac_key CLEANUP(mac_key_returnp) struct mac_key

/* HMAC of DATA under KEY into RET_MAC; RET_N is 20, 32 or 64 by algorithm. ERR_INTERNAL when the
 * library fails. Time depends on the lengths alone. */
NODISCARD enum err mac_under(const struct mac_key *key, struct bytes data,
                             uint8_t ret_mac[static MAC_BYTES_MAX], size_t *ret_n);

/* HMAC-SHA-256 over the concatenation of N parts, each preceded by its length (8 bytes, big
 * endian), so that no two lists of parts give the same input. */
NODISCARD enum err mac_parts(struct bytes key, const struct bytes *parts, size_t n,
                             uint8_t ret_mac[static SHA256_BYTES]);
/* The same under a key that is ready; ERR_INTERNAL when it is of another algorithm. */
NODISCARD enum err mac_parts_under(const struct mac_key *key, const struct bytes *parts, size_t n,
                                   uint8_t ret_mac[static SHA256_BYTES]);

/* SHA-256 (FIPS 180-4) of DATA. */
NODISCARD enum err mac_sha256(struct bytes data, uint8_t ret_digest[static SHA256_BYTES]);

/* HKDF-SHA-256 (RFC 5869) with an empty salt: N bytes for LABEL out of KEY. */
NODISCARD enum err mac_derive(struct bytes key, const char *label, uint8_t *ret_out, size_t n);

#endif
