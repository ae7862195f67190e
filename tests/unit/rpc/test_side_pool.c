#include "rpc/side_pool.h"

#include "base/limits.h"
#include "support/runner.h"

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/resource.h>
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

static struct side_pool *pool_of(unsigned threads, unsigned hash_max, struct bell *bell)
{
    struct side_pool *pool = NULL;
    struct side_pool_options options = {.hash_threads = threads,
                                        .hash_max = hash_max,
                                        .cost = cheap,
                                        .finished = ring,
                                        .ctx = bell};

    sem_init(&bell->finished, 0, 0);
    sem_init(&bell->gate, 0, 0);
    assert_int_equal(side_pool_open(&options, &pool), ERR_OK);
    return pool;
}

static struct side_job *hash_of(const char *password, const char *phc, void *owner)
{
    struct side_job *job = side_job_new(SIDE_HASH);

    assert_non_null(job);
    job->hash.n_password = strlen(password);
    memcpy(job->hash.password, password, job->hash.n_password);
    snprintf(job->hash.phc, sizeof job->hash.phc, "%s", phc);
    job->owner = owner;
    return job;
}

static struct side_job *picture_of(const char *text, void *owner)
{
    struct side_job *job = side_job_new(SIDE_RENDER);

    assert_non_null(job);
    snprintf(job->render.drawing.text, sizeof job->render.drawing.text, "%s", text);
    job->owner = owner;
    return job;
}

static struct side_job *run(struct side_pool *pool, struct bell *bell, struct side_job *job)
{
    assert_int_equal(side_pool_submit(pool, job), ERR_OK);
    wait_for(&bell->finished);
    assert_ptr_equal(side_pool_collect(pool), job);
    return job;
}

static struct side_job *hash(struct side_pool *pool, struct bell *bell, const char *password,
                             const char *phc)
{
    return run(pool, bell, hash_of(password, phc, NULL));
}

static void jobs_hash_check_and_rehash(void **state)
{
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(1, 4, &bell);
    struct side_job *made = hash(pool, &bell, "correct horse", "");
    struct side_job *right = hash(pool, &bell, "correct horse", made->hash.new_phc);
    struct side_job *wrong = hash(pool, &bell, "correct hose", made->hash.new_phc);
    struct side_job *broken = hash(pool, &bell, "correct horse", "$scrypt$");
    char old[PHC_MAX];
    struct side_job *outdated;

    (void)state;
    assert_int_equal(made->hash.err, ERR_OK);
    assert_false(password_needs_rehash(made->hash.new_phc, &cheap));
    assert_int_equal(right->hash.err, ERR_OK);
    assert_true(right->hash.matches);
    assert_string_equal(right->hash.new_phc, "");
    assert_int_equal(wrong->hash.err, ERR_OK);
    assert_false(wrong->hash.matches);
    assert_int_equal(broken->hash.err, ERR_INTERNAL);
    assert_false(broken->hash.matches);
    assert_int_equal(password_hash(bytes_of_text("correct horse"), &dearer, old), ERR_OK);
    outdated = hash(pool, &bell, "correct horse", old);
    assert_true(outdated->hash.matches);
    assert_false(password_needs_rehash(outdated->hash.new_phc, &cheap));
    side_job_free(made);
    side_job_free(right);
    side_job_free(wrong);
    side_job_free(broken);
    side_job_free(outdated);
    side_pool_close(pool);
}

static void a_wrong_password_never_makes_a_new_hash(void **state)
{
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(1, 1, &bell);
    char old[PHC_MAX];
    struct side_job *job;

    (void)state;
    assert_int_equal(password_hash(bytes_of_text("right"), &dearer, old), ERR_OK);
    job = hash(pool, &bell, "wrong", old);
    assert_int_equal(job->hash.err, ERR_OK);
    assert_false(job->hash.matches);
    assert_string_equal(job->hash.new_phc, "");
    side_job_free(job);
    side_pool_close(pool);
}

