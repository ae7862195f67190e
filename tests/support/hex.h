/* Test vectors are written in hex: HEX(x, "0b0b...") declares `struct bytes x` with those bytes. */
#ifndef TWOFOLD_TESTS_SUPPORT_HEX_H
#define TWOFOLD_TESTS_SUPPORT_HEX_H

#include "base/bytes.h"

#include <stdio.h>

enum { HEX_MAX = 512 };

static inline struct bytes hex_decode(const char *text, uint8_t *out)
{
    size_t n = strlen(text) / 2;

    for (size_t i = 0; i < n && i < HEX_MAX; i++) {
        unsigned value = 0;

        sscanf(text + 2 * i, "%2x", &value);
        out[i] = (uint8_t)value;
    }
    return (struct bytes){.p = out, .n = n};
}

#define HEX(name, text)       \
    uint8_t name##_[HEX_MAX]; \
    struct bytes name = hex_decode(text, name##_)

#endif
