#include "code.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODULUS = 1000000, NEAR = 4 };

static void must(bool went_well)
{
    if (!went_well) {
        fputs("rig_load: OpenSSL fails\n", stderr);
        exit(3);
    }
}

void code_key(const char *name, uint8_t ret_key[static CODE_KEY_BYTES])
{
    must(EVP_Digest(name, strlen(name), ret_key, NULL, EVP_sha256(), NULL) == 1);
}

void code_base32(const uint8_t key[static CODE_KEY_BYTES], char ret_text[static CODE_BASE32_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned n_bits = 0, n = 0;

    for (unsigned i = 0; i < CODE_KEY_BYTES; i++) {
        bits = bits << 8 | key[i];
        for (n_bits += 8; n_bits >= 5; n_bits -= 5)
            ret_text[n++] = digits[bits >> (n_bits - 5) & 31];
    }
    ret_text[n++] = digits[bits << (5 - n_bits) & 31];
    ret_text[n] = '\0';
}

void code_of_step(const uint8_t key[static CODE_KEY_BYTES], int64_t step,
                  char ret_code[static CODE_SIZE])
{
    uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const uint8_t *at;
    uint32_t number;

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    must(HMAC(EVP_sha1(), key, CODE_KEY_BYTES, counter, sizeof counter, mac, &n) && n == 20);
    at = mac + (mac[19] & 15);
    number = (uint32_t)(at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    snprintf(ret_code, CODE_SIZE, "%06u", number % MODULUS);
}

void code_wrong(const uint8_t key[static CODE_KEY_BYTES], int64_t step,
                char ret_code[static CODE_SIZE])
{
    char shown[2 * NEAR + 1][CODE_SIZE];
    bool is_shown = true;

    for (int i = 0; i <= 2 * NEAR; i++)
        code_of_step(key, step - NEAR + i, shown[i]);
    for (unsigned number = 111111; is_shown; number++) {
        snprintf(ret_code, CODE_SIZE, "%06u", number % MODULUS);
        is_shown = false;
        for (int i = 0; i <= 2 * NEAR; i++)
            is_shown = is_shown || strcmp(shown[i], ret_code) == 0;
    }
}