static void the_password_is_wiped_once_it_was_used(void **state)
{
    static const char zeros[PASSWORD_MAX];
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(1, 1, &bell);
    struct side_job *job = hash(pool, &bell, "correct horse", "");

    (void)state;
    assert_memory_equal(job->hash.password, zeros, sizeof zeros);
    side_job_free(job);
    side_pool_close(pool);
}

static void pictures_are_those_of_the_text(void **state)
{
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(1, 1, &bell);
    struct side_job *job = run(pool, &bell, picture_of("otpauth://totp/x", &bell));
    auto_qr_drawing same = {.text = "otpauth://totp/x"};

    (void)state;
    qr_draw(&same);
    assert_int_equal(job->render.drawing.err, ERR_OK);
    assert_ptr_equal(job->owner, &bell);
    assert_true(same.n_svg > 1000);
    assert_string_equal(job->render.drawing.svg, same.svg);
    assert_int_equal(job->render.drawing.n_png, same.n_png);
    assert_memory_equal(job->render.drawing.png, same.png, same.n_png);
    side_job_free(job);
    side_pool_close(pool);
}

/* Finished jobs count until they are collected, and a refused job stays the caller's. */
static void a_full_lane_refuses_until_answers_are_collected(void **state)
{
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(2, 3, &bell);
    struct side_job *extra = hash_of("one too many", "", NULL);

    (void)state;
    assert_null(side_pool_collect(pool));
    assert_int_equal(side_pool_max(pool, SIDE_HASH), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(side_pool_pending(pool), i);
        assert_int_equal(side_pool_submit(pool, hash_of("password", "", NULL)), ERR_OK);
    }
    assert_int_equal(side_pool_submit(pool, extra), ERR_EXHAUSTED);
    for (int i = 0; i < 3; i++)
        wait_for(&bell.finished);
    assert_int_equal(side_pool_submit(pool, extra), ERR_EXHAUSTED);
    side_job_free(side_pool_collect(pool));
    assert_int_equal(side_pool_pending(pool), 2);
    assert_int_equal(side_pool_submit(pool, extra), ERR_OK);
    side_pool_close(pool);
}

/* A lane that is full, and whose threads stand still, keeps no job of the other waiting. */
static void no_lane_waits_for_the_other(void **state)
{
    struct bell bell = {.closed = true};
    struct side_pool *pool = pool_of(1, 2, &bell);
    struct side_job *picture = picture_of("text", NULL), *password;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(side_pool_submit(pool, hash_of("password", "", NULL)), ERR_OK);
    wait_for(&bell.finished);
    password = side_pool_collect(pool);
    assert_int_equal(password->kind, SIDE_HASH);
    assert_int_equal(side_pool_submit(pool, picture), ERR_OK);
    wait_for(&bell.finished);
    assert_ptr_equal(side_pool_collect(pool), picture);
    for (int i = 0; i < RENDERS_MAX; i++)
        assert_int_equal(side_pool_submit(pool, picture_of("text", NULL)), ERR_OK);
    side_job_free(picture);
    picture = picture_of("one too many", NULL);
    assert_int_equal(side_pool_submit(pool, picture), ERR_EXHAUSTED);
    assert_int_equal(side_pool_submit(pool, password), ERR_OK);
    side_job_free(picture);
    for (int i = 0; i < RENDERS_MAX + 4; i++)
        sem_post(&bell.gate);
    side_pool_close(pool);
}

/* Those of one lane come back in the order in which they went in, if one thread does them. */
static void jobs_keep_their_order(void **state)
{
    enum { JOBS = 100 };
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(1, JOBS, &bell);
    int owners[JOBS];

    (void)state;
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(side_pool_submit(pool, hash_of("password", "", &owners[i])), ERR_OK);
    for (int i = 0; i < JOBS; i++) {
        struct side_job *job;

        wait_for(&bell.finished);
        job = side_pool_collect(pool);
        assert_ptr_equal(job->owner, &owners[i]);
        side_job_free(job);
    }
    side_pool_close(pool);
}

