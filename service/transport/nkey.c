#include "transport/nkey.h"

#include "base/secret.h"
#include "core/base32.h"
#include "crypto/sign.h"

enum {
    SEED_CHARS = 58,
    CRC_BYTES = 2,
    SEED_BYTES = 2 + SIGN_SEED_BYTES + CRC_BYTES,
    PUBLIC_BYTES = 1 + SIGN_PUBLIC_BYTES + CRC_BYTES,
    PREFIX_SEED = 18 << 3, /* 'S' */
    PREFIX_USER = 20 << 3, /* 'U' */
};

static uint16_t crc16_xmodem(const uint8_t *p, size_t n)
{
    uint32_t crc = 0;

    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)p[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
        crc &= 0xffff;
    }
    return (uint16_t)crc;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_base32(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (!((b.p[i] >= 'A' && b.p[i] <= 'Z') || (b.p[i] >= '2' && b.p[i] <= '7')))
            return false;
    return true;
}

/* The next line of TEXT without the blanks around it; moves *AT behind it. */
static struct bytes next_line(const char *text, size_t n, size_t *at)
{
    size_t from = *at, to;

    while (*at < n && text[*at] != '\n')
        ++*at;
    to = *at;
    *at += *at < n;
    while (from < to && is_blank(text[from]))
        from++;
    while (to > from && is_blank(text[to - 1]))
        to--;
    return (struct bytes){.p = (const uint8_t *)text + from, .n = to - from};
}

/* The only line that is neither empty nor a comment nor a frame. */
static enum err seed_line(const char *text, size_t n, struct bytes *ret_line)
{
    struct bytes found = {0};

    for (size_t at = 0; at < n;) {
        struct bytes line = next_line(text, n, &at);

        if (line.n == 0 || line.p[0] == '-' || line.p[0] == '#')
            continue;
        if (found.n)
            return ERR_VALIDATION;
        found = line;
    }
    if (found.n != SEED_CHARS || !is_base32(found))
        return ERR_VALIDATION;
    *ret_line = found;
    return ERR_OK;
}

/* The prefix of a seed is 'S' in five bits, what it is a seed of in eight, and three zeros. */
static bool is_user_seed(const struct secret *raw)
{
    const uint8_t *b = raw->bytes;

    return raw->n == SEED_BYTES && b[0] == (PREFIX_SEED | PREFIX_USER >> 5) &&
           b[1] == (uint8_t)(PREFIX_USER << 3) &&
           crc16_xmodem(b, SEED_BYTES - CRC_BYTES) ==
               (b[SEED_BYTES - 2] | (unsigned)b[SEED_BYTES - 1] << 8);
}

enum err nkey_public(const char *text, size_t n, char ret_public[static NKEY_TEXT_BYTES])
{
    auto_secret raw = {0};
    struct bytes line;
    uint8_t key[PUBLIC_BYTES] = {PREFIX_USER};
    uint16_t crc;

    TRY(seed_line(text, n, &line));
    TRY(base32_decode((const char *)line.p, line.n, &raw));
    if (!is_user_seed(&raw))
        return ERR_VALIDATION;
    TRY(sign_public_key(raw.bytes + 2, key + 1));
    crc = crc16_xmodem(key, PUBLIC_BYTES - CRC_BYTES);
    key[PUBLIC_BYTES - 2] = (uint8_t)(crc & 0xff);
    key[PUBLIC_BYTES - 1] = (uint8_t)(crc >> 8);
    base32_encode((struct bytes){.p = key, .n = sizeof key}, ret_public);
    return ERR_OK;
}
