/*
 * Users, orgs and answers as bytes on disk, and back. Private to store/.
 *
 * Decoding gives a value that the core knows, with every count, enum and length inside its bounds,
 * or ERR_UNAVAILABLE: damage. Encoding refuses what decoding would (ERR_INTERNAL), so that a bug
 * cannot write a record that nobody can read. What is encoded lies in the codec's arena.
 */
#ifndef TWOFOLD_STORE_RECORD_H
#define TWOFOLD_STORE_RECORD_H

#include "store/row.h"
#include "store/store.h"

/* Seals what has no sealed form under the active key - keys, the password's hash - and keeps that
 * form in USER. ERR_UNAVAILABLE for a hash under an older key that cannot be opened. */
NODISCARD enum err record_encode_user(const struct codec *c, const struct user_id *id,
                                      struct user *user, struct bytes *ret_row);
/* USER is empty (all zero) or one that was loaded before, which is wiped; on failure it is empty. A
 * key that cannot be unsealed is marked `damaged`, with its sealed form kept; the password's hash
 * is not looked into. USER->exists is true. */
NODISCARD enum err record_decode_user(const struct codec *c, const struct user_id *id,
                                      struct bytes row, struct user *user);

/* Fills USER->password_phc from its sealed form; nothing to do when it is open or there is none.
 * ERR_UNAVAILABLE: it cannot be unsealed, or is another user's; it is left shut. */
NODISCARD enum err record_open_password(const struct codec *c, const struct user_id *id,
                                        struct user *user);

/* The keys that recovery codes of the user are under: those in force, those of an enrolment. RET_N
 * is up to 2. Opens nothing. */
NODISCARD enum err record_user_peppers(const struct codec *c, const struct user_id *id,
                                       struct bytes row, uint32_t ret_ids[static 2], size_t *ret_n);

NODISCARD enum err record_encode_org(const struct codec *c, const char *name, const struct org *org,
                                     struct bytes *ret_row);
NODISCARD enum err record_decode_org(const struct codec *c, const char *name, struct bytes row,
                                     struct org *ret_org);

/* Password failures of a user who does not exist. */
NODISCARD enum err record_encode_decoy(const struct codec *c, const struct user_id *id,
                                       const struct lockout *lockout, struct bytes *ret_row);
NODISCARD enum err record_decode_decoy(const struct codec *c, const struct user_id *id,
                                       struct bytes row, struct lockout *ret_lockout);

/* Whose repeats, and of which minute: a row is damage in any other place. */
struct repeats_id {
    struct user_id user;
    uint32_t minute;
};

NODISCARD enum err record_encode_repeats(const struct codec *c, const struct repeats_id *id,
                                         const struct repeats *repeats, struct bytes *ret_row);
NODISCARD enum err record_decode_repeats(const struct codec *c, const struct repeats_id *id,
                                         struct bytes row, struct repeats *ret);

/* The value of a kept answer: expires_ms (8 bytes, big endian, readable without a key), then the
 * sealed rest. */
enum { RETRY_EXPIRES_BYTES = 8 };

NODISCARD enum err record_encode_retry(const struct codec *c, const struct user_id *id,
                                       const struct retry_answer *answer, struct bytes *ret_value);
/* RET_ANSWER->reply lies in the codec's arena. */
NODISCARD enum err record_decode_retry(const struct codec *c, const struct user_id *id,
                                       struct bytes value, struct retry_answer *ret_answer);
NODISCARD enum err record_retry_expires(struct bytes value, int64_t *ret_expires_ms);

#endif
