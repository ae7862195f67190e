/* Filling struct twofold_error, and reading one out of a refusal. */
#ifndef TWOFOLD_CLIENT_ERROR_H
#define TWOFOLD_CLIENT_ERROR_H

#include "base/attr.h"

#include <twofold/client.h>

/* Makes ERROR say that all is well. */
void error_clear(struct twofold_error *error);

/* Makes ERROR say STATUS and the formatted sentence, and returns STATUS. */
enum twofold_status error_set(struct twofold_error *error, enum twofold_status status,
                              const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Makes ERROR say why there is no connection and what to do about it, and returns
 * TWOFOLD_DISCONNECTED. DETAIL is the bus library's text; NULL: it has none. */
enum twofold_status error_unconnected(struct twofold_error *error, const char *detail);

/* A refusal as it came: the texts of the ADR-32 headers, and the body that says more. Borrowed. */
struct refusal {
    const char *code, *text; /* text may be NULL */
    const uint8_t *body;
    size_t n;
};

/* Makes ERROR say what REFUSAL says; a body that is no Error leaves it at the headers. */
void error_from_refusal(struct twofold_error *error, const struct refusal *refusal);

#endif
