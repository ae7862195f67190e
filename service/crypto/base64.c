#include "crypto/base64.h"

#include "base/secret.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes data, char *ret_text)
{
    uint32_t pending = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < data.n; i++) {
        pending = pending << 8 | data.p[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *ret_text++ = alphabet[pending >> (bits - 6) & 0x3f];
    }
    if (bits)
        *ret_text++ = alphabet[pending << (6 - bits) & 0x3f];
    *ret_text = '\0';
}

/* Value of a character, 64 for one outside the alphabet. */
static uint32_t value_of(uint8_t c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (uint32_t)(at - alphabet) : 64;
}

static bool decode(struct bytes text, uint8_t *ret_out)
{
    uint32_t pending = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint32_t value = value_of(text.p[i]);

        if (value > 63)
            return false;
        pending = pending << 6 | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *ret_out++ = (uint8_t)(pending >> bits);
        }
    }
    /* Bits left over must be zero, or many spellings would mean the same bytes. */
    return (pending & ((1U << bits) - 1)) == 0;
}

bool base64_decode(struct bytes text, uint8_t *ret_out, size_t n)
{
    if (text.n == BASE64_LENGTH(n) && decode(text, ret_out))
        return true;
    wipe(ret_out, n);
    return false;
}
