/* Requests by hand: they arrive, run, and are collected when the test says so. */
#ifndef TWOFOLD_TESTS_SUPPORT_BY_HAND_H
#define TWOFOLD_TESTS_SUPPORT_BY_HAND_H

#include "support/steps.h"

/* A request to METHOD of ORG, or of "default"; FIELDS end with a nameless one. Not run yet; to be
 * freed with exchange_free. */
struct exchange *hand_in_at(struct service *s, const char *org, const char *method,
                            const struct field *fields);
struct exchange *hand_in(struct service *s, const char *method, const struct field *fields);

/* Ada's login with PASSWORD. */
struct exchange *hand_in_login(struct service *s, const char *password);

/* Runs BATCH once; what needs a hash is not done afterwards. */
void hand_run(struct service *s, struct exchange **batch, size_t n);

/* Waits for the next finished hash. */
struct exchange *hand_collect(struct service *s);

/* Collects and runs until X is answered; how. */
enum err hand_finish(struct service *s, struct exchange *x);

#endif
