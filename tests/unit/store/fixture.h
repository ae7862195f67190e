/* What the store's tests share: a temporary place, fixed keyrings, sample values. */
#ifndef TWOFOLD_TESTS_STORE_FIXTURE_H
#define TWOFOLD_TESTS_STORE_FIXTURE_H

#include "support/runner.h"

#include "crypto/keyring.h"
#include "store/store_lmdb.h"
#include "store/tables.h"

enum { PLACE_PATH_MAX = 256, PATH_BYTES = PLACE_PATH_MAX + 32, SIZE_MB = 64 };

/* A folder of its own, removed with everything in it; `data` is a name inside it for a database. */
struct place {
    char root[PLACE_PATH_MAX], data[PLACE_PATH_MAX];
};

void place_make(struct place *p);
void place_remove(struct place *p);

/* NAME in FOLDER, valid until the next call. */
const char *path_in(const char *folder, const char *name);
/* A new folder of the place. */
void folder_make(const struct place *p, const char *name, char ret_folder[static PATH_BYTES]);

/* Keyrings whose keys are always the same. Rows of a keyring file: "<id> <active|reading> <n>",
 * where n (1..9) picks one of nine fixed keys. */
struct keyring *keyring_fixed(const struct place *p, const char *rows);

/* Opens the database there, new or not; commits survive the process, not the machine. */
struct store *store_sized(const struct place *p, struct keyring *k, unsigned size_mb);
struct store *store_fixed(const struct place *p, struct keyring *k);
/* The same without a journal: every commit goes to the tree. */
struct store *store_plain(const struct place *p, struct keyring *k, unsigned size_mb);
/* What store_lmdb_open says when it must refuse; the text is static. */
const char *store_refusal(const char *folder, struct keyring *k);

/* A user with every count at its limit and every byte set, and one with nothing. */
void user_maximal(struct user *u);
void user_minimal(struct user *u);
/* Fails unless A and B are the same in all that is stored. */
void assert_same_user(const struct user *a, const struct user *b);

struct org org_sample(void);
void assert_same_org(const struct org *a, const struct org *b);

/* As many groups as there can be. */
struct repeats repeats_sample(void);
void assert_same_repeats(const struct repeats *a, const struct repeats *b);

/* A whole transaction each: begin, one operation, commit. */
void put_user(struct store *s, const struct user_id *id, struct user *u);
void get_user(struct store *s, const struct user_id *id, struct user *ret_u);
void put_event(struct store *s, const char *text);
/* repeats_sample of ID in MINUTE, and the next one that is due: it must be one. */
void put_sample(struct store *s, const struct user_id *id, uint32_t minute);
enum err take_sample(struct store *s, uint32_t minute, struct repeats_owner *ret_owner);

/* In a snapshot. */
enum err look_outbox(struct store *s, struct outbox_state *ret);

/* A database with the maximal user ID in it. */
void database_make(const struct place *p, struct keyring *k, const struct user_id *id);
/* The tables under a store that is closed, in a write transaction. */
struct tables *tables_under(const struct place *p, struct tables_txn **ret_txn);

#endif
