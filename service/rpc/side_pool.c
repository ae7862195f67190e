/*
 * There is no lock between the thread that submits and collects and those that work: they yield to
 * everybody, and one that was put to sleep while it held a lock would hold up all requests until
 * the machine is idle again. Jobs go to a lane, and come back, over stacks that take one atomic
 * step: who adds swaps in a new top, who takes takes all of it and turns it round. The threads of a
 * lane have a mutex among themselves.
 *
 * The bound counts jobs from submission to collection: finished answers that nobody fetches take
 * memory just as waiting ones do.
 */
#include "rpc/side_pool.h"

#include "base/limits.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { LEAST_PRIORITY = 19 };

typedef _Atomic(struct side_job *) job_stack;

struct lane {
    job_stack submitted;
    sem_t jobs; /* one for each job that nobody has begun, and one for each thread to end */
    pthread_mutex_t mutex;
    struct side_job *waiting; /* oldest first; under the mutex */
    unsigned pending, max;    /* of the thread that submits and collects */
};

struct worker {
    struct side_pool *pool;
    struct lane *lane;
    pthread_t thread;
};

struct side_pool {
    struct side_pool_options options;
    struct lane lanes[SIDE_KINDS];
    job_stack done;
    struct side_job *collected; /* oldest first; of the thread that collects */
    atomic_bool closing;
    unsigned n_workers;
    struct worker workers[];
};

/* --- Jobs --- */

struct side_job *side_job_new(enum side_kind kind)
{
    struct side_job *job = calloc(1, sizeof *job);

    if (job)
        job->kind = kind;
    return job;
}

void side_job_free(struct side_job *job)
{
    if (!job)
        return;
    if (job->kind == SIDE_RENDER)
        qr_drawing_wipe(&job->render.drawing);
    wipe(job, sizeof *job);
    free(job);
}

static void do_job(struct side_job *job, const struct password_cost *cost)
{
    if (job->kind == SIDE_HASH)
        password_job_do(&job->hash, cost);
    else
        qr_draw(&job->render.drawing);
}

/* --- Lists --- */

static void add(job_stack *stack, struct side_job *job)
{
    job->next = atomic_load(stack);
    while (!atomic_compare_exchange_weak(stack, &job->next, job))
        ;
}

/* The first of LIST, which is filled from STACK when it is empty; NULL when both are. */
static struct side_job *take(struct side_job **list, job_stack *stack)
{
    struct side_job *newest = *list ? NULL : atomic_exchange(stack, NULL), *first;

    while (newest) {
        struct side_job *older = newest->next;

        newest->next = *list;
        *list = newest;
        newest = older;
    }
    first = *list;
    if (first) {
        *list = first->next;
        first->next = NULL;
    }
    return first;
}

static void free_all(struct side_job **list, job_stack *stack)
{
    for (struct side_job *job = take(list, stack); job; job = take(list, stack))
        side_job_free(job);
}

/* --- Threads --- */

/* The next job, waiting for one; NULL when the pool closes. */
static struct side_job *next_job(struct side_pool *pool, struct lane *lane)
{
    struct side_job *job;

    while (sem_wait(&lane->jobs) != 0)
        ; /* a signal */
    if (atomic_load(&pool->closing))
        return NULL;
    pthread_mutex_lock(&lane->mutex);
    job = take(&lane->waiting, &lane->submitted);
    pthread_mutex_unlock(&lane->mutex);
    return job;
}

static void *work(void *arg)
{
    const struct worker *worker = arg;
    struct side_pool *pool = worker->pool;
    struct side_job *job;

    /* Of this thread alone: on Linux each has its own. Where it is refused all goes on without. */
    (void)setpriority(PRIO_PROCESS, 0, LEAST_PRIORITY);
    while ((job = next_job(pool, worker->lane))) {
        do_job(job, &pool->options.cost);
        add(&pool->done, job);
        if (pool->options.finished)
            pool->options.finished(pool->options.ctx);
    }
    return NULL;
}

static enum err start_worker(struct side_pool *pool, enum side_kind kind)
{
    struct worker *worker = &pool->workers[pool->n_workers];

    *worker = (struct worker){.pool = pool, .lane = &pool->lanes[kind]};
    if (pthread_create(&worker->thread, NULL, work, worker) != 0)
        return ERR_UNAVAILABLE;
    pool->n_workers++;
    return ERR_OK;
}

DEFINE_CLEANUP(struct side_pool, side_pool_close);
#define auto_side_pool CLEANUP(side_pool_closep) struct side_pool

enum err side_pool_open(const struct side_pool_options *options, struct side_pool **ret_pool)
{
    auto_side_pool *pool =
        calloc(1, sizeof *pool + (options->hash_threads + 1) * sizeof pool->workers[0]);

    if (!pool)
        return ERR_UNAVAILABLE;
    pool->options = *options;
    for (unsigned i = 0; i < SIDE_KINDS; i++) {
        sem_init(&pool->lanes[i].jobs, 0, 0);
        pthread_mutex_init(&pool->lanes[i].mutex, NULL);
    }
    pool->lanes[SIDE_HASH].max = options->hash_max;
    pool->lanes[SIDE_RENDER].max = RENDERS_MAX;
    TRY(start_worker(pool, SIDE_RENDER));
    for (unsigned i = 0; i < options->hash_threads; i++)
        TRY(start_worker(pool, SIDE_HASH));
    *ret_pool = STEAL(pool);
    return ERR_OK;
}

static void stop_workers(struct side_pool *pool)
{
    atomic_store(&pool->closing, true);
    for (unsigned i = 0; i < pool->n_workers; i++)
        sem_post(&pool->workers[i].lane->jobs);
    for (unsigned i = 0; i < pool->n_workers; i++)
        pthread_join(pool->workers[i].thread, NULL);
}

void side_pool_close(struct side_pool *pool)
{
    if (!pool)
        return;
    stop_workers(pool);
    for (unsigned i = 0; i < SIDE_KINDS; i++) {
        struct lane *lane = &pool->lanes[i];

        free_all(&lane->waiting, &lane->submitted);
        pthread_mutex_destroy(&lane->mutex);
        sem_destroy(&lane->jobs);
    }
    free_all(&pool->collected, &pool->done);
    free(pool);
}

/* --- The other side --- */

enum err side_pool_submit(struct side_pool *pool, struct side_job *job)
{
    struct lane *lane = &pool->lanes[job->kind];

    if (lane->pending >= lane->max)
        return ERR_EXHAUSTED;
    lane->pending++;
    add(&lane->submitted, job);
    sem_post(&lane->jobs);
    return ERR_OK;
}

struct side_job *side_pool_collect(struct side_pool *pool)
{
    struct side_job *job = take(&pool->collected, &pool->done);

    if (job)
        pool->lanes[job->kind].pending--;
    return job;
}

unsigned side_pool_max(const struct side_pool *pool, enum side_kind kind)
{
    return pool->lanes[kind].max;
}

unsigned side_pool_pending(const struct side_pool *pool)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SIDE_KINDS; i++)
        n += pool->lanes[i].pending;
    return n;
}
