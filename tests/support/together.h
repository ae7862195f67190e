/* Several requests of any kind in one batch, and what came of each. */
#ifndef TWOFOLD_TESTS_SUPPORT_TOGETHER_H
#define TWOFOLD_TESTS_SUPPORT_TOGETHER_H

#include "support/steps.h"

struct sent {
    const char *method;
    const struct field *fields;     /* end with a nameless one */
    const char *request_id, *actor; /* NULL: none */
};
#define FIELDS(...) ((const struct field[]){__VA_ARGS__, {NULL, NULL}})

struct got {
    enum err err;
    struct bytes raw; /* malloc'ed */
};

/* Sends N requests to s->org as one batch, and runs until all are answered. Free with got_free. */
void service_together(struct service *s, const struct sent *sent, size_t n, struct got *ret);
void got_free(struct got *got, size_t n);

/* One request alone, with its request id and actor. */
struct got service_sent(struct service *s, const struct sent *sent);

/* Same answer, byte for byte? */
bool got_same(const struct got *a, const struct got *b);

#endif
