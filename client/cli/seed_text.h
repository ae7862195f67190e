/* Single values of a seed file: is this one that the service will take? */
#ifndef TWOFOLD_CLI_SEED_TEXT_H
#define TWOFOLD_CLI_SEED_TEXT_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <twofold/v1/admin.pb-c.h>

enum {
    SEED_USERNAME_MAX = 254,
    SEED_PASSWORD_MIN = 8,
    SEED_PASSWORD_MAX = 256,
    SEED_NAME_MAX = 64, /* of an issuer or a label */
    SEED_SECRET_BYTES_MIN = 16,
    SEED_SECRET_BYTES_MAX = 64,
    SEED_SECRET_CHARS_MAX = (SEED_SECRET_BYTES_MAX * 8 + 4) / 5,
    SEED_URI_MAX = 1535,
};

/* 1..64 of [A-Za-z0-9_-]. */
bool seed_is_org(const char *text);

/* No C0, DEL or C1 control character in TEXT, which is UTF-8. */
bool seed_is_printable(const char *text);

/* 1..64 bytes without a colon or control characters: an issuer, a label. */
bool seed_is_name(const char *text);

/* Reads TEXT as people type secrets: either case, blanks and dashes skipped, '=' at the end. RET is
 * what a URI carries: capitals and digits only. False: it is no base32 of 16 to 64 bytes, or has
 * bits left over. */
NODISCARD bool seed_secret(const char *text, char ret[static SEED_SECRET_CHARS_MAX + 1]);

/* What an otpauth URI must be that TEXT is not (static), or NULL. The service has the last word. */
const char *seed_uri_fault(const char *text);

struct seed_factor {
    const char *secret, *label;         /* of seed_secret(); of seed_is_name(), or "" */
    const Twofold__V1__Policy *numbers; /* algorithm, digits and period */
};

/* The URI that carries FACTOR to the service, for free(). NULL when memory is short. */
char *seed_uri(const struct seed_factor *factor);

/* What the number NAME of the policy must be that VALUE is not (static), or NULL. */
const char *seed_number_fault(const char *name, int32_t value);

#endif
