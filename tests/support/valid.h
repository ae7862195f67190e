/* One well-formed request for every method, for tests that spoil it in every way. */
#ifndef TWOFOLD_TESTS_SUPPORT_VALID_H
#define TWOFOLD_TESTS_SUPPORT_VALID_H

#include "support/steps.h"

enum { VALID_FIELDS_MAX = 6 };

struct valid {
    const char *method;
    struct field fields[VALID_FIELDS_MAX];
    unsigned request_max; /* what the contract allows, in bytes */
};

/* A row for each method; the user is "ada", tokens are no service's. */
extern const struct valid valid[];
extern const size_t n_valid;

#define VALID_HASH \
    "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define VALID_URI "otpauth://totp/Old:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Old"

#endif
