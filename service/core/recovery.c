#include "core/recovery.h"

#include "base/secret.h"

#include <assert.h>

/* Crockford base32: no I, L, O (look like 1, 1, 0), no U. */
static const char alphabet[32] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A',
                                  'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N',
                                  'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z'};

enum { GROUP_CHARS = 5 };

void recovery_code_wipe(struct recovery_code *c)
{
    wipe(c, sizeof *c);
}

/* Index in the alphabet, or its length: all of it is looked through, wherever C is. */
static unsigned value_of(char c)
{
    unsigned value = ARRAY_LEN(alphabet);

    for (unsigned i = 0; i < ARRAY_LEN(alphabet); i++) {
        unsigned hit = 0U - (unsigned)(alphabet[i] == c);
        value = (value & ~hit) | (i & hit);
    }
    return value;
}

static char normal(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'I' || c == 'L')
        return '1';
    return c == 'O' ? '0' : c;
}

enum err recovery_code_parse(const char *text, size_t n, struct recovery_code *ret)
{
    auto_recovery_code c = {0};
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '-' || text[i] == ' ')
            continue;
        if (length == RECOVERY_CHARS || value_of(normal(text[i])) == ARRAY_LEN(alphabet))
            return ERR_VALIDATION;
        c.chars[length++] = normal(text[i]);
    }
    if (length != RECOVERY_CHARS)
        return ERR_VALIDATION;
    *ret = c;
    return ERR_OK;
}

void recovery_code_make(unsigned slot, const uint8_t random[static RECOVERY_RANDOM_BYTES],
                        struct recovery_code *ret)
{
    uint32_t bits = 0;
    unsigned n_bits = 0, at = 1;

    assert(slot < RECOVERY_CODES_MAX);
    ret->chars[0] = alphabet[slot];
    for (unsigned i = 0; i < RECOVERY_RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        for (n_bits += 8; n_bits >= 5; n_bits -= 5)
            ret->chars[at++] = alphabet[bits >> (n_bits - 5) & 31];
    }
    wipe(&bits, sizeof bits);
}

void recovery_code_text(const struct recovery_code *c, char ret_text[static RECOVERY_TEXT_BYTES])
{
    for (unsigned i = 0; i < RECOVERY_CHARS; i++) {
        if (i > 0 && i % GROUP_CHARS == 0)
            *ret_text++ = '-';
        *ret_text++ = c->chars[i];
    }
    *ret_text = '\0';
}

unsigned recovery_code_slot(const struct recovery_code *c)
{
    return value_of(c->chars[0]);
}

enum err recovery_code_mac(struct bytes pepper, const char *org, const char *username,
                           const uint8_t set[static RECOVERY_SET_BYTES],
                           const struct recovery_code *c, uint8_t ret_mac[static SHA256_BYTES])
{
    /* The slot is the code's first character, so the whole code binds it. */
    const struct bytes parts[] = {
        bytes_of_text(org),
        bytes_of_text(username),
        {set, RECOVERY_SET_BYTES},
        {(const uint8_t *)c->chars, RECOVERY_CHARS},
    };

    return mac_parts(pepper, parts, ARRAY_LEN(parts), ret_mac);
}
