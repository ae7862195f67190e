/* Secrets that follow from names, and the codes that an authenticator would show (RFC 6238). */
#ifndef TWOFOLD_RIG_CODE_H
#define TWOFOLD_RIG_CODE_H

#include <stdint.h>

enum { CODE_KEY_BYTES = 32, CODE_BASE32_SIZE = 53, CODE_SIZE = 7, CODE_PERIOD_S = 30 };

/* SHA-256 of NAME: whoever knows the name knows the secret. */
void code_key(const char *name, uint8_t ret_key[static CODE_KEY_BYTES]);

/* RFC 4648, without padding. */
void code_base32(const uint8_t key[static CODE_KEY_BYTES], char ret_text[static CODE_BASE32_SIZE]);

/* Six digits, HMAC-SHA-1: what KEY shows in time step STEP. */
void code_of_step(const uint8_t key[static CODE_KEY_BYTES], int64_t step,
                  char ret_code[static CODE_SIZE]);

/* A code that KEY shows in none of the steps near STEP. */
void code_wrong(const uint8_t key[static CODE_KEY_BYTES], int64_t step,
                char ret_code[static CODE_SIZE]);

#endif
