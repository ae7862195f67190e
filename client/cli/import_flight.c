#include "import_flight.h"

#include "lib/monotonic.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>

/*
 * Answers come on a thread of the library, which only puts them into a list; all else is done by
 * the one thread that fills the flight. A slot is its own until it is sent, then the library's
 * until its answer is in the list.
 */

enum { PAUSE_FIRST_MS = 50, PAUSE_DOUBLINGS = 5 };

struct slot {
    struct flight *flight;
    Twofold__V1__ImportUserRequest *request;
    char id[TWOFOLD_REQUEST_ID_SIZE];
    uint64_t line;
    unsigned tries;
    int64_t due_ms;    /* to be sent again; 0: an answer is awaited */
    struct slot *next; /* among the free, or the answered */
    struct twofold_error error;
};

struct flight {
    struct twofold_client *client;
    struct flight_sink sink;
    struct slot *free;
    unsigned used, resting;
    bool landing, decided_any, in_vain;
    struct twofold_error trouble;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct slot *answered, **answered_end; /* in the order that they came */
    struct slot slots[FLIGHT_MAX];
};

static int64_t now_ms(void)
{
    return monotonic_us() / 1000;
}

struct flight *flight_open(struct twofold_client *client, struct flight_sink sink)
{
    struct flight *flight = calloc(1, sizeof *flight);
    pthread_condattr_t monotonic;

