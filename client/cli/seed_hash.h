/* Passwords of a seed file as the service keeps them: scrypt, at its default cost. */
#ifndef TWOFOLD_CLI_SEED_HASH_H
#define TWOFOLD_CLI_SEED_HASH_H

#include "seed_plan.h"

struct seed_hashing {
    struct seed_user *users;
    size_t n;
    bool replace;            /* those who are there already need one as well */
    void (*turn)(void *ctx); /* now and then, on the caller's thread */
    void *ctx;
};

/* Fills HASH of those who have a password and none yet, on all processors. It ends early when
 * interrupted(). False: memory is short. */
NODISCARD bool seed_hash(const struct seed_hashing *hashing);

#endif
