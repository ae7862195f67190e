#include "core/uri.h"

void uri_text_wipe(struct uri_text *t)
{
    wipe(t, sizeof *t);
}

void uri_put_char(struct uri_text *t, char c)
{
    if (t->n == sizeof t->chars)
        t->full = true;
    else
        t->chars[t->n++] = c;
}

void uri_put(struct uri_text *t, const char *text)
{
    while (*text)
        uri_put_char(t, *text++);
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void uri_put_escaped(struct uri_text *t, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *text; text++) {
        if (unreserved(*text)) {
            uri_put_char(t, *text);
            continue;
        }
        uri_put_char(t, '%');
        uri_put_char(t, hex[(unsigned char)*text >> 4]);
        uri_put_char(t, hex[(unsigned char)*text & 15]);
    }
}

void uri_put_number(struct uri_text *t, unsigned number)
{
    if (number >= 10)
        uri_put_number(t, number / 10);
    uri_put_char(t, (char)('0' + number % 10));
}

bool uri_text_is(const struct uri_text *t, const char *text)
{
    return bytes_equal((struct bytes){(const uint8_t *)t->chars, t->n}, bytes_of_text(text));
}

struct uri_piece uri_cut(struct uri_piece *whole, char separator)
{
    struct uri_piece before = *whole;
    const char *at = whole->n ? memchr(whole->p, separator, whole->n) : NULL;

    if (!at) {
        *whole = (struct uri_piece){whole->p + whole->n, 0};
        return before;
    }
    before.n = (size_t)(at - whole->p);
    *whole = (struct uri_piece){at + 1, whole->n - before.n - 1};
    return before;
}

/* Value of a hex digit, or 16. */
static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A' + 10);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

enum err uri_unescape(struct uri_piece in, struct uri_text *ret)
{
    *ret = (struct uri_text){0};
    for (size_t i = 0; i < in.n; i++) {
        unsigned high, low;

        if (in.p[i] != '%') {
            uri_put_char(ret, in.p[i]);
            continue;
        }
        if (in.n - i < 3)
            return ERR_VALIDATION;
        high = hex_value(in.p[i + 1]);
        low = hex_value(in.p[i + 2]);
        if (high > 15 || low > 15 || high + low == 0)
            return ERR_VALIDATION;
        uri_put_char(ret, (char)(high << 4 | low));
        i += 2;
    }
    return ret->full ? ERR_VALIDATION : ERR_OK;
}
