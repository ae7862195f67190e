/*
 * The library can publish asynchronously itself, but subscribes for the acknowledgements behind our
 * back: a login that may not receive them would look like a silent server, and callbacks could
 * outlive the connection. So they come to a subscription of ours, whose acceptance is checked and
 * whose end is waited for like that of any other; its subject carries the position.
 *
 * Whoever may publish to that subject can acknowledge for the stream. It is random, and yet no
 * secret: who sees events live sees where their acknowledgements go, and may name that place for an
 * answer. So no login of docker/nats.conf may publish there, and twofoldd answers nothing there
 * (bus_reply_allowed). That its answers are protobuf would not do: field 1 begins with a line feed,
 * which JSON takes for a blank. What arrives and is no acknowledgement is passed over.
 */
#include "transport/stream_nats.h"

#include "transport/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
    INBOX_RANDOM_BYTES = 16,
    ACKS_MAX = 4 * STREAM_WINDOW_MAX, /* late ones of earlier windows as well */
    TAKE_AT_ONCE = 64,
    WRONG_LAST_ID = 10070, /* the server's error code */
};

static enum err name_inbox(struct stream *s)
{
    uint8_t random[INBOX_RANDOM_BYTES];
    char hex[2 * INBOX_RANDOM_BYTES + 1];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return ERR_UNAVAILABLE;
    hex_encode(random, sizeof random, hex);
    snprintf(s->inbox, sizeof s->inbox, "%s.%s", s->bus->inbox_prefix, hex);
    return ERR_OK;
}

DEFINE_CLEANUP(struct stream, stream_close);
#define auto_stream CLEANUP(stream_closep) struct stream

enum err stream_open(struct bus *bus, const struct stream_wish *wish, struct stream **ret_stream,
                     struct diag *reterr)
{
    auto_stream *s = calloc(1, sizeof *s);
    char subject[STREAM_INBOX_BYTES + 2];
    enum err err;

    if (!s)
        return ERR_UNAVAILABLE;
    *s = (struct stream){.bus = bus, .wish = *wish};
    if (natsConnection_JetStream(&s->js, bus->nc, NULL) != NATS_OK)
        return ERR_UNAVAILABLE;
    TRY(name_inbox(s));
    snprintf(subject, sizeof subject, "%s.*", s->inbox);
    err = bus_collect(bus, subject, ACKS_MAX, &s->acks, reterr);
    if (err == ERR_VALIDATION)
        diag_set(reterr,
                 "the bus keeps its acknowledgements from the login of the audit trail: allow it "
                 "to subscribe to \"%s.>\"",
                 bus->inbox_prefix);
    TRY(err);
    *ret_stream = STEAL(s);
    return ERR_OK;
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    stream_forget_sent(s);
    jsCtx_Destroy(s->js);
    free(s);
}

bool stream_was_refused(struct stream *s, const char *verb)
{
    char text[VIOLATION_BYTES], subject[STREAM_NAME_MAX + 48];

    snprintf(subject, sizeof subject, "\"$JS.API.%s.%s", verb, s->wish.name);
    bus_take_violation(s->bus, text);
    return strstr(text, subject) != NULL;
}

/* The position at the end of the subject; false when there is none. */
static bool position_of(const char *subject, uint64_t *ret)
{
    const char *last = strrchr(subject, '.');
    char *end;

    if (!last || last[1] < '0' || last[1] > '9')
        return false;
    *ret = strtoull(last + 1, &end, 10);
    return !*end;
}

static void refuse(struct stream_ack *a, const char *fmt, const char *what)
{
    a->verdict = STREAM_REFUSED;
    snprintf(a->detail, sizeof a->detail, fmt, what);
}

/* What the stream says: {"stream":...,"seq":...}, {"error":{...}}. False for anything else. */
static bool read_answer(const struct stream *s, const json_t *answer, struct stream_ack *ret)
{
    const json_t *error = json_object_get(answer, "error");
    const char *by = json_string_value(json_object_get(answer, "stream"));
    const char *text = json_string_value(json_object_get(error, "description"));
    json_int_t sequence = json_integer_value(json_object_get(answer, "seq"));

    if (json_integer_value(json_object_get(error, "err_code")) == WRONG_LAST_ID)
        ret->verdict = STREAM_OUT_OF_TURN;
    else if (error)
        refuse(ret, "%s", text ? text : "it does not say why");
    else if (!by || sequence <= 0)
        return false;
    else if (strcmp(by, s->wish.name) != 0)
        refuse(ret, "stream \"%s\" takes the events as well", by);
    else
        ret->sequence = (uint64_t)sequence;
    ret->duplicate = json_is_true(json_object_get(answer, "duplicate"));
    return true;
}

/* False for what is no acknowledgement. */
static bool read_ack(const struct stream *s, natsMsg *m, struct stream_ack *ret)
{
    json_t *answer;
    bool is_one;

    *ret = (struct stream_ack){.verdict = STREAM_KEPT};
    if (!position_of(natsMsg_GetSubject(m), &ret->position))
        return false;
    if (natsMsg_IsNoResponders(m)) {
        ret->verdict = STREAM_NOBODY;
        return true;
    }
    answer = json_loadb(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), 0, NULL);
    is_one = read_answer(s, answer, ret);
    json_decref(answer);
    return is_one;
}

size_t stream_acks(struct stream *s, int timeout_ms, struct stream_ack *ret, size_t max)
{
    struct bus_message *messages[TAKE_AT_ONCE];
    size_t n = 0, taken, want;

    do {
        want = max - n < TAKE_AT_ONCE ? max - n : TAKE_AT_ONCE;
        taken = bus_queue_take(s->acks, n ? 0 : timeout_ms, messages, want);
        for (size_t i = 0; i < taken; i++) {
            if (read_ack(s, (natsMsg *)messages[i], &ret[n]))
                n++;
            bus_release(messages[i]);
        }
    } while (taken == TAKE_AT_ONCE && n < max);
    return n;
}
