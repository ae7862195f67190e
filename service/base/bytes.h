/* Borrowed bytes, and the only comparison of secret-derived bytes. */
#ifndef TWOFOLD_BASE_BYTES_H
#define TWOFOLD_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: never owns, valid only while the owner is. */
struct bytes {
    const uint8_t *p;
    size_t n;
};

static inline struct bytes bytes_of_text(const char *s)
{
    return (struct bytes){.p = (const uint8_t *)s, .n = strlen(s)};
}

/* Are the N bytes at A and B equal? Time depends on N alone, not on the contents. */
bool ct_equal(const void *a, const void *b, size_t n);

/* Are two public values equal? Leaves early: never for secrets. */
bool bytes_equal(struct bytes a, struct bytes b);

/* Byte order, a prefix first; for sorting and for public values only. */
int bytes_compare(struct bytes a, struct bytes b);

/* Is TEXT (of N bytes) well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL?
 */
bool utf8_valid(const char *text, size_t n);

/* Lower-case hex of N bytes into OUT, which holds 2 * N + 1 bytes. Not for secrets. */
void hex_encode(const uint8_t *p, size_t n, char *out);

#endif
