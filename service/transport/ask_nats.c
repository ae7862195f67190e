#include "transport/ask.h"

#include "transport/bus_nats.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { RANDOM_BYTES = 16, INBOX_BYTES = BUS_INBOX_PREFIX_MAX + 40, ANSWERS_MAX = 256 };

struct ask {
    struct bus *bus;
    char inbox[INBOX_BYTES];
    struct bus_queue *answers;    /* the bus frees it */
    struct bus_message *borrowed; /* the last answer; NULL: none */
};

static void give_back(struct ask *a)
{
    if (a->borrowed)
        bus_release(STEAL(a->borrowed));
}

void ask_close(struct ask *a)
{
    if (!a)
        return;
    give_back(a);
    free(a);
}
DEFINE_CLEANUP(struct ask, ask_close);
#define auto_ask CLEANUP(ask_closep) struct ask

/* Nobody can answer who was not asked. */
static enum err name_inbox(struct ask *a)
{
    uint8_t random[RANDOM_BYTES];
    char hex[2 * RANDOM_BYTES + 1];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return ERR_UNAVAILABLE;
    hex_encode(random, sizeof random, hex);
    snprintf(a->inbox, sizeof a->inbox, "%s.%s", a->bus->inbox_prefix, hex);
    return ERR_OK;
}

enum err ask_open(struct bus *bus, struct ask **ret_ask, struct diag *reterr)
{
    auto_ask *a = calloc(1, sizeof *a);
    enum err err;

    if (!a)
        return ERR_UNAVAILABLE;
    a->bus = bus;
    TRY(name_inbox(a));
    err = bus_collect(bus, a->inbox, ANSWERS_MAX, &a->answers, reterr);
    if (err == ERR_VALIDATION)
        diag_set(reterr,
                 "the bus keeps the answers from %s: allow it to subscribe to \"%s.>\", or name a "
                 "login that may (TWOFOLD_HEALTH_NATS_*)",
                 bus->login.who, bus->inbox_prefix);
    TRY(err);
    *ret_ask = STEAL(a);
    return ERR_OK;
}

enum err ask_send(struct ask *a, const char *subject)
{
    natsStatus s = NATS_CONNECTION_DISCONNECTED;

    if (bus_connected(a->bus))
        s = natsConnection_PublishRequest(a->bus->nc, subject, a->inbox, "", 0);
    return s == NATS_OK ? ERR_OK : ERR_UNAVAILABLE;
}

enum ask_heard ask_next(struct ask *a, int timeout_ms, struct bytes *ret_answer)
{
    struct bus_message *one;
    natsMsg *m;

    give_back(a);
    if (bus_queue_take(a->answers, timeout_ms, &one, 1) == 0)
        return ASK_NOTHING;
    a->borrowed = one;
    m = (natsMsg *)one;
    if (natsMsg_IsNoResponders(m))
        return ASK_NOBODY;
    *ret_answer = (struct bytes){.p = (const uint8_t *)natsMsg_GetData(m),
                                 .n = (size_t)natsMsg_GetDataLength(m)};
    return ASK_ANSWER;
}

bool ask_was_refused(struct ask *a, const char *subject)
{
    char text[VIOLATION_BYTES], quoted[VIOLATION_BYTES];

    snprintf(quoted, sizeof quoted, "\"%s\"", subject);
    bus_take_violation(a->bus, text);
    return strstr(text, quoted) != NULL;
}
