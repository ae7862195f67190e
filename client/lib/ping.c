/*
 * Service discovery (ADR-32): every instance answers the one request, so the answers are gathered
 * in an inbox of their own until they stop coming. The bus's thread queues them; the caller's
 * thread hands them out.
 */
#include "client.h"

#include "error.h"
#include "monotonic.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET_US = 250 * 1000, INSTANCES_MAX = 1024, PONG_BYTES_MAX = 64 * 1024 };

struct answer {
    struct answer *next;
    int64_t round_trip_us;
    size_t n;
    char json[];
};

struct gathering {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct answer *first, **last;
    unsigned n; /* in all; more than INSTANCES_MAX are dropped */
    int64_t sent_us;
    bool no_responders;
};

static struct answer *copy_answer(const struct conn_message *message, int64_t round_trip_us)
{
    struct answer *answer =
        message->n <= PONG_BYTES_MAX ? malloc(sizeof *answer + message->n + 1) : NULL;

    if (!answer)
        return NULL;
    answer->next = NULL;
    answer->round_trip_us = round_trip_us;
    answer->n = message->n;
    memcpy(answer->json, message->data, message->n);
    answer->json[message->n] = '\0';
    return answer;
}

static void on_pong(const struct conn_message *message, void *ctx)
{
    struct gathering *g = ctx;
    struct answer *answer = NULL;

    pthread_mutex_lock(&g->lock);
    g->no_responders = message->no_responders;
    if (!message->no_responders && g->n < INSTANCES_MAX)
        answer = copy_answer(message, monotonic_us() - g->sent_us);
    if (answer) {
        *g->last = answer;
        g->last = &answer->next;
        g->n++;
    }
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* The next answer, or NULL when there is none until DEADLINE_US. The caller frees it. */
static struct answer *next_answer(struct gathering *g, int64_t deadline_us)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_us / 1000000),
                             .tv_nsec = deadline_us % 1000000 * 1000};
    struct answer *answer;
    int timed_out = 0;

    pthread_mutex_lock(&g->lock);
    while (!g->first && !g->no_responders && timed_out == 0)
        timed_out = pthread_cond_timedwait(&g->changed, &g->lock, &until);
    answer = g->first;
    if (answer) {
        g->first = answer->next;
        if (!g->first)
            g->last = &g->first;
    }
    pthread_mutex_unlock(&g->lock);
    return answer;
}

static enum twofold_status no_answer(const struct gathering *g, struct conn *conn,
                                     int64_t timeout_ms, struct twofold_error *error)
{
    char complaint[TWOFOLD_MESSAGE_SIZE];

    if (g->no_responders)
        return error_set(error, TWOFOLD_NO_RESPONDERS, "no instance of twofold is on this bus");
    conn_complaint(conn, g->sent_us, complaint);
    return error_set(error, TWOFOLD_TIMEOUT, "no instance answered within %" PRId64 " ms%s%s",
                     timeout_ms, complaint[0] ? "; the NATS server says: " : "", complaint);
}

/* The number of answers that came. */
static unsigned hand_out(struct gathering *g, int64_t timeout_ms, struct twofold_pong_callback each)
{
    int64_t end_us = g->sent_us + timeout_ms * 1000, deadline_us = end_us;
    struct answer *answer;
    unsigned n = 0;

    while ((answer = next_answer(g, deadline_us))) {
        each.call(&(struct twofold_pong){.json = answer->json,
                                         .n = answer->n,
                                         .round_trip_us = answer->round_trip_us},
                  each.ctx);
        free(answer);
        n++;
        deadline_us = monotonic_us() + QUIET_US;
        if (deadline_us > end_us)
            deadline_us = end_us;
    }
    return n;
}

static void init_gathering(struct gathering *g)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&g->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&g->lock, NULL);
    g->last = &g->first;
}

static void end_gathering(struct gathering *g)
{
    while (g->first) {
        struct answer *next = g->first->next;

        free(g->first);
        g->first = next;
    }
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
}

enum twofold_status twofold_client_ping(struct twofold_client *client, int64_t timeout_ms,
                                        struct twofold_pong_callback each,
                                        struct twofold_error *error)
{
    struct gathering g = {0};
    struct conn_sub *sub = NULL;
    char id[TWOFOLD_REQUEST_ID_SIZE], tail[TWOFOLD_REQUEST_ID_SIZE + 8], subject[CONN_SUBJECT_SIZE];
    enum twofold_status status;

    if (timeout_ms == 0)
        timeout_ms = client->timeout_ms;
    if (client_in_callback() || timeout_ms < 0 || timeout_ms > 3600 * 1000)
        return error_set(error, TWOFOLD_USAGE,
                         "a ping needs a timeout of 1 ms to an hour, and no callback around it");
    twofold_request_id(id);
    snprintf(tail, sizeof tail, "ping.%s", id); /* two tokens: not for the inbox of calls */
    conn_inbox(client->conn, tail, subject);
    init_gathering(&g);
    status = conn_subscribe(client->conn, subject,
                            &(struct conn_events){.answer = on_pong, .ctx = &g}, &sub, error);
    g.sent_us = monotonic_us();
    if (status == TWOFOLD_OK)
        status = conn_send(
            client->conn,
            &(struct conn_request){.subject = "$SRV.PING.twofold", .reply_tail = tail}, error);
    if (status == TWOFOLD_OK && hand_out(&g, timeout_ms, each) == 0)
        status = no_answer(&g, client->conn, timeout_ms, error);
    conn_unsubscribe(sub);
    end_gathering(&g);
    if (status == TWOFOLD_OK)
        error_clear(error);
    return status;
}
