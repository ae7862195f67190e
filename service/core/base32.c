/*
 * Secrets pass through here, so characters are mapped by arithmetic on masks: a lookup table would
 * leave the secret's shape in the cache. Which character is refused may show; what the others
 * mean may not.
 */
#include "core/base32.h"

/* All ones if LEAST <= C <= MOST, else zero; arguments below 2^31. */
static uint32_t mask_between(uint32_t c, uint32_t least, uint32_t most)
{
    return (((c - least) | (most - c)) >> 31) - 1U;
}

/* 0..25 are A..Z, 26..31 are 2..7. */
static char letter_of(uint32_t value)
{
    uint32_t digit = mask_between(value, 26, 31);

    return (char)((~digit & ('A' + value)) | (digit & ('2' - 26 + value)));
}

static bool value_of(char letter, uint32_t *ret_value)
{
    uint32_t c = (unsigned char)letter;
    uint32_t upper = mask_between(c, 'A', 'Z');
    uint32_t lower = mask_between(c, 'a', 'z');
    uint32_t digit = mask_between(c, '2', '7');

    *ret_value = (upper & (c - 'A')) | (lower & (c - 'a')) | (digit & (c - '2' + 26));
    return (upper | lower | digit) != 0;
}

void base32_encode(struct bytes in, char *ret_text)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < in.n; i++) {
        bits = bits << 8 | in.p[i];
        for (n_bits += 8; n_bits >= 5; n_bits -= 5)
            *ret_text++ = letter_of(bits >> (n_bits - 5) & 31);
    }
    if (n_bits)
        *ret_text++ = letter_of(bits << (5 - n_bits) & 31);
    *ret_text = '\0';
}

struct reader {
    struct secret out;
    uint32_t bits; /* the lowest n_bits of it are not in out yet */
    unsigned n_bits;
    bool padded;
};

static void reader_wipe(struct reader *r)
{
    wipe(r, sizeof *r);
}

static enum err take(struct reader *r, char c)
{
    uint32_t value;

    if (c == ' ' || c == '-')
        return ERR_OK;
    if (c == '=') {
        r->padded = true;
        return ERR_OK;
    }
    if (!value_of(c, &value) || r->padded)
        return ERR_VALIDATION;
    r->bits = r->bits << 5 | value;
    r->n_bits += 5;
    if (r->n_bits < 8)
        return ERR_OK;
    if (r->out.n == SECRET_MAX)
        return ERR_VALIDATION;
    r->n_bits -= 8;
    r->out.bytes[r->out.n++] = (uint8_t)(r->bits >> r->n_bits);
    return ERR_OK;
}

enum err base32_decode(const char *text, size_t n, struct secret *ret)
{
    CLEANUP(reader_wipe) struct reader r = {0};

    secret_wipe(ret);
    for (size_t i = 0; i < n; i++)
        TRY(take(&r, text[i]));
    /* A whole character too many, or bits that no encoder would have set: a mistyped secret. */
    if (r.n_bits >= 5 || (r.bits & ((1U << r.n_bits) - 1)) != 0)
        return ERR_VALIDATION;
    *ret = r.out;
    return ERR_OK;
}
