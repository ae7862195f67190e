/* Who does not exist is told nothing that an existing user is not told. */
#ifndef TWOFOLD_TESTS_SUPPORT_ALIKE_H
#define TWOFOLD_TESTS_SUPPORT_ALIKE_H

#include "support/steps.h"

/* Asks METHOD for the users "known" and "unknown"; fails unless the answers are equal to the last
 * byte. How both were answered. */
enum err alike(struct service *s, const char *method, struct field first, struct field second);

#endif
