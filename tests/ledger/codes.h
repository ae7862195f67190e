/* The codes of an authenticator around now, so that each of them says what it was meant to. */
#ifndef TWOFOLD_TESTS_LEDGER_CODES_H
#define TWOFOLD_TESTS_LEDGER_CODES_H

#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum { CODE_BYTES = 7 };

/* Numbers from a seed, the same ones every time. */
struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *d, uint64_t sides);

int64_t step_of_now(void);

/* The code of STEP. False: a neighbour within the steps that the service looks at shows the same
 * one, so that nobody could tell which was meant. */
bool code_of(const struct secret *key, int64_t step, char ret[static CODE_BYTES]);

/* A code that no step shows that the service looks at. */
void code_wrong(const struct secret *key, struct dice *d, char ret[static CODE_BYTES]);

#endif
