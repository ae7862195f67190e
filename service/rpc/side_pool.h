/*
 * Threads for what takes long, so that nobody else waits for it (DESIGN rule 12): hashes of
 * passwords, and pictures of QR codes. Each kind has a lane of its own, with its own threads and
 * bound, so that neither keeps the other waiting; a full lane refuses at once. All of them yield to
 * every other thread of the machine that has work.
 *
 * One thread submits, collects and asks; it never blocks here, not even for a lock.
 */
#ifndef TWOFOLD_RPC_SIDE_POOL_H
#define TWOFOLD_RPC_SIDE_POOL_H

#include "base/secret.h"
#include "crypto/password.h"
#include "qr/qr.h"

enum side_kind { SIDE_HASH, SIDE_RENDER, SIDE_KINDS };

struct side_pool;

/* A fresh key, and the picture of the URI that carries it. */
struct rendering {
    struct secret key;
    struct qr_drawing drawing;
};

struct side_job {
    enum side_kind kind;
    void *owner; /* whose job this is; handed back untouched */
    union {
        struct password_job hash;
        struct rendering render;
    };
    struct side_job *next; /* the pool's */
};

struct side_pool_options {
    unsigned hash_threads; /* 1 or more; pictures have one */
    unsigned hash_max;     /* hashes submitted and not collected; pictures: RENDERS_MAX */
    struct password_cost cost;
    void (*finished)(void *ctx); /* called on a thread of the pool after each job */
    void *ctx;
};

NODISCARD enum err side_pool_open(const struct side_pool_options *options,
                                  struct side_pool **ret_pool);

/* Waits for the jobs being done, wipes and frees everything; NULL is fine. */
void side_pool_close(struct side_pool *pool);

/* A wiped job of KIND, or NULL without memory; goes back by side_job_free. */
struct side_job *side_job_new(enum side_kind kind);
/* Wipes and frees; NULL is fine. */
void side_job_free(struct side_job *job);

/* Takes JOB over. ERR_EXHAUSTED when its lane is full: the caller keeps it then. */
NODISCARD enum err side_pool_submit(struct side_pool *pool, struct side_job *job);

/* A finished job of either kind, which the caller frees; NULL when there is none. Never waits. */
struct side_job *side_pool_collect(struct side_pool *pool);

/* Jobs of KIND that may be under way: submitted and not collected. */
unsigned side_pool_max(const struct side_pool *pool, enum side_kind kind);

/* Jobs under way, of both kinds. */
unsigned side_pool_pending(const struct side_pool *pool);

#endif
