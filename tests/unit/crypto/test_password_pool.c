#include "crypto/password_pool.h"

#include "support/runner.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

static const struct password_cost cheap = {.ln = 4, .r = 8, .p = 1};
static const struct password_cost dearer = {.ln = 5, .r = 8, .p = 1};

/* The pool tells on FINISHED, and its thread then waits for GATE: a test decides when it goes on.
 */
struct bell {
    sem_t finished, gate;
    bool closed;
};

static void ring(void *ctx)
{
    struct bell *bell = ctx;

    sem_post(&bell->finished);
    if (bell->closed)
        sem_wait(&bell->gate);
}

static void wait_for(sem_t *sem)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 60;
    assert_int_equal(sem_timedwait(sem, &end), 0);
}

static struct password_pool *pool_of(unsigned threads, unsigned queue_max, struct bell *bell)
{
    struct password_pool *pool = NULL;
    struct password_pool_options options = {
        .threads = threads, .queue_max = queue_max, .cost = cheap, .finished = ring, .ctx = bell};

    sem_init(&bell->finished, 0, 0);
    sem_init(&bell->gate, 0, 0);
    assert_int_equal(password_pool_open(&options, &pool), ERR_OK);
    return pool;
}

static struct password_job *job_of(const char *password, const char *phc, void *owner)
{
    struct password_job *job = password_job_new();

    assert_non_null(job);
    job->n_password = strlen(password);
    memcpy(job->password, password, job->n_password);
    snprintf(job->phc, sizeof job->phc, "%s", phc);
    job->owner = owner;
    return job;
}

static struct password_job *run(struct password_pool *pool, struct bell *bell, const char *password,
                                const char *phc)
{
    struct password_job *job;

    assert_int_equal(password_pool_submit(pool, job_of(password, phc, bell)), ERR_OK);
    wait_for(&bell->finished);
    job = password_pool_collect(pool);
    assert_non_null(job);
    assert_ptr_equal(job->owner, bell);
    return job;
}

static void jobs_hash_check_and_rehash(void **state)
{
    struct bell bell = {.closed = false};
    struct password_pool *pool = pool_of(1, 4, &bell);
    struct password_job *made = run(pool, &bell, "correct horse", "");
    struct password_job *right = run(pool, &bell, "correct horse", made->new_phc);
    struct password_job *wrong = run(pool, &bell, "correct hose", made->new_phc);
    struct password_job *broken = run(pool, &bell, "correct horse", "$scrypt$");
    char old[PHC_MAX];
    struct password_job *outdated;

    (void)state;
    assert_int_equal(made->err, ERR_OK);
    assert_false(password_needs_rehash(made->new_phc, &cheap));
    assert_int_equal(right->err, ERR_OK);
    assert_true(right->matches);
    assert_string_equal(right->new_phc, "");
    assert_int_equal(wrong->err, ERR_OK);
    assert_false(wrong->matches);
    assert_int_equal(broken->err, ERR_INTERNAL);
    assert_false(broken->matches);
    assert_int_equal(password_hash(bytes_of_text("correct horse"), &dearer, old), ERR_OK);
    outdated = run(pool, &bell, "correct horse", old);
    assert_true(outdated->matches);
    assert_false(password_needs_rehash(outdated->new_phc, &cheap));
    password_job_free(made);
    password_job_free(right);
    password_job_free(wrong);
    password_job_free(broken);
    password_job_free(outdated);
    password_pool_close(pool);
}

static void a_wrong_password_never_makes_a_new_hash(void **state)
{
    struct bell bell = {.closed = false};
    struct password_pool *pool = pool_of(1, 1, &bell);
    char old[PHC_MAX];
    struct password_job *job;

    (void)state;
    assert_int_equal(password_hash(bytes_of_text("right"), &dearer, old), ERR_OK);
    job = run(pool, &bell, "wrong", old);
    assert_int_equal(job->err, ERR_OK);
    assert_false(job->matches);
    assert_string_equal(job->new_phc, "");
    password_job_free(job);
    password_pool_close(pool);
}

