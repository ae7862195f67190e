/* Numbers in keys and headers: big endian, so that byte order is number order. Private to store/.
 */
#ifndef TWOFOLD_STORE_BIG_ENDIAN_H
#define TWOFOLD_STORE_BIG_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

/* Writes the low N (1..8) bytes of V. */
static inline void be_put(uint8_t *p, size_t n, uint64_t v)
{
    for (size_t i = n; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

/* Reads N (1..8) bytes. */
static inline uint64_t be_get(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

#endif
