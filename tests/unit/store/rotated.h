/* A database of some users whose keys change, with its keyring in a file. */
#ifndef TWOFOLD_TESTS_UNIT_STORE_ROTATED_H
#define TWOFOLD_TESTS_UNIT_STORE_ROTATED_H

#include "store/maintain.h"
#include "unit/store/fixture.h"

enum { USERS = 700 }; /* more than two batches */

extern struct place place;
extern char keyring_path[PLACE_PATH_MAX + 16];
extern struct keyring *keyring;
extern struct store *store;
extern struct diag diag;

/* Setup and teardown of a cmocka test: an empty database, open, under key 1. */
int rotated_set_up(void **state);
int rotated_tear_down(void **state);

void open_store(void);
void close_store(void);

/* Two organizations, and N maximal users whose recovery codes are under the pepper of key 1. */
void fill(unsigned n);
struct user_id user_of(unsigned i);
void assert_all_as_before(unsigned n);

/* Adds key ID, makes it active and tells the database, as `twofoldd keys rotate` does first. */
void rotate_to(uint32_t id);
struct key_usage usage_of(uint32_t id);

#endif
