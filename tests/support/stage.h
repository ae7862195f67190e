/* Requests that would be accepted, made afresh for every try, while the store breaks. */
#ifndef TWOFOLD_TESTS_SUPPORT_STAGE_H
#define TWOFOLD_TESTS_SUPPORT_STAGE_H

#include "support/broken_store.h"
#include "support/together.h"

/* A service of its own, on which ada is enrolled. */
struct stage {
    struct service s;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];
    char *token;
};

struct stage_act {
    const char *method;
    bool name, password, token, code;
};

/* One for each way in that changes something; STAGE_VERIFY is the index of Verify. */
extern const struct stage_act stage_acts[];
extern const size_t n_stage_acts;
enum { STAGE_VERIFY = 6 };

void stage_set(struct stage *g);
void stage_strike(struct stage *g);

/* Sends A under REQUEST_ID (NULL: none). */
struct got stage_act(struct stage *g, const struct stage_act *a, const char *request_id);

/* Breaks N calls from call FIRST on, acts, and mends. False: it did not make so many. */
bool stage_act_broken(struct stage *g, const struct stage_act *a, unsigned first, unsigned n,
                      struct got *ret);

/* Sends A again: it is done now, and with one or two events more than EVENTS_BEFORE, whatever
 * happened before: none was lost, none was written twice. */
void stage_happened_once(struct stage *g, const struct stage_act *a, size_t events_before);

#endif
