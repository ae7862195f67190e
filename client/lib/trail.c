/*
 * One loop: look whether what was asked for can still come, ask for more, take what arrives. The
 * server numbers its deliveries to a reader, so that one that got lost shows in the next one, and
 * what is asked for again begins behind the last message that was returned.
 */
#include "trail_parts.h"

#include "audit_event.h"
#include "error.h"
#include "monotonic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BATCH = 256,
    PULL_US = 5 * 1000 * 1000,
    GATHERING_PULL_US = 1000 * 1000,
    LOOK_AROUND_US = 50 * 1000,
    PAUSE_MS = 50,
    SILENCES = 2,
};

/* What a step of the loop came to. */
enum step { STEP_AGAIN, STEP_MESSAGE, STEP_NO_MORE, STEP_FAILED };

struct next {
    bool at_once;
    int64_t deadline_us;
    struct twofold_trail_message *ret;
    struct twofold_error *error;
};

static void pause_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

enum twofold_status twofold_trail_open(struct twofold_client *client,
                                       const struct twofold_trail_options *options,
                                       struct twofold_trail **ret_trail,
                                       struct twofold_error *error)
{
    static const struct twofold_trail_options none;
    struct twofold_trail *trail;
    enum twofold_status status;

    if (client_in_callback())
        return error_set(error, TWOFOLD_USAGE, "a callback must not wait for a trail");
    trail = calloc(1, sizeof *trail);
    if (!trail)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    trail->client = client;
    trail->api.timeout_ms = client->timeout_ms;
    if (!options)
        options = &none;
    status = trail_name(trail, options, error);
    if (status == TWOFOLD_OK)
        status = js_api_open(&trail->api, client->conn, options->js_domain, error);
    if (status == TWOFOLD_OK)
        status = mailbox_open(client->conn, &trail->box, error);
    trail->pull.losses = conn_losses(client->conn);
    if (status == TWOFOLD_OK)
        status = trail_find(trail, error);
    if (status != TWOFOLD_OK) {
        twofold_trail_close(trail);
        return status;
    }
    error_clear(error);
    *ret_trail = trail;
    return TWOFOLD_OK;
}

uint64_t twofold_trail_size(const struct twofold_trail *trail)
{
    return trail->size;
}

static void drop_returned(struct twofold_trail *trail)
{
    if (trail->event)
        twofold__v1__audit_event__free_unpacked(trail->event, NULL);
    free(trail->mail);
    trail->event = NULL;
    trail->mail = NULL;
}

void twofold_trail_close(struct twofold_trail *trail)
{
    if (!trail)
        return;
    mailbox_close(trail->box);
    js_api_close(&trail->api);
    held_clear(&trail->held);
    drop_returned(trail);
    free(trail);
}

/* Consumes MAIL, which is the next one. */
static enum step hand_out(struct twofold_trail *trail, struct mail *mail, uint64_t behind,
                          const struct next *next)
{
    struct js_delivery d;

    if (!js_read_delivery(mail->reply, &d)) {
        free(mail);
        return STEP_AGAIN;
    }
    trail->mail = mail;
    trail->event = audit_event_read(mail->subject, mail->data, mail->n);
    trail->position = d.stream_sequence;
    trail->unacked++;
    snprintf(trail->last_reply, sizeof trail->last_reply, "%s", mail->reply);
    *next->ret = (struct twofold_trail_message){
        .subject = mail->subject,
        .data = mail->data,
        .n = mail->n,
        .stream_sequence = d.stream_sequence,
        .stored_unix_ms = d.stored_unix_ms,
        .left = d.pending + behind,
        .event = trail->event,
        .fault = trail->event ? NULL : "it is not an event of its subject"};
    return STEP_MESSAGE;
}

/* Reads what MAIL says of itself. False, and MAIL is freed: it is of a reader before this one. */
static bool read_own(const struct twofold_trail *trail, struct mail *mail, struct js_delivery *ret)
{
    if (mail->status == 0 && js_read_delivery(mail->reply, ret) &&
        strcmp(ret->consumer, trail->name) == 0) {
        mail->key = ret->stream_sequence;
        return true;
    }
    free(mail);
    return false;
}

/* Consumes MAIL, a message. */
static enum step take_message(struct twofold_trail *trail, struct mail *mail,
                              const struct next *next)
{
    struct js_delivery d;

    if (!read_own(trail, mail, &d))
        return STEP_AGAIN;
    if (trail->pull.left > 0 && --trail->pull.left == 0)
        trail->pull.open = false;
    if (d.consumer_sequence > trail->delivered + 1)
        trail->lost = true;
    else if (d.consumer_sequence > trail->delivered)
        trail->delivered = d.consumer_sequence;
    trail_note_given(trail, mail, d.stream_sequence);
    if (trail->held.gathering) {
        held_add(&trail->held, mail);
        return STEP_AGAIN;
    }
    if (trail->lost || d.stream_sequence <= trail->position) {
        free(mail);
        return STEP_AGAIN;
    }
    return hand_out(trail, mail, 0, next);
}

