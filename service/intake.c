#include "intake.h"

#include "base/log.h"
#include "rpc/error_wire.h"
#include "transport/actor.h"

#include <time.h>

enum { COMPLAIN_MS = 1000 };

/* Not the clock of the service: that may jump back. */
static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Refused without an answer: there is nowhere to send one (DESIGN rule 14). */
static void complain(struct intake *i, const struct bus_request *r)
{
    if (i->complained_ms && now_ms() - i->complained_ms < COMPLAIN_MS)
        return;
    i->complained_ms = now_ms();
    log_at(LOG_WARN, "refused a request whose reply subject is not an inbox",
           FIELD("subject", r->subject), FIELD("reply", r->reply));
}

/* The lock of the ring is not worth a look for each request. */
bool intake_admits(void *ctx)
{
    struct intake *i = ctx;
    bool room;

    pthread_mutex_lock(&i->mutex);
    if (i->room == 0)
        i->room = exchange_ring_room(i->in);
    room = i->room > 0 && i->live < i->live_max;
    pthread_mutex_unlock(&i->mutex);
    return room;
}

static struct exchange *make(struct intake *i, const struct incoming *in)
{
    struct exchange *x;

    pthread_mutex_lock(&i->mutex);
    x = exchange_new(i->dispatcher, in);
    if (x) {
        i->live++;
        i->room--;
    }
    pthread_mutex_unlock(&i->mutex);
    return x;
}

void intake_request(void *ctx, const struct bus_request *r)
{
    struct intake *i = ctx;
    char actor[ACTOR_MAX + 1];
    bool doubtful = bus_actor(r, actor) != ERR_OK;
    struct incoming in = {.subject = r->subject,
                          .reply_to = r->reply,
                          .payload = r->payload,
                          .request_id = r->request_id,
                          .traceparent = r->traceparent,
                          .actor = actor,
                          .actor_doubtful = doubtful};
    struct exchange *x;

    if (!bus_reply_allowed(r->reply)) {
        complain(i, r);
        return;
    }
    x = make(i, &in);
    if (x)
        exchange_ring_put(i->in, &x, 1);
    else
        log_at(LOG_ERROR, "out of memory: a request was dropped");
}

static void send_reply(struct intake *i, const struct outgoing *o)
{
    struct bus_header headers[3];
    size_t n = 0;

    if (o->err != ERR_OK) {
        headers[n++] = (struct bus_header){"Nats-Service-Error-Code", error_code_text(o->err)};
        headers[n++] = (struct bus_header){"Nats-Service-Error", err_text(o->err)};
    }
    if (*o->request_id)
        headers[n++] = (struct bus_header){"Twofold-Request-Id", o->request_id};
    if (bus_publish(i->bus, o->reply_to, headers, n, o->body) != ERR_OK)
        log_at(LOG_WARN, "a reply could not be sent");
}

/* Secrets in them are wiped now, not when the next request comes. */
static void free_sent(struct intake *i, size_t n)
{
    pthread_mutex_lock(&i->mutex);
    for (size_t k = 0; k < n; k++)
        exchange_free(i->sent[k]);
    i->live -= n;
    pthread_mutex_unlock(&i->mutex);
}

/* While the bus is away replies stay where they are, and go out when it is back. */
static void send_done(struct intake *i)
{
    size_t n;

    if (!bus_connected(i->bus))
        return;
    while ((n = exchange_ring_take(i->done, 0, i->sent, INTAKE_SEND_MAX)) > 0) {
        for (size_t k = 0; k < n; k++) {
            struct outgoing o = exchange_answer(i->sent[k]);

            send_reply(i, &o);
        }
        free_sent(i, n);
    }
}

void intake_turn(void *ctx)
{
    struct intake *i = ctx;

    send_done(i);
    if (bus_is_closed(i->bus))
        exchange_ring_wake(i->in);
}
