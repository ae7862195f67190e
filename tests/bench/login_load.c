/*
 * Logins beside a load of verifications: what do password hashes take from those who only show a
 * code?
 *
 *     login_load URL PEOPLE RATE SECONDS
 *
 * Puts PEOPLE users ("login0000", ...; this takes a hash each), prints "sending", then logs them in
 * one after the other with their right passwords, RATE a second whether or not answers come, for
 * SECONDS (0: puts them only). Prints "sent N yes N exhausted N other N p50 N p99 N": how many were
 * let in and shed, and microseconds from sending to a yes. At the default cost a core hashes some
 * 7 passwords a second: of more, those that find no place are shed. Fails when anything else than
 * a yes or EXHAUSTED was answered.
 */
#include <twofold/client.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/login.pb-c.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAME_BYTES = 16, TIMEOUT_MS = 60000 };

static char password[] = "correct horse";

struct load {
    unsigned people, rate, seconds;
    struct try *tries;
    sem_t answered;
    atomic_uint exhausted, other;
};

/* One login. */
struct
try {
    struct load *load;
    int64_t sent_us, took_us; /* the latter 0: no yes */
};

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "login_load: %s: %s\n", what, why);
    return 1;
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void wait_until(int64_t us)
{
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
        ;
}

static void name_of(unsigned i, char ret_name[static NAME_BYTES])
{
    snprintf(ret_name, NAME_BYTES, "login%04u", i % 10000);
}

static bool put(struct twofold_client *client, unsigned i)
{
    Twofold__V1__PutUserRequest request = TWOFOLD__V1__PUT_USER_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__admin__descriptor,
                                .method = "PutUser",
                                .request = &request.base,
                                .timeout_ms = TIMEOUT_MS};
    ProtobufCMessage *reply = NULL;
    struct twofold_error error;
    char name[NAME_BYTES];

    name_of(i, name);
    request.username = name;
    request.password = password;
    if (twofold_client_call(client, &call, &reply, &error) != TWOFOLD_OK) {
        failed(name, error.message);
        return false;
    }
    twofold_reply_free(reply);
    return true;
}

static void answered(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    struct try *t = ctx;

    (void)reply;
    if (error->status == TWOFOLD_OK)
        t->took_us = now_us() - t->sent_us;
    else if (error->code == 503)
        atomic_fetch_add(&t->load->exhausted, 1);
    else if (atomic_fetch_add(&t->load->other, 1) < 5)
        failed(twofold_status_name(error->status), error->message);
    sem_post(&t->load->answered);
}

static void log_in(struct load *l, struct twofold_client *client, unsigned i)
{
    Twofold__V1__LoginRequest request = TWOFOLD__V1__LOGIN_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__login__descriptor,
                                .method = "Login",
                                .request = &request.base,
                                .timeout_ms = TIMEOUT_MS};
    struct twofold_error error;
    char name[NAME_BYTES];

    name_of(i % l->people, name);
    request.username = name;
    request.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    request.password = password;
    l->tries[i].load = l;
    l->tries[i].sent_us = now_us();
    if (twofold_client_call_async(client, &call,
                                  (struct twofold_callback){.call = answered, .ctx = &l->tries[i]},
                                  &error) == TWOFOLD_OK)
        return;
    atomic_fetch_add(&l->other, 1);
    sem_post(&l->answered);
}

static int later(const void *a, const void *b)
{
    const int64_t x = ((const struct try *)a)->took_us, y = ((const struct try *)b)->took_us;

    return (x > y) - (x < y);
}

static int tell(const struct load *l, unsigned n)
{
    unsigned no = 0, yes;

    qsort(l->tries, n, sizeof *l->tries, later);
    while (no < n && l->tries[no].took_us == 0)
        no++;
    yes = n - no;
    printf("sent %u yes %u exhausted %u other %u p50 %lld p99 %lld\n", n, yes, l->exhausted,
           l->other, yes ? (long long)l->tries[no + yes / 2].took_us : -1LL,
           yes ? (long long)l->tries[no + yes * 99 / 100].took_us : -1LL);
    return l->other ? 1 : 0;
}

static int log_all_in(struct load *l, struct twofold_client *client)
{
    int64_t began = now_us();
    unsigned n = l->rate * l->seconds;

    for (unsigned i = 0; i < n; i++) {
        wait_until(began + (int64_t)i * 1000000 / l->rate);
        log_in(l, client, i);
    }
    for (unsigned i = 0; i < n; i++)
        sem_wait(&l->answered);
    return tell(l, n);
}

int main(int argc, char **argv)
{
    struct twofold_client_options options = {.url = argc > 1 ? argv[1] : NULL};
    struct twofold_client *client = NULL;
    struct twofold_error error;
    static struct load l;

    if (argc != 5)
        return failed("usage", "URL PEOPLE RATE SECONDS");
    l.people = (unsigned)strtoul(argv[2], NULL, 10);
    l.rate = (unsigned)strtoul(argv[3], NULL, 10);
    l.seconds = (unsigned)strtoul(argv[4], NULL, 10);
    l.tries = calloc((size_t)l.rate * l.seconds + 1, sizeof *l.tries);
    if (l.people == 0 || l.rate == 0 || !l.tries || sem_init(&l.answered, 0, 0) != 0)
        return failed("start", "PEOPLE and RATE must be 1 or more");
    if (twofold_client_connect(&options, &client, &error) != TWOFOLD_OK)
        return failed(argv[1], error.message);
    for (unsigned i = 0; i < l.people; i++)
        if (!put(client, i))
            return 1;
    puts("sending");
    fflush(stdout);
    return log_all_in(&l, client);
}