    if (!flight)
        return NULL;
    flight->client = client;
    flight->sink = sink;
    flight->answered_end = &flight->answered;
    for (unsigned i = 0; i < FLIGHT_MAX; i++) {
        flight->slots[i] = (struct slot){.flight = flight, .next = flight->free};
        flight->free = &flight->slots[i];
    }
    pthread_mutex_init(&flight->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&flight->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return flight;
}

bool flight_has_room(const struct flight *flight)
{
    return flight->free != NULL;
}

unsigned flight_size(const struct flight *flight)
{
    return flight->used;
}

bool flight_is_quiet(const struct flight *flight)
{
    return flight->used == flight->resting;
}

static void put_answered(struct slot *slot)
{
    struct flight *flight = slot->flight;

    pthread_mutex_lock(&flight->lock);
    slot->next = NULL;
    *flight->answered_end = slot;
    flight->answered_end = &slot->next;
    pthread_cond_signal(&flight->changed);
    pthread_mutex_unlock(&flight->lock);
}

static void on_answer(const ProtobufCMessage *reply, const struct twofold_error *error, void *ctx)
{
    struct slot *slot = ctx;

    (void)reply;
    slot->error.status = error->status;
    if (error->status != TWOFOLD_OK)
        slot->error = *error;
    put_answered(slot);
}

static void send_slot(struct slot *slot)
{
    struct twofold_call call = {.service = &twofold__v1__admin__descriptor,
                                .method = "ImportUser",
                                .request = &slot->request->base,
                                .request_id = slot->id};
    struct twofold_error error;

    slot->due_ms = 0;
    slot->tries++;
    if (twofold_client_call_async(slot->flight->client, &call,
                                  (struct twofold_callback){.call = on_answer, .ctx = slot},
                                  &error) == TWOFOLD_OK)
        return;
    slot->error = error;
    put_answered(slot);
}

void flight_add(struct flight *flight, Twofold__V1__ImportUserRequest *request, uint64_t line)
{
    struct slot *slot = flight->free;

    flight->free = slot->next;
    flight->used++;
    slot->request = request;
    slot->line = line;
    slot->tries = 0;
    twofold_request_id(slot->id);
    send_slot(slot);
}

static void release(struct slot *slot)
{
    struct flight *flight = slot->flight;

    twofold_reply_free(&slot->request->base);
    slot->request = NULL;
    slot->next = flight->free;
    flight->free = slot;
    flight->used--;
}

enum verdict { DECIDED, AGAIN, IN_VAIN };

static enum verdict judge_refusal(int reason)
{
    switch (reason) {
    case TWOFOLD__V1__ERROR__REASON__EXHAUSTED:
    case TWOFOLD__V1__ERROR__REASON__UNAVAILABLE:
        return AGAIN;
    case TWOFOLD__V1__ERROR__REASON__NOT_FOUND: /* the organization */
    case TWOFOLD__V1__ERROR__REASON__UNIMPLEMENTED:
        return IN_VAIN;
    default:
        return DECIDED;
    }
}

/* What the bus does not permit now, and what nobody ever served, will not get better. */
static enum verdict judge(const struct flight *flight, const struct twofold_error *error)
{
    switch (error->status) {
    case TWOFOLD_OK:
        return DECIDED;
    case TWOFOLD_REFUSED:
        return judge_refusal(error->reason);
    case TWOFOLD_TIMEOUT:
        return strstr(error->message, "Permissions Violation") ? IN_VAIN : AGAIN;
    case TWOFOLD_NO_RESPONDERS:
        return flight->decided_any ? AGAIN : IN_VAIN;
    case TWOFOLD_DISCONNECTED:
    case TWOFOLD_EXHAUSTED:
        return AGAIN;
    case TWOFOLD_USAGE:
    case TWOFOLD_PROTOCOL:
        break;
    }
    return IN_VAIN;
}

/* Longer from try to try, and not all at the same moment. */
static int64_t pause_ms(const struct slot *slot)
{
    unsigned doublings = slot->tries < PAUSE_DOUBLINGS ? slot->tries : PAUSE_DOUBLINGS;
    int64_t pause = (int64_t)PAUSE_FIRST_MS << doublings;

    return pause / 2 + (int64_t)(slot->line * 7919 % (uint64_t)pause);
}

static void take_answer(struct slot *slot)
{
    struct flight *flight = slot->flight;
    enum verdict verdict = judge(flight, &slot->error);

    if (verdict == DECIDED) {
        flight->decided_any = true;
        flight->sink.decided(slot->line, &slot->error, flight->sink.ctx);
        release(slot);
        return;
    }
    flight->trouble = slot->error;
    flight->in_vain |= verdict == IN_VAIN;
    flight->resting++;
    slot->due_ms = now_ms() + pause_ms(slot);
}

/* Sends what is due. Returns when the next one will be, UNTIL at the latest. */
static int64_t send_due(struct flight *flight, int64_t now, int64_t until)
{
    if (flight->resting == 0 || flight->landing)
        return until;
    for (unsigned i = 0; i < FLIGHT_MAX; i++) {
        struct slot *slot = &flight->slots[i];

        if (!slot->request || slot->due_ms == 0)
            continue;
        if (slot->due_ms <= now) {
            flight->resting--;
            send_slot(slot);
        } else if (slot->due_ms < until) {
            until = slot->due_ms;
        }
    }
    return until;
}

static struct slot *await_answered(struct flight *flight, int64_t until)
{
    struct timespec at = {.tv_sec = (time_t)(until / 1000), .tv_nsec = until % 1000 * 1000000};
    struct slot *answered;
    int late = 0;

    pthread_mutex_lock(&flight->lock);
    while (!flight->answered && late == 0)
        late = pthread_cond_timedwait(&flight->changed, &flight->lock, &at);
    answered = flight->answered;
    flight->answered = NULL;
    flight->answered_end = &flight->answered;
    pthread_mutex_unlock(&flight->lock);
    return answered;
}

void flight_turn(struct flight *flight, int wait_ms)
{
    int64_t now = now_ms(), until = send_due(flight, now, now + wait_ms);
    struct slot *slot = await_answered(flight, until), *next;

    for (; slot; slot = next) {
        next = slot->next;
        take_answer(slot);
    }
}

void flight_land(struct flight *flight)
{
    flight->landing = true;
}

const struct twofold_error *flight_trouble(const struct flight *flight, bool *ret_in_vain)
{
    *ret_in_vain = flight->in_vain;
    return &flight->trouble;
}

void flight_close(struct flight *flight)
{
    if (!flight)
        return;
    for (unsigned i = 0; i < FLIGHT_MAX; i++)
        if (flight->slots[i].request)
            twofold_reply_free(&flight->slots[i].request->base);
    pthread_cond_destroy(&flight->changed);
    pthread_mutex_destroy(&flight->lock);
    free(flight);
}