static void many_jobs_on_many_threads_all_come_back(void **state)
{
    enum { JOBS = 256 };
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(4, JOBS, &bell);
    int owners[2 * JOBS] = {0};

    (void)state;
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(side_pool_submit(pool, hash_of("password", "", &owners[i])), ERR_OK);
        assert_int_equal(side_pool_submit(pool, picture_of("text", &owners[JOBS + i])), ERR_OK);
    }
    for (int i = 0; i < 2 * JOBS; i++) {
        struct side_job *job;

        wait_for(&bell.finished);
        job = side_pool_collect(pool);
        ++*(int *)job->owner;
        side_job_free(job);
    }
    for (int i = 0; i < 2 * JOBS; i++)
        assert_int_equal(owners[i], 1);
    assert_int_equal(side_pool_pending(pool), 0);
    assert_null(side_pool_collect(pool));
    side_pool_close(pool);
}

/* Threads of this process that have the least priority, this one apart. */
static unsigned count_yielding(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned n = 0;

    assert_non_null(tasks);
    for (struct dirent *e = readdir(tasks); e; e = readdir(tasks)) {
        int tid = (int)strtol(e->d_name, NULL, 10);

        if (tid && tid != getpid() && getpriority(PRIO_PROCESS, (id_t)tid) == 19)
            n++;
    }
    closedir(tasks);
    return n;
}

/* Those of the pool, and nobody else. */
static void its_threads_yield_to_everybody(void **state)
{
    int own = getpriority(PRIO_PROCESS, 0);
    unsigned before = count_yielding();
    struct bell bell = {.closed = false};
    struct side_pool *pool = pool_of(2, 4, &bell);

    (void)state;
    for (unsigned tries = 0; tries < 10000 && count_yielding() < before + 3; tries++)
        usleep(1000);
    assert_int_equal(count_yielding(), before + 3);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
    side_pool_close(pool);
}

static void *open_the_gate(void *arg)
{
    struct bell *bell = arg;

    usleep(50000);
    for (int i = 0; i < 16; i++)
        sem_post(&bell->gate);
    return NULL;
}

/* Jobs done, others waiting behind threads that stand still; the leak checker judges. */
static void closing_with_jobs_pending_frees_them(void **state)
{
    struct bell bell = {.closed = true};
    struct side_pool *pool = pool_of(1, 8, &bell);
    pthread_t opener;

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(side_pool_submit(pool, hash_of("password", "", NULL)), ERR_OK);
        assert_int_equal(side_pool_submit(pool, picture_of("text", NULL)), ERR_OK);
    }
    wait_for(&bell.finished);
    wait_for(&bell.finished);
    assert_int_equal(side_pool_pending(pool), 16);
    assert_int_equal(pthread_create(&opener, NULL, open_the_gate, &bell), 0);
    side_pool_close(pool);
    assert_int_equal(pthread_join(opener, NULL), 0);
}

static void nothing_is_fine_to_free(void **state)
{
    (void)state;
    side_job_free(NULL);
    side_pool_close(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jobs_hash_check_and_rehash),
    cmocka_unit_test(a_wrong_password_never_makes_a_new_hash),
    cmocka_unit_test(the_password_is_wiped_once_it_was_used),
    cmocka_unit_test(pictures_are_those_of_the_text),
    cmocka_unit_test(a_full_lane_refuses_until_answers_are_collected),
    cmocka_unit_test(no_lane_waits_for_the_other),
    cmocka_unit_test(jobs_keep_their_order),
    cmocka_unit_test(many_jobs_on_many_threads_all_come_back),
    cmocka_unit_test(its_threads_yield_to_everybody),
    cmocka_unit_test(closing_with_jobs_pending_frees_them),
    cmocka_unit_test(nothing_is_fine_to_free),
};

RUN(tests)
