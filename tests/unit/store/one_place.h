/* What most tests of the store begin with: one place, one keyring, one user. */
#ifndef TWOFOLD_TESTS_UNIT_STORE_ONE_PLACE_H
#define TWOFOLD_TESTS_UNIT_STORE_ONE_PLACE_H

#include "unit/store/fixture.h"

extern const struct user_id alice;
extern struct place place;
extern struct keyring *keyring;

/* Setup and teardown of a cmocka test: an empty place and a keyring with the key 1. */
int place_set_up(void **state);
int place_tear_down(void **state);

#endif