static void the_password_is_wiped_once_it_was_used(void **state)
{
    static const char zeros[PASSWORD_MAX];
    struct bell bell = {.closed = false};
    struct password_pool *pool = pool_of(1, 1, &bell);
    struct password_job *job = run(pool, &bell, "correct horse", "");

    (void)state;
    assert_memory_equal(job->password, zeros, sizeof zeros);
    password_job_free(job);
    password_pool_close(pool);
}

/* Finished jobs count until they are collected, and a refused job stays the caller's. */
static void a_full_pool_refuses_until_answers_are_collected(void **state)
{
    struct bell bell = {.closed = false};
    struct password_pool *pool = pool_of(2, 3, &bell);
    struct password_job *extra = job_of("one too many", "", NULL);

    (void)state;
    assert_null(password_pool_collect(pool));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(password_pool_pending(pool), i);
        assert_int_equal(password_pool_submit(pool, job_of("password", "", NULL)), ERR_OK);
    }
    assert_int_equal(password_pool_submit(pool, extra), ERR_EXHAUSTED);
    for (int i = 0; i < 3; i++)
        wait_for(&bell.finished);
    assert_int_equal(password_pool_submit(pool, extra), ERR_EXHAUSTED);
    password_job_free(password_pool_collect(pool));
    assert_int_equal(password_pool_pending(pool), 2);
    assert_int_equal(password_pool_submit(pool, extra), ERR_OK);
    password_pool_close(pool);
}

static void many_jobs_on_many_threads_all_come_back(void **state)
{
    enum { JOBS = 64 };
    struct bell bell = {.closed = false};
    struct password_pool *pool = pool_of(4, JOBS, &bell);
    int owners[JOBS] = {0};

    (void)state;
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(password_pool_submit(pool, job_of("password", "", &owners[i])), ERR_OK);
    for (int i = 0; i < JOBS; i++)
        wait_for(&bell.finished);
    for (struct password_job *job = password_pool_collect(pool); job;
         job = password_pool_collect(pool)) {
        ++*(int *)job->owner;
        password_job_free(job);
    }
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(owners[i], 1);
    assert_int_equal(password_pool_pending(pool), 0);
    password_pool_close(pool);
}

static void *open_the_gate(void *arg)
{
    struct bell *bell = arg;

    usleep(50000);
    for (int i = 0; i < 8; i++)
        sem_post(&bell->gate);
    return NULL;
}

/* One job done, others waiting behind a thread that stands still; the leak checker judges. */
static void closing_with_jobs_pending_frees_them(void **state)
{
    struct bell bell = {.closed = true};
    struct password_pool *pool = pool_of(1, 8, &bell);
    pthread_t opener;

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(password_pool_submit(pool, job_of("password", "", NULL)), ERR_OK);
    wait_for(&bell.finished);
    assert_int_equal(password_pool_pending(pool), 8);
    assert_int_equal(pthread_create(&opener, NULL, open_the_gate, &bell), 0);
    password_pool_close(pool);
    assert_int_equal(pthread_join(opener, NULL), 0);
}

static void nothing_is_fine_to_free(void **state)
{
    (void)state;
    password_job_free(NULL);
    password_pool_close(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jobs_hash_check_and_rehash),
    cmocka_unit_test(a_wrong_password_never_makes_a_new_hash),
    cmocka_unit_test(the_password_is_wiped_once_it_was_used),
    cmocka_unit_test(a_full_pool_refuses_until_answers_are_collected),
    cmocka_unit_test(many_jobs_on_many_threads_all_come_back),
    cmocka_unit_test(closing_with_jobs_pending_frees_them),
    cmocka_unit_test(nothing_is_fine_to_free),
};

RUN(tests)
