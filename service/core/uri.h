/* Percent-encoded text (RFC 3986 section 2), written and read. It may carry a secret: wiped. */
#ifndef TWOFOLD_CORE_URI_H
#define TWOFOLD_CORE_URI_H

#include "base/err.h"
#include "base/limits.h"
#include "base/secret.h"

/* Text under construction; not NUL-terminated. What does not fit is left out and sets full. */
struct uri_text {
    size_t n;
    bool full;
    char chars[OTPAUTH_URI_MAX];
};

void uri_text_wipe(struct uri_text *t);
#define auto_uri_text CLEANUP(uri_text_wipe) struct uri_text

void uri_put_char(struct uri_text *t, char c);
void uri_put(struct uri_text *t, const char *text);
/* Escapes everything but unreserved characters. */
void uri_put_escaped(struct uri_text *t, const char *text);
void uri_put_number(struct uri_text *t, unsigned number);

bool uri_text_is(const struct uri_text *t, const char *text);

/* A part that is still to be read: borrowed. */
struct uri_piece {
    const char *p;
    size_t n;
};

/* Cuts WHOLE at the first SEPARATOR: returns what is before it and leaves what is after it. Without
 * one, everything is before it. */
struct uri_piece uri_cut(struct uri_piece *whole, char separator);

/* Undoes percent-encoding; '+' stays a plus. ERR_VALIDATION for an escape that is none, for NUL and
 * for what does not fit; RET is then undefined. */
NODISCARD enum err uri_unescape(struct uri_piece in, struct uri_text *ret);

#endif
