/*
 * The one list of everything a request can be answered with. Rows: name (that of
 * twofold.v1.Error.Reason), the ADR-32 code, one plain sentence for people.
 *
 * ERR_UNAVAILABLE, ERR_INTERNAL and ERR_EXHAUSTED mean that something broke, or ran out, before a
 * decision was durable: whoever sees one must not have written, or must roll back. All others are
 * decisions and commit.
 */
#ifndef TWOFOLD_BASE_ERR_H
#define TWOFOLD_BASE_ERR_H

#include "base/attr.h"

#include <stdint.h>

#define ERR_LIST(X)                                                                          \
    X(VALIDATION, 422, "The request has missing or malformed fields.")                       \
    X(WRONG_CREDENTIALS, 401, "The username or the password is wrong.")                      \
    X(INVALID_TOKEN, 401, "The step token is not valid here; start the procedure again.")    \
    X(CODE_REJECTED, 403, "The code was not accepted.")                                      \
    X(LOCKED, 429, "Too many failures; wait before the next try.")                           \
    X(SUSPENDED, 403, "Suspended after too many failures; an administrator must unlock it.") \
    X(ALREADY_ENROLLED, 409, "The user already has an authenticator.")                       \
    X(NOT_ENROLLED, 409, "The user has no active authenticator.")                            \
    X(CONFLICT, 409, "The current state does not allow this step.")                          \
    X(NOT_FOUND, 404, "There is no such user or organization.")                              \
    X(POLICY_FORBIDS, 403, "The organization's policy does not allow this.")                 \
    X(TOO_LARGE, 413, "The request is too large.")                                           \
    X(UNIMPLEMENTED, 501, "There is no such method.")                                        \
    X(EXHAUSTED, 503, "The service is overloaded; try again later.")                         \
    X(UNAVAILABLE, 503, "The service cannot decide at the moment; try again.")               \
    X(INTERNAL, 500, "The service failed; this is a bug.")

enum err {
    ERR_OK = 0,
#define X(name, code, text) ERR_##name,
    ERR_LIST(X)
#undef X
};

/* "VALIDATION"; "OK" for ERR_OK. Static. */
const char *err_name(enum err err);
/* ADR-32 error code, HTTP-like; 200 for ERR_OK. */
uint16_t err_code(enum err err);
/* One plain sentence that echoes nothing. Static. */
const char *err_text(enum err err);

/* Says that an error is ignored on purpose; the caller's comment says why. */
static inline void err_drop(enum err err)
{
    (void)err;
}

/*
 * What is wrong with a request, field by field: all of it at once. Strings are static, so no input
 * can ever be echoed.
 */
enum { FAULT_VIOLATIONS_MAX = 16 };

struct violation {
    const char *field, *rule;
};

struct fault {
    unsigned n;
    int32_t attempts_left;
    int64_t retry_after_s;
    struct violation at[FAULT_VIOLATIONS_MAX];
};

/* Nothing is wrong any more; what stands behind the count stays, it is static text. */
static inline void fault_clear(struct fault *f)
{
    f->n = 0;
    f->retry_after_s = 0;
    f->attempts_left = 0;
}

/* Adds a violation; both strings must be static. Saturates at FAULT_VIOLATIONS_MAX. */
void fault_add(struct fault *f, const char *field, const char *rule);

/*
 * Why the process cannot start or go on, for the operator: what is wrong and what to do instead.
 * May name paths, subjects and settings, never secrets.
 */
struct diag {
    char text[1024];
};

/* Formats the text, cutting it at the end of the buffer. */
void diag_set(struct diag *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
