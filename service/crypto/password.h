/*
 * Password hashing: scrypt (RFC 7914) in PHC form, "$scrypt$ln=14,r=8,p=5$<salt>$<hash>" with
 * unpadded base64, 16 bytes of salt and 32 of hash. Slow and large on purpose: call it on a thread
 * of its own only (rpc/side_pool.h), never inside a store transaction.
 */
#ifndef TWOFOLD_CRYPTO_PASSWORD_H
#define TWOFOLD_CRYPTO_PASSWORD_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

struct password_cost {
    unsigned ln, r, p; /* N = 2^ln; memory is 128 * N * r bytes */
};

/* Hashes PASSWORD with a fresh salt. ERR_UNAVAILABLE without randomness, ERR_INTERNAL when the
 * library fails (memory, most likely). */
NODISCARD enum err password_hash(struct bytes password, const struct password_cost *cost,
                                 char ret_phc[static PHC_MAX]);

/* Does PASSWORD give PHC? The time depends on the cost in PHC alone. ERR_INTERNAL when PHC is not
 * of our form or the library fails; never RET_MATCHES then. */
NODISCARD enum err password_check(struct bytes password, const char *phc, bool *ret_matches);

/* Was PHC made with another cost than COST? True for a PHC that is not of our form. */
bool password_needs_rehash(const char *phc, const struct password_cost *cost);

/* A PHC of COST that no password matches, to spend the same time on users that do not exist. */
NODISCARD enum err password_decoy(const struct password_cost *cost, char ret_phc[static PHC_MAX]);

/* A password that is hashed on another thread. */
struct password_job {
    /* in */
    char password[PASSWORD_MAX];
    size_t n_password;
    char phc[PHC_MAX]; /* to check against; empty: make a new hash */
    /* out */
    enum err err;
    bool matches;          /* with phc */
    char new_phc[PHC_MAX]; /* without phc, or when phc matched but its cost is out of date */
};

/* Does JOB at COST; the password is wiped from it. */
void password_job_do(struct password_job *job, const struct password_cost *cost);

#endif
