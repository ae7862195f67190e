#include "asking.h"

#include <string.h>
#include <time.h>
#include <twofold/v1/error.pb-c.h>

int64_t unix_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void pause_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

static const char *reason_name(int reason)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&twofold__v1__error__reason__descriptor, reason);

    return value ? value->name : "STRANGE";
}

/* Rolled back, or never looked at: to be asked again. */
static bool undecided(const char *reason)
{
    return strcmp(reason, "UNAVAILABLE") == 0 || strcmp(reason, "EXHAUSTED") == 0;
}

static const char *verdict(enum twofold_status status, const struct twofold_error *error)
{
    switch (status) {
    case TWOFOLD_OK:
        return "OK";
    case TWOFOLD_REFUSED:
        return undecided(reason_name(error->reason)) ? NULL : reason_name(error->reason);
    case TWOFOLD_TIMEOUT:
    case TWOFOLD_NO_RESPONDERS:
    case TWOFOLD_DISCONNECTED:
        return NULL;
    case TWOFOLD_USAGE:
    case TWOFOLD_PROTOCOL:
    case TWOFOLD_EXHAUSTED:
        break;
    }
    fprintf(stderr, "ledger: %s: %s\n", twofold_status_name(status), error->message);
    return "STRANGE";
}

ProtobufCMessage *asking(struct twofold_client *client, struct twofold_call *call, struct entry *e,
                         bool once)
{
    ProtobufCMessage *reply = NULL;
    struct twofold_error error;

    twofold_request_id(e->request_id);
    call->request_id = e->request_id;
    call->timeout_ms = TRY_MS;
    e->method = call->method;
    e->sent_ms = unix_ms();
    e->answer = NULL;
    while (!e->answer && (e->tries == 0 || (!once && unix_ms() - e->sent_ms < ASKING_MS))) {
        if (e->tries++ > 0)
            pause_ms(PAUSE_MS);
        e->answer = verdict(twofold_client_call(client, call, &reply, &error), &error);
    }
    e->done_ms = unix_ms();
    e->answer = e->answer ? e->answer : "UNKNOWN";
    return reply;
}
