/*
 * Work for nothing, so that a name that nobody has takes as long as one that somebody has (DESIGN
 * rule 11): a made-up user's row is opened and sealed in memory like a real one's. Private to
 * store/.
 */
#ifndef TWOFOLD_STORE_STAND_IN_H
#define TWOFOLD_STORE_STAND_IN_H

#include "store/record.h"

enum { STAND_IN_ROW_MAX = 1024, STAND_IN_HASH_TEXT = 88 };

/* A user with a password and without a factor, whom no organization can have; made at first use,
 * and again when another key became active. It holds no secret. Empty: all zero. */
struct stand_in {
    uint32_t key_id; /* that it was made under */
    struct user user;
    size_t n; /* 0: not made yet */
    uint8_t row[STAND_IN_ROW_MAX];
};

/* What loading a user costs, opening the hash of the password, and saving a user. With failures
 * COUNTED under the name, a decoy's row is read and written in place of a user's, and nothing is
 * left to do but to open. Never fails: nothing depends on it. */
void stand_in_load(struct stand_in *s, const struct codec *c, bool counted);
void stand_in_open(struct stand_in *s, const struct codec *c);
void stand_in_save(struct stand_in *s, const struct codec *c, bool counted);

#endif
