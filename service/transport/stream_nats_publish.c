/*
 * To set a header in the library is to allocate four times, and an audit event has a dozen. But the
 * library writes name, colon and value as they are, in all versions so far; it looks for line ends
 * in values only. So all headers go in as one, whose name begins with all the lines before it. It
 * is for our own text alone: cloudevent.c sees to it that nothing from outside can end a line. If a
 * version of the library ever refuses such a name, no event can be sent, and the tests of the
 * stream say so.
 *
 * Nor is a message destroyed by whoever destroys it: the library hands it to a thread of its own,
 * and wakes that if it sleeps. One by one that costs more than all the rest; so they are kept, and
 * destroyed together.
 */
#include "transport/bus_subject.h"
#include "transport/stream_nats.h"

#include <limits.h>
#include <stdio.h>

enum { BLOCK_BYTES = 4096, REPLY_BYTES = STREAM_INBOX_BYTES + 24 };

#define LAST_ID "Nats-Expected-Last-Msg-Id"
#define ID "Nats-Msg-Id"

static natsStatus set_block(natsMsg *message, const struct stream_message *m, bool expects)
{
    char block[BLOCK_BYTES];
    const char *headers = m->headers ? m->headers : "";
    int n = expects ? snprintf(block, sizeof block, "%s" LAST_ID ": %s\r\n" ID, headers,
                               m->expect_last_id)
                    : snprintf(block, sizeof block, "%s" ID, headers);

    if (n < 0 || (size_t)n >= sizeof block)
        return NATS_MAX_PAYLOAD;
    return natsMsgHeader_Set(message, block, m->id);
}

static natsStatus make(const struct stream_message *m, const char *reply, bool expects,
                       natsMsg **ret)
{
    natsStatus status =
        natsMsg_Create(ret, m->subject, reply, (const char *)m->body.p, (int)m->body.n);

    if (status == NATS_OK && m->id)
        return set_block(*ret, m, expects);
    if (status == NATS_OK && expects)
        return natsMsgHeader_Set(*ret, LAST_ID, m->expect_last_id);
    return status;
}

void stream_forget_sent(struct stream *s)
{
    while (s->n_sent > 0)
        natsMsg_Destroy(s->sent[--s->n_sent]);
}

static void keep_sent(struct stream *s, natsMsg *message)
{
    if (s->n_sent == STREAM_SENT_MAX)
        stream_forget_sent(s);
    s->sent[s->n_sent++] = message;
}

static enum err translate(natsStatus status)
{
    if (status == NATS_MAX_PAYLOAD)
        return ERR_VALIDATION;
    return status == NATS_OK ? ERR_OK : ERR_UNAVAILABLE;
}

static bool can_be_sent(const struct stream_message *m)
{
    return bus_subject_valid(m->subject) && m->body.n <= INT_MAX;
}

enum err stream_publish(struct stream *s, const struct stream_message *m)
{
    struct bus *b = s->bus;
    char reply[REPLY_BYTES];
    natsMsg *message = NULL;
    natsStatus status;

    if (!can_be_sent(m))
        return ERR_VALIDATION;
    snprintf(reply, sizeof reply, "%s.%llu", s->inbox, (unsigned long long)m->position);
    status = make(m, m->silent ? NULL : reply, m->expect_last_id != NULL, &message);
    bus_guard_begin(&b->guard);
    if (status == NATS_OK)
        status = bus_connected(b) ? natsConnection_PublishMsg(b->nc, message)
                                  : NATS_CONNECTION_DISCONNECTED;
    bus_guard_end(&b->guard);
    if (message)
        keep_sent(s, message);
    return translate(status);
}

enum err stream_publish_plain(struct bus *bus, const struct stream_message *m)
{
    natsMsg *message = NULL;
    natsStatus status;

    if (!can_be_sent(m))
        return ERR_VALIDATION;
    status = make(m, NULL, false, &message);
    if (status == NATS_OK)
        status = natsConnection_PublishMsg(bus->nc, message);
    natsMsg_Destroy(message);
    return translate(status);
}
