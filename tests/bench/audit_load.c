/*
 * For audit_overhead.sh: verifies the users that `rotate_load fill` made, each code once, in an
 * order that has nothing to do with that of the database, with a number of requests in flight.
 *
 *     audit_load URL USERS IN_FLIGHT WARM_MS MEASURE_MS
 *
 * Prints "rate R p50 N p99 N answers N": answers a second, and microseconds from sending to answer,
 * of what was answered in the time measured; and all answers, before and after it, too. Every
 * answer must be a yes, or it fails. Codes are computed, and samples' room is there, before the
 * first request.
 */
#include "core/otp.h"

#include <twofold/client.h>
#include <twofold/v1/verification.pb-c.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_BYTES = 20, PASSES = 2, NAME_BYTES = 16, STRIDE = 1000003 };

struct load {
    unsigned users, in_flight;
    int64_t from_us, until_us; /* answers of this time count */
    struct shot *shots;
    sem_t room;
    atomic_ulong failed;
};

/* One request. */
struct shot {
    struct load *load;
    int64_t sent_us, answered_us; /* the latter 0: not answered yet */
    char name[NAME_BYTES], code[OTP_DIGITS_MAX + 1];
};

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "audit_load: %s: %s\n", what, why);
    return 1;
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* As rotate_load names users and makes their keys. */
static bool aim(struct shot *s, unsigned user, uint64_t step)
{
    const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30};
    struct secret key = {.n = KEY_BYTES};
    struct otp_code code;

    for (unsigned j = 0; j < KEY_BYTES; j++)
        key.bytes[j] = (uint8_t)(user >> (j % 4 * 8)) ^ (uint8_t)(j * 37);
    snprintf(s->name, sizeof s->name, "user%07u", user);
    if (otp_hotp(&params, &key, step, &code) != ERR_OK)
        return false;
    memcpy(s->code, code.text, code.digits);
    return true;
}

/* Each user's code of this step, and then that of the next one: within a step both are good. */
static bool aim_all(struct load *l)
{
    const uint64_t step = (uint64_t)time(NULL) / 30;

    for (unsigned i = 0; i < PASSES * l->users; i++) {
        unsigned user = (unsigned)((uint64_t)i * STRIDE % l->users);

        l->shots[i].load = l;
        if (!aim(&l->shots[i], user, step + i / l->users))
            return false;
    }
    return true;
}

static void answered(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    struct shot *s = ctx;

    (void)reply;
    s->answered_us = now_us();
    if (error->status != TWOFOLD_OK && atomic_fetch_add(&s->load->failed, 1) < 5)
        fprintf(stderr, "failed: %s %d %s\n", twofold_status_name(error->status), error->code,
                error->message);
    sem_post(&s->load->room);
}

static bool shoot(struct twofold_client *client, struct shot *s)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request.base,
                                .timeout_ms = 30000};
    struct twofold_error error;

    request.username = s->name;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = s->code;
    s->sent_us = now_us();
    return twofold_client_call_async(client, &call,
                                     (struct twofold_callback){.call = answered, .ctx = s},
                                     &error) == TWOFOLD_OK;
}

/* Returns how many were sent; all of them are answered. */
static unsigned shoot_all(struct load *l, struct twofold_client *client)
{
    unsigned n = 0;

    while (n < PASSES * l->users && now_us() < l->until_us) {
        sem_wait(&l->room);
        if (!shoot(client, &l->shots[n])) {
            atomic_fetch_add(&l->failed, 1);
            sem_post(&l->room);
        }
        n++;
    }
    for (unsigned i = 0; i < l->in_flight; i++)
        sem_wait(&l->room);
    return n;
}

static int later(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int tell(const struct load *l, unsigned n)
{
    int64_t *took = malloc((n + 1) * sizeof *took);
    size_t counted = 0;

    if (!took || l->failed > 0)
        return failed("verify", "not every answer was a yes");
    for (unsigned i = 0; i < n; i++)
        if (l->shots[i].answered_us >= l->from_us && l->shots[i].answered_us < l->until_us)
            took[counted++] = l->shots[i].answered_us - l->shots[i].sent_us;
    if (n == PASSES * l->users || counted == 0)
        return failed("verify", counted ? "too few users for this time" : "no answer in time");
    qsort(took, counted, sizeof *took, later);
    printf("rate %.0f p50 %lld p99 %lld answers %u\n",
           (double)counted * 1e6 / (double)(l->until_us - l->from_us), (long long)took[counted / 2],
           (long long)took[counted * 99 / 100], n);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    struct twofold_client_options options = {.url = argc > 1 ? argv[1] : NULL};
    struct twofold_client *client = NULL;
    struct twofold_error error;
    static struct load l;

    if (argc != 6)
        return failed("usage", "URL USERS IN_FLIGHT WARM_MS MEASURE_MS");
    l.users = (unsigned)strtoul(argv[2], NULL, 10);
    l.in_flight = (unsigned)strtoul(argv[3], NULL, 10);
    l.shots = calloc((size_t)PASSES * l.users, sizeof *l.shots);
    if (!l.shots || sem_init(&l.room, 0, l.in_flight) != 0 || !aim_all(&l))
        return failed("start", "out of memory");
    if (twofold_client_connect(&options, &client, &error) != TWOFOLD_OK)
        return failed(argv[1], error.message);
    l.from_us = now_us() + strtol(argv[4], NULL, 10) * 1000;
    l.until_us = l.from_us + strtol(argv[5], NULL, 10) * 1000;
    return tell(&l, shoot_all(&l, client));
}
