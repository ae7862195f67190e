#include "tally.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMPLAINTS_MAX = 10, STATUSES = TWOFOLD_EXHAUSTED + 1 };

struct tally {
    pthread_mutex_t lock;
    FILE *calls;
    int64_t began_us;

    uint64_t of_kind[CALL_KINDS], first_failed[STATUSES];
    uint64_t n, answered_first, retried_ok, wrong, unanswered, waited, complaints;
    unsigned in_flight, in_flight_max;
    int64_t failed_first_ms, failed_last_ms; /* when the first and the last of them were sent */
    int64_t answered_us, gap_us;             /* when the last answer came; the longest silence */

    uint32_t *took_us; /* of those answered at once */
    size_t n_took, room;
};

static const char *const kind_names[CALL_KINDS] = {"right", "wrong", "repeat", "spent"};
static const char *const verdict_names[] = {"accepted", "rejected", "strange", "nothing"};

struct tally *tally_open(const char *calls)
{
    struct tally *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    t->began_us = clock_monotonic_us();
    t->calls = calls ? fopen(calls, "w") : NULL;
    if (calls && !t->calls) {
        tally_close(t);
        return NULL;
    }
    if (t->calls)
        fputs("kind user id first sent_ms first_ended_ms tries verdict answered_ms verified_at\n",
              t->calls);
    return t;
}

void tally_close(struct tally *t)
{
    if (!t)
        return;
    if (t->calls)
        fclose(t->calls);
    pthread_mutex_destroy(&t->lock);
    free(t->took_us);
    free(t);
}

void tally_sent(struct tally *t)
{
    pthread_mutex_lock(&t->lock);
    t->in_flight++;
    if (t->in_flight > t->in_flight_max)
        t->in_flight_max = t->in_flight;
    pthread_mutex_unlock(&t->lock);
}

static void keep_time(struct tally *t, int64_t took_us)
{
    if (t->n_took == t->room) {
        size_t room = t->room ? 2 * t->room : 1024;
        uint32_t *bigger = reallocarray(t->took_us, room, sizeof *bigger);

        if (!bigger)
            return;
        t->took_us = bigger;
        t->room = room;
    }
    t->took_us[t->n_took++] = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
}

static void count_first(struct tally *t, const struct ask_end *end)
{
    if (end->tries == 1 && end->verdict != ASK_NOTHING) {
        t->answered_first++;
        keep_time(t, end->took_us);
        return;
    }
    t->first_failed[end->first]++;
    if (t->failed_first_ms == 0 || end->sent_ms < t->failed_first_ms)
        t->failed_first_ms = end->sent_ms;
    if (end->sent_ms > t->failed_last_ms)
        t->failed_last_ms = end->sent_ms;
}

static void count_answer(struct tally *t, const struct call_told *told)
{
    int64_t now_us = clock_monotonic_us();

    if (told->end->verdict == ASK_NOTHING) {
        t->unanswered++;
        return;
    }
    t->wrong += told->why != NULL;
    t->retried_ok += told->end->tries > 1 && !told->why;
    if (t->answered_us > 0 && now_us - t->answered_us > t->gap_us)
        t->gap_us = now_us - t->answered_us;
    t->answered_us = now_us;
}

static void complain(struct tally *t, const struct call_told *told)
{
    const struct ask_end *end = told->end;

    if (t->complaints++ >= COMPLAINTS_MAX)
        return;
    fprintf(stderr, "rig_load: %s call %s of %s, tried %u times, ended %s: %s (%s: %s)\n",
            kind_names[told->kind], told->request_id, told->username, end->tries,
            verdict_names[end->verdict], told->why ? told->why : "no answer",
            twofold_status_name(end->error.status), end->error.message);
}

static void write_line(struct tally *t, const struct call_told *told)
{
    const struct ask_end *end = told->end;

    fprintf(t->calls, "%s %s %s %s %" PRId64 " %" PRId64 " %u %s %" PRId64 " %" PRId64 "\n",
            kind_names[told->kind], told->username, told->request_id,
            twofold_status_name(end->first), end->sent_ms, end->first_ended_ms, end->tries,
            verdict_names[end->verdict], end->answered_ms, end->verified_at);
}

void tally_ended(struct tally *t, const struct call_told *told)
{
    pthread_mutex_lock(&t->lock);
    t->in_flight--;
    t->n++;
    t->of_kind[told->kind]++;
    count_first(t, told->end);
    count_answer(t, told);
    if (told->why || told->end->verdict == ASK_NOTHING)
        complain(t, told);
    if (t->calls)
        write_line(t, told);
    pthread_mutex_unlock(&t->lock);
}

void tally_waited(struct tally *t)
{
    pthread_mutex_lock(&t->lock);
    t->waited++;
    pthread_mutex_unlock(&t->lock);
}

void tally_show(struct tally *t)
{
    pthread_mutex_lock(&t->lock);
    fprintf(stderr,
            "rig_load: %2" PRId64 " s: %" PRIu64 " calls, %" PRIu64 " answered at once, %" PRIu64
            " tried again, %" PRIu64 " wrong, %" PRIu64 " unanswered, %u in flight\n",
            (clock_monotonic_us() - t->began_us) / 1000000, t->n, t->answered_first,
            t->n - t->answered_first, t->wrong, t->unanswered, t->in_flight);
    pthread_mutex_unlock(&t->lock);
}

static int in_order(const void *a, const void *b)
{
    uint32_t x, y;

    x = *(const uint32_t *)a;
    y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t percentile(const struct tally *t, size_t percent)
{
    return t->n_took ? t->took_us[(t->n_took - 1) * percent / 100] : 0;
}

static void print_failures(const struct tally *t)
{
    const char *comma = "";

    printf(",\"failed_first_try\":%" PRIu64 ",\"failed_by_status\":{", t->n - t->answered_first);
    for (int i = 0; i < STATUSES; i++)
        if (t->first_failed[i] > 0) {
            printf("%s\"%s\":%" PRIu64, comma, twofold_status_name((enum twofold_status)i),
                   t->first_failed[i]);
            comma = ",";
        }
    printf("},\"first_failed_sent_ms\":%" PRId64 ",\"last_failed_sent_ms\":%" PRId64,
           t->failed_first_ms, t->failed_last_ms);
}

bool tally_judge(struct tally *t)
{
    bool good;

    pthread_mutex_lock(&t->lock);
    if (t->n_took)
        qsort(t->took_us, t->n_took, sizeof *t->took_us, in_order);
    printf("{\"calls\":%" PRIu64, t->n);
    for (int i = 0; i < CALL_KINDS; i++)
        printf(",\"%s\":%" PRIu64, kind_names[i], t->of_kind[i]);
    printf(",\"answered_first_try\":%" PRIu64, t->answered_first);
    print_failures(t);
    printf(",\"max_in_flight\":%u,\"retried_ok\":%" PRIu64 ",\"wrong_answers\":%" PRIu64
           ",\"unanswered\":%" PRIu64 ",\"waited_for_codes\":%" PRIu64,
           t->in_flight_max, t->retried_ok, t->wrong, t->unanswered, t->waited);
    printf(",\"longest_gap_ms\":%" PRId64 ",\"p50_us\":%" PRIu32 ",\"p99_us\":%" PRIu32 "}\n",
           t->gap_us / 1000, percentile(t, 50), percentile(t, 99));
    good = t->n > 0 && t->wrong == 0 && t->unanswered == 0;
    pthread_mutex_unlock(&t->lock);
    return good;
}
