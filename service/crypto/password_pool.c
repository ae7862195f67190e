/*
 * One mutex guards two lists, jobs waiting and jobs done; a job is on one of them, or in the hands
 * of exactly one thread. The serving thread takes the mutex only for a few pointer moves, never
 * while something is hashed, so it never waits for scrypt.
 *
 * The bound counts jobs from submission to collection: finished answers that nobody fetches take
 * memory just as waiting ones do.
 */
#include "crypto/password_pool.h"

#include "base/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct job_list {
    struct password_job *first, *last;
};

struct password_pool {
    struct password_pool_options options;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a job waits, or the pool closes */
    struct job_list waiting, done;
    atomic_uint pending; /* written under the mutex; atomic, to be read without it */
    bool closing;
    unsigned n_threads;
    pthread_t threads[];
};

static void list_append(struct job_list *list, struct password_job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static struct password_job *list_take(struct job_list *list)
{
    struct password_job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    job->next = NULL;
    return job;
}

static void list_free(struct job_list *list)
{
    for (struct password_job *job = list_take(list); job; job = list_take(list))
        password_job_free(job);
}

struct password_job *password_job_new(void)
{
    return calloc(1, sizeof(struct password_job));
}

void password_job_free(struct password_job *job)
{
    if (!job)
        return;
    wipe(job, sizeof *job);
    free(job);
}

/* Checks, or makes a new hash. A hash of an old cost is replaced while the password is at hand; if
 * that fails the old one goes on working, so it is no error. A wrong password is hashed at the new
 * cost for nothing: unknown users cost that, so a known one must not cost less. */
static enum err run(struct password_job *job, const struct password_cost *cost)
{
    struct bytes password = {.p = (const uint8_t *)job->password, .n = job->n_password};

    if (!job->phc[0])
        return password_hash(password, cost, job->new_phc);
    TRY(password_check(password, job->phc, &job->matches));
    if (!password_needs_rehash(job->phc, cost))
        return ERR_OK;
    err_drop(password_hash(password, cost, job->new_phc));
    if (!job->matches)
        wipe(job->new_phc, sizeof job->new_phc);
    return ERR_OK;
}

/* The next job, waiting for one; NULL when the pool closes. Called with the mutex held. */
static struct password_job *next_job(struct password_pool *pool)
{
    while (!pool->waiting.first && !pool->closing)
        pthread_cond_wait(&pool->work, &pool->mutex);
    return pool->closing ? NULL : list_take(&pool->waiting);
}

static void *work(void *arg)
{
    struct password_pool *pool = arg;
    struct password_job *job;

    pthread_mutex_lock(&pool->mutex);
    while ((job = next_job(pool))) {
        pthread_mutex_unlock(&pool->mutex);
        job->err = run(job, &pool->options.cost);
        wipe(job->password, sizeof job->password);
        pthread_mutex_lock(&pool->mutex);
        list_append(&pool->done, job);
        pthread_mutex_unlock(&pool->mutex);
        if (pool->options.finished)
            pool->options.finished(pool->options.ctx);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

DEFINE_CLEANUP(struct password_pool, password_pool_close);
#define auto_password_pool CLEANUP(password_pool_closep) struct password_pool

enum err password_pool_open(const struct password_pool_options *options,
                            struct password_pool **ret_pool)
{
    auto_password_pool *pool = calloc(1, sizeof *pool + options->threads * sizeof pool->threads[0]);

    if (!pool)
        return ERR_UNAVAILABLE;
    pool->options = *options;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    for (; pool->n_threads < options->threads; pool->n_threads++)
        if (pthread_create(&pool->threads[pool->n_threads], NULL, work, pool) != 0)
            return ERR_UNAVAILABLE;
    *ret_pool = STEAL(pool);
    return ERR_OK;
}

void password_pool_close(struct password_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    list_free(&pool->waiting);
    list_free(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

enum err password_pool_submit(struct password_pool *pool, struct password_job *job)
{
    enum err err = ERR_EXHAUSTED;

    pthread_mutex_lock(&pool->mutex);
    if (pool->pending < pool->options.queue_max) {
        pool->pending++;
        list_append(&pool->waiting, job);
        pthread_cond_signal(&pool->work);
        err = ERR_OK;
    }
    pthread_mutex_unlock(&pool->mutex);
    return err;
}

struct password_job *password_pool_collect(struct password_pool *pool)
{
    struct password_job *job;

    pthread_mutex_lock(&pool->mutex);
    job = list_take(&pool->done);
    if (job)
        pool->pending--;
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

unsigned password_pool_pending(const struct password_pool *pool)
{
    return atomic_load(&pool->pending);
}
