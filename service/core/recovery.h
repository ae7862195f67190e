/*
 * Recovery codes: one slot character and 24 random characters of Crockford base32 (120 bits), shown
 * XXXXX-XXXXX-XXXXX-XXXXX-XXXXX. Stored is only HMAC-SHA-256 under a pepper that is not in the
 * database, bound to org, user, set and slot (NIST SP 800-63B-4 section 3.1.2: at 112 bits and more
 * no slow hash is needed).
 */
#ifndef TWOFOLD_CORE_RECOVERY_H
#define TWOFOLD_CORE_RECOVERY_H

#include "base/limits.h"
#include "crypto/mac.h"

enum {
    RECOVERY_RANDOM_BYTES = 15, /* 24 characters of 5 bits */
    RECOVERY_CHARS = 25,        /* slot and random characters */
    RECOVERY_TEXT_BYTES = 30,   /* with four dashes and a NUL */
    RECOVERY_SET_BYTES = 8,
};

/* A code in normal form: upper case, look-alikes mapped, no dashes, no NUL. chars[0] is the slot.
 */
struct recovery_code {
    char chars[RECOVERY_CHARS];
};

void recovery_code_wipe(struct recovery_code *c);
#define auto_recovery_code CLEANUP(recovery_code_wipe) struct recovery_code

/* Reads what a person typed: either case, dashes and spaces between characters, O for 0, I and L
 * for
 * 1. ERR_VALIDATION unless exactly 25 characters of the alphabet remain. */
NODISCARD enum err recovery_code_parse(const char *text, size_t n, struct recovery_code *ret);

/* Makes the code of SLOT (0..RECOVERY_CODES_MAX - 1) from RANDOM. */
void recovery_code_make(unsigned slot, const uint8_t random[static RECOVERY_RANDOM_BYTES],
                        struct recovery_code *ret);

/* XXXXX-XXXXX-XXXXX-XXXXX-XXXXX and a NUL. */
void recovery_code_text(const struct recovery_code *c, char ret_text[static RECOVERY_TEXT_BYTES]);

/* Slot that the code names, 0..31; RECOVERY_CODES_MAX and above name no slot of ours. */
unsigned recovery_code_slot(const struct recovery_code *c);

/* What is stored for a code. SET is the id of the set it belongs to. */
NODISCARD enum err recovery_code_mac(struct bytes pepper, const char *org, const char *username,
                                     const uint8_t set[static RECOVERY_SET_BYTES],
                                     const struct recovery_code *c,
                                     uint8_t ret_mac[static SHA256_BYTES]);

#endif
