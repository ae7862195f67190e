#include "base/bytes.h"

bool ct_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < n; i++)
        difference |= (uint8_t)(x[i] ^ y[i]);
    return difference == 0;
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shorter = a.n < b.n ? a.n : b.n;
    int order = shorter ? memcmp(a.p, b.p, shorter) : 0;

    if (order)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && bytes_compare(a, b) == 0;
}

/* Length of the UTF-8 sequence that FIRST begins, and the smallest code point it may carry. */
static size_t utf8_length(uint8_t first, uint32_t *ret_least, uint32_t *ret_bits)
{
    if (first >= 0xc2 && first <= 0xdf) {
        *ret_least = 0x80;
        *ret_bits = first & 0x1fU;
        return 2;
    }
    if ((first & 0xf0) == 0xe0) {
        *ret_least = 0x800;
        *ret_bits = first & 0x0fU;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *ret_least = 0x10000;
        *ret_bits = first & 0x07U;
        return 4;
    }
    return 0;
}

bool utf8_valid(const char *text, size_t n)
{
    const uint8_t *s = (const uint8_t *)text;

    for (size_t i = 0; i < n;) {
        uint32_t least = 0, point = 0;
        size_t length;

        if (s[i] == 0)
            return false;
        if (s[i] < 0x80) {
            i++;
            continue;
        }
        length = utf8_length(s[i], &least, &point);
        if (length == 0 || length > n - i)
            return false;
        for (size_t k = 1; k < length; k++) {
            if ((s[i + k] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (s[i + k] & 0x3fU);
        }
        if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
        i += length;
    }
    return true;
}

void hex_encode(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 0x0f];
    }
    out[2 * n] = '\0';
}
