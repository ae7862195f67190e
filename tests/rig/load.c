/*
 * Callers of the service, for rigs in which it is killed: steady verifications through the client
 * library, none of which may get a wrong answer whatever happens to replicas and bus.
 *
 *     rig_load users [--users N] [--prefix NAME]    lines for `twofold import --file -`
 *     rig_load [OPTIONS]                            the load; its users must have been imported
 *
 *     --users 400  --prefix rig    users rig-0 .. rig-399; their secrets follow from their names
 *     --workers 16                 callers, each with one synchronous call at a time
 *     --seconds 10                 or until SIGTERM
 *     --pace 100                   calls a second, over all workers
 *     --wrong 10                   percent of the calls that have a wrong code
 *     --timeout-ms 2000            of one try
 *     --try-ms 0                   the library's try_ms: then a call fails only with its timeout
 *     --calls FILE                 gets a line for each call
 *     --nats --org --nkey --creds --tls-ca --tls-cert --tls-key --inbox-prefix
 *                                  as those of `twofold`, with the same environment variables
 *
 * A call whose try fails is sent again under the same request id until it is answered, for 25 s.
 * Users are good for a code each time step (30 s), and two at the start: --users must be at least
 * 30 times --pace for a long run, else callers wait for codes. At the end a line of JSON tells what
 * came of it. Exit code 0: every call has its one right answer; 1: not so; 2: usage; 3: the service
 * cannot be asked, or the users are not there. The policy must be the default one.
 */
#include "options.h"
#include "worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_GOOD, EXIT_WRONG, EXIT_WRONG_USAGE, EXIT_UNREACHABLE };

struct crew {
    struct worker *workers;
    pthread_t *threads;
    size_t n, n_running;
};

static atomic_bool *stop;

static void on_signal(int number)
{
    (void)number;
    *stop = true;
}

static int print_users(const struct options *o)
{
    struct person person;
    char secret[CODE_BASE32_SIZE];

    for (int64_t i = 0; i < o->users; i++) {
        person_init(&person, o->prefix, i);
        code_base32(person.key, secret);
        printf("{\"username\":\"%s\",\"otpauth_uris\":"
               "[\"otpauth://totp/Rig:%s?secret=%s&issuer=Rig\"]}\n",
               person.name, person.name, secret);
    }
    return fflush(stdout) == 0 ? EXIT_GOOD : EXIT_WRONG;
}

static void *work(void *worker)
{
    worker_work(worker);
    return NULL;
}

static bool crew_open(struct crew *crew, struct run *run)
{
    const size_t n = (size_t)run->options->workers;

    crew->workers = calloc(n, sizeof *crew->workers);
    crew->threads = calloc(n, sizeof *crew->threads);
    if (!crew->workers || !crew->threads)
        return false;
    for (; crew->n < n; crew->n++) {
        crew->workers[crew->n].run = run;
        if (!people_open(run->options, (int64_t)crew->n, &crew->workers[crew->n].people) ||
            !worker_meet(&crew->workers[crew->n]))
            return false;
    }
    return true;
}

static void crew_close(struct crew *crew)
{
    for (size_t i = 0; i < crew->n; i++)
        people_close(&crew->workers[i].people);
    free(crew->workers);
    free(crew->threads);
}

/* Until all are done; says each second how it goes. */
static bool crew_work(struct crew *crew, struct run *run)
{
    struct timespec second;

    run->due_us = clock_monotonic_us();
    run->end_us = run->due_us + run->options->seconds * 1000000;
    for (; crew->n_running < crew->n; crew->n_running++)
        if (pthread_create(&crew->threads[crew->n_running], NULL, work,
                           &crew->workers[crew->n_running]) != 0)
            run->stop = true;
    for (size_t i = 0; i < crew->n_running;) {
        clock_gettime(CLOCK_REALTIME, &second);
        second.tv_sec++;
        if (pthread_timedjoin_np(crew->threads[i], NULL, &second) == 0)
            i++;
        else
            tally_show(run->tally);
    }
    tally_show(run->tally);
    return crew->n_running == crew->n;
}

static int run_all(struct run *run)
{
    struct crew crew = {0};
    int code = EXIT_UNREACHABLE;

    stop = &run->stop;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    if (crew_open(&crew, run) && crew_work(&crew, run))
        code = tally_judge(run->tally) ? EXIT_GOOD : EXIT_WRONG;
    crew_close(&crew);
    return code;
}

int main(int argc, char **argv)
{
    struct options options;
    struct run run = {.options = &options, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct twofold_client_options connection;
    struct twofold_error error;
    int code = EXIT_UNREACHABLE;

    (void)argc;
    if (!options_read(argv, &options))
        return EXIT_WRONG_USAGE;
    if (options.prints_users)
        return print_users(&options);
    connection = options_client(&options);
    run.tally = tally_open(options.calls);
    if (!run.tally)
        perror("rig_load: --calls");
    else if (twofold_client_connect(&connection, &run.client, &error) == TWOFOLD_OK)
        code = run_all(&run);
    else
        fprintf(stderr, "rig_load: %s\n", error.message);
    twofold_client_close(run.client);
    tally_close(run.tally);
    return code;
}