/* Keeps what has come in good order before the trouble. */
static void keep_what_came(struct twofold_trail *trail)
{
    struct js_delivery d;
    struct mail *mail;

    while ((mail = mailbox_take(trail->box, 0))) {
        if (!read_own(trail, mail, &d))
            continue;
        if (d.consumer_sequence == trail->delivered + 1)
            trail->delivered++;
        if (trail->reader.durable &&
            (trail->held.gathering || d.consumer_sequence == trail->delivered))
            held_add(&trail->held, mail);
        else
            free(mail);
    }
}

/* The server has nothing for the reader, or gives it nothing now. */
static enum step judge_nothing(bool is_end, const struct next *next)
{
    if (is_end || !next->at_once)
        return is_end && next->at_once ? STEP_NO_MORE : STEP_AGAIN;
    pause_a_moment();
    if (monotonic_us() < next->deadline_us)
        return STEP_AGAIN;
    error_set(next->error, TWOFOLD_NO_RESPONDERS, "JetStream gives no messages, and no end");
    return STEP_FAILED;
}

/* Consumes MAIL, the server's word on a request: 404 nothing there, 408 time is over, 409 and 503
 * trouble. */
static enum step take_status(struct twofold_trail *trail, struct mail *mail,
                             const struct next *next)
{
    bool current = strtoul(mail->tail, NULL, 10) == trail->pull.number;
    bool nothing = mail->status == 404, over = mail->status == 408;

    free(mail);
    if (!current)
        return STEP_AGAIN;
    trail->pull.open = false;
    if (!nothing && !over) {
        trail->lost = true;
        pause_a_moment();
        return STEP_AGAIN;
    }
    if (trail->held.gathering)
        return STEP_AGAIN;
    return judge_nothing(nothing && trail->pull.at_once, next);
}

static void name_pull(const struct twofold_trail *trail, char ret_subject[CONN_SUBJECT_SIZE])
{
    snprintf(ret_subject, CONN_SUBJECT_SIZE, "%s.CONSUMER.MSG.NEXT.%s.%s", trail->api.prefix,
             trail->stream, trail->name);
}

static enum step ask_for_more(struct twofold_trail *trail, const struct next *next)
{
    struct pull *pull = &trail->pull;
    char subject[CONN_SUBJECT_SIZE], tail[16], reply_tail[MAILBOX_TAIL_SIZE], text[96];
    int64_t wait_us = trail->held.gathering ? GATHERING_PULL_US : PULL_US;

    pull->at_once = next->at_once && !trail->held.gathering;
    if (pull->at_once)
        snprintf(text, sizeof text, "{\"batch\":%d,\"no_wait\":true}", BATCH);
    else
        snprintf(text, sizeof text, "{\"batch\":%d,\"expires\":%" PRId64 "}", BATCH,
                 wait_us * 1000);
    name_pull(trail, subject);
    snprintf(tail, sizeof tail, "%u", ++pull->number);
    mailbox_tail(trail->box, tail, reply_tail);
    pull->sent_us = monotonic_us();
    pull->until_us =
        pull->sent_us + (pull->at_once ? 0 : wait_us) + trail->client->timeout_ms * 1000;
    if (conn_send(trail->client->conn,
                  &(struct conn_request){.subject = subject,
                                         .reply_tail = reply_tail,
                                         .data = (const uint8_t *)text,
                                         .n = strlen(text)},
                  next->error) != TWOFOLD_OK) {
        trail->lost = true;
        return STEP_AGAIN;
    }
    pull->open = true;
    pull->left = BATCH;
    return STEP_AGAIN;
}

/* Nothing has arrived for a moment. */
static enum step in_silence(struct twofold_trail *trail, const struct next *next)
{
    char subject[CONN_SUBJECT_SIZE], complaint[TWOFOLD_MESSAGE_SIZE];

    name_pull(trail, subject);
    if (js_api_forbidden(&trail->api, subject, trail->pull.sent_us, complaint)) {
        trail->pull.open = false;
        error_set(next->error, TWOFOLD_NO_RESPONDERS, "the NATS server says: %s", complaint);
        return STEP_FAILED;
    }
    if (monotonic_us() < trail->pull.until_us)
        return STEP_AGAIN;
    trail->pull.open = false;
    trail->lost = true;
    if (++trail->silences < SILENCES)
        return STEP_AGAIN;
    trail->silences = 0;
    error_set(next->error, TWOFOLD_NO_RESPONDERS, "no answer on %s", subject);
    return STEP_FAILED;
}

