/* The three things that are guessed at: password, code, recovery code. */
#ifndef TWOFOLD_TESTS_SUPPORT_FACTORS_H
#define TWOFOLD_TESTS_SUPPORT_FACTORS_H

#include "support/steps.h"

enum { FACTORS = 3 };

/* Offers ada's factor number FACTOR (0 password, 1 code, 2 recovery code), wrong or right. */
struct told wrong_factor(struct service *s, const struct enrolled *e, size_t factor);
struct told right_factor(struct service *s, const struct enrolled *e, size_t factor);

#endif
