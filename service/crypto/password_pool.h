/*
 * Threads that hash passwords, so that nobody else waits for them (DESIGN rule 12). Bounded: a full
 * queue refuses at once. The serving thread submits and collects; it never blocks here.
 */
#ifndef TWOFOLD_CRYPTO_PASSWORD_POOL_H
#define TWOFOLD_CRYPTO_PASSWORD_POOL_H

#include "crypto/password.h"

struct password_pool;

struct password_job {
    /* in */
    char password[PASSWORD_MAX];
    size_t n_password;
    char phc[PHC_MAX]; /* to check against; empty: make a new hash */
    void *owner;       /* whose job this is; handed back untouched */
    /* out */
    enum err err;
    bool matches;              /* with phc */
    char new_phc[PHC_MAX];     /* without phc, or when phc matched but its cost is out of date */
    struct password_job *next; /* the pool's */
};

struct password_pool_options {
    unsigned threads;   /* 1 or more */
    unsigned queue_max; /* jobs submitted and not collected */
    struct password_cost cost;
    void (*finished)(void *ctx); /* called on a pool thread after each job */
    void *ctx;
};

NODISCARD enum err password_pool_open(const struct password_pool_options *options,
                                      struct password_pool **ret_pool);

/* Waits for the jobs being hashed, wipes and frees everything; NULL is fine. */
void password_pool_close(struct password_pool *pool);

/* A wiped job, or NULL without memory; goes back by password_job_free. */
struct password_job *password_job_new(void);
/* Wipes and frees; NULL is fine. */
void password_job_free(struct password_job *job);

/* Takes JOB over. ERR_EXHAUSTED when queue_max jobs are under way: the caller keeps it then. */
NODISCARD enum err password_pool_submit(struct password_pool *pool, struct password_job *job);

/* A finished job, which the caller frees; NULL when there is none. Never waits. */
struct password_job *password_pool_collect(struct password_pool *pool);

/* Jobs submitted and not collected. */
unsigned password_pool_pending(const struct password_pool *pool);

#endif
