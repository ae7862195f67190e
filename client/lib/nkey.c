/*
 * The service has a twin of this in its transport. They stay two: this library is installed on its
 * own and takes nothing from the service but the compiler attributes, and a key is not a thing to
 * make a third library for.
 */
#include "nkey.h"

#include "error.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char base32_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

enum {
    KEY_BYTES = 32,
    SEED_BYTES = 2 + KEY_BYTES + 2,
    PUBLIC_BYTES = 1 + KEY_BYTES + 2,
    PREFIX_SEED = 18 << 3, /* 'S' */
    PREFIX_USER = 20 << 3, /* 'U' */
};

static unsigned crc16(const uint8_t *p, size_t n)
{
    unsigned crc = 0;

    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned)p[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = ((crc & 0x8000) ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return crc;
}

/* Exactly N bytes from TEXT; left-over bits must be zero. */
static bool base32_decode(const char *text, uint8_t *ret, size_t n)
{
    unsigned buffer = 0, bits = 0;
    size_t at = 0;

    for (; *text != '\0'; text++) {
        const char *digit = strchr(base32_digits, *text);

        if (!digit || (at == n && bits + 5 >= 8))
            return false;
        buffer = (buffer << 5 | (unsigned)(digit - base32_digits)) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            ret[at++] = (uint8_t)(buffer >> bits);
        }
    }
    return at == n && (buffer & ((1U << bits) - 1)) == 0;
}

static void base32_encode(const uint8_t *p, size_t n, char *ret)
{
    unsigned buffer = 0, bits = 0;

    for (size_t i = 0; i < n; i++) {
        buffer = (buffer << 8 | p[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            *ret++ = base32_digits[buffer >> (bits - 5) & 31];
    }
    if (bits > 0)
        *ret++ = base32_digits[buffer << (5 - bits) & 31];
    *ret = '\0';
}

static void take_seed_line(const char *line, char ret_seed[NKEY_SEED_SIZE])
{
    size_t n = strcspn(line, "\r\n \t");

    if (strncmp(line, "SU", 2) == 0 && n == NKEY_SEED_SIZE - 1) {
        memcpy(ret_seed, line, n);
        ret_seed[n] = '\0';
    }
}

enum twofold_status nkey_read(const char *path, char ret_seed[NKEY_SEED_SIZE],
                              struct twofold_error *error)
{
    char line[256], buffer[512];
    FILE *f = fopen(path, "re");

    if (!f)
        return error_set(error, TWOFOLD_USAGE, "cannot read the nkey file %s: %s", path,
                         strerror(errno));
    setvbuf(f, buffer, _IOFBF, sizeof buffer); /* where it can be wiped */
    ret_seed[0] = '\0';
    while (ret_seed[0] == '\0' && fgets(line, sizeof line, f))
        take_seed_line(line, ret_seed);
    fclose(f);
    explicit_bzero(line, sizeof line);
    explicit_bzero(buffer, sizeof buffer);
    if (ret_seed[0] == '\0')
        return error_set(error, TWOFOLD_USAGE, "no user seed (SU...) in the nkey file %s", path);
    return TWOFOLD_OK;
}

/* Ed25519: the public half of the private KEY. */
static bool public_half(const uint8_t key[KEY_BYTES], uint8_t ret[KEY_BYTES])
{
    size_t n = KEY_BYTES;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, KEY_BYTES);
    bool ok = pkey && EVP_PKEY_get_raw_public_key(pkey, ret, &n) == 1 && n == KEY_BYTES;

    EVP_PKEY_free(pkey);
    return ok;
}

enum twofold_status nkey_public(const char *seed, char ret_public[NKEY_PUBLIC_SIZE],
                                struct twofold_error *error)
{
    uint8_t raw[SEED_BYTES], public[PUBLIC_BYTES] = {PREFIX_USER};
    bool ok;

    /* The seed's two prefixes overlap: 5 bits of 'S', 5 bits of 'U', 6 bits of nothing. */
    ok = strlen(seed) == NKEY_SEED_SIZE - 1 && base32_decode(seed, raw, sizeof raw) &&
         (raw[0] & 0xf8) == PREFIX_SEED && ((raw[0] & 7) << 5 | raw[1] >> 3) == PREFIX_USER &&
         crc16(raw, SEED_BYTES - 2) == (raw[SEED_BYTES - 2] | (unsigned)raw[SEED_BYTES - 1] << 8) &&
         public_half(raw + 2, public + 1);
    explicit_bzero(raw, sizeof raw);
    if (!ok)
        return error_set(error, TWOFOLD_USAGE, "the seed in the nkey file is damaged");
    public[PUBLIC_BYTES - 2] = (uint8_t)(crc16(public, PUBLIC_BYTES - 2) & 0xff);
    public[PUBLIC_BYTES - 1] = (uint8_t)(crc16(public, PUBLIC_BYTES - 2) >> 8);
    base32_encode(public, sizeof public, ret_public);
    return TWOFOLD_OK;
}