/* The bus or JetStream may be back soon; anything else is the caller's. */
static enum step find_again(struct twofold_trail *trail, const struct next *next)
{
    enum twofold_status status;

    keep_what_came(trail);
    trail->pull.losses = conn_losses(trail->client->conn);
    status = trail_find(trail, next->error);
    if (status == TWOFOLD_OK)
        return STEP_AGAIN;
    if (status != TWOFOLD_DISCONNECTED && status != TWOFOLD_TIMEOUT)
        return STEP_FAILED;
    pause_a_moment();
    if (monotonic_us() < next->deadline_us)
        return STEP_AGAIN;
    next->error->status = TWOFOLD_DISCONNECTED;
    return STEP_FAILED;
}

/* A server that waits for an acknowledgement gives nothing, and does not say so. */
static bool owes_too_much(const struct twofold_trail *trail, struct twofold_error *error)
{
    uint64_t most = trail->found.unacked_max;

    if (!trail->reader.durable || most == 0 || trail->unacked < most)
        return false;
    error_set(error, TWOFOLD_REFUSED,
              "the reader %s has %" PRIu64 " messages that it did not acknowledge: no more come",
              trail->name, trail->unacked);
    return true;
}

static enum step take_a_step(struct twofold_trail *trail, const struct next *next)
{
    enum held_state held;
    struct mail *mail;
    uint64_t behind;

    if (conn_losses(trail->client->conn) != trail->pull.losses) {
        trail->lost = true;
        trail->pull.open = false;
    }
    if (trail->lost)
        return find_again(trail, next);
    held = held_look(&trail->held);
    trail->lost = held == HELD_LATE;
    if (held == HELD_READY) {
        mail = held_take(&trail->held, &behind);
        if (mail->key > trail->position)
            return hand_out(trail, mail, behind, next);
        free(mail);
        return STEP_AGAIN;
    }
    if (held == HELD_NOTHING && owes_too_much(trail, next->error))
        return STEP_FAILED;
    if (!trail->pull.open || (next->at_once && !trail->pull.at_once && held == HELD_NOTHING))
        return ask_for_more(trail, next);
    mail = mailbox_take(trail->box, monotonic_us() + LOOK_AROUND_US);
    if (!mail)
        return in_silence(trail, next);
    trail->silences = 0;
    return mail->status ? take_status(trail, mail, next) : take_message(trail, mail, next);
}

enum twofold_status twofold_trail_next(struct twofold_trail *trail, int64_t timeout_ms,
                                       struct twofold_trail_message *ret,
                                       struct twofold_error *error)
{
    struct next next = {.at_once = timeout_ms == 0, .ret = ret, .error = error};
    enum step step = STEP_AGAIN;

    if (client_in_callback() || timeout_ms < 0)
        return error_set(error, TWOFOLD_USAGE,
                         "a trail needs a timeout, and no callback around it");
    next.deadline_us =
        monotonic_us() + (next.at_once ? trail->client->timeout_ms : timeout_ms) * 1000;
    drop_returned(trail);
    while (step == STEP_AGAIN) {
        step = take_a_step(trail, &next);
        if (step == STEP_AGAIN && !next.at_once && monotonic_us() > next.deadline_us)
            step = STEP_NO_MORE;
    }
    if (step == STEP_FAILED)
        return error->status;
    if (step == STEP_NO_MORE)
        return error_set(error, TWOFOLD_TIMEOUT, "no message");
    error_clear(error);
    return TWOFOLD_OK;
}

enum twofold_status twofold_trail_ack(struct twofold_trail *trail, struct twofold_error *error)
{
    enum twofold_status status = TWOFOLD_OK;

    if (client_in_callback())
        return error_set(error, TWOFOLD_USAGE, "a callback must not wait for a trail");
    error_clear(error);
    if (trail->reader.durable && trail->unacked > 0 && trail->given < trail->position)
        return error_set(error, TWOFOLD_DISCONNECTED,
                         "the NATS server was restarted and has yet to deliver again what is "
                         "acknowledged: read on first");
    if (trail->reader.durable && trail->unacked > 0)
        status = js_api_ask(&trail->api, trail->last_reply, "+ACK", NULL, error);
    if (status != TWOFOLD_OK)
        return status;
    if (trail->unacked > 0) {
        trail->acked = trail->position;
        memcpy(trail->acked_reply, trail->last_reply, sizeof trail->acked_reply);
    }
    trail->unacked = 0;
    return status;
}
