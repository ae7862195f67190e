/* Private to stream_nats*.c: what publishing (stream_nats.c), looking (stream_nats_look.c) and
 * reading (stream_nats_read.c) share. */
#ifndef TWOFOLD_TRANSPORT_STREAM_NATS_H
#define TWOFOLD_TRANSPORT_STREAM_NATS_H

#include "transport/bus_nats.h"
#include "transport/stream.h"

enum { STREAM_INBOX_BYTES = BUS_INBOX_PREFIX_MAX + 40, STREAM_SENT_MAX = 256 };

struct stream {
    struct bus *bus;
    struct stream_wish wish;
    jsCtx *js;
    char inbox[STREAM_INBOX_BYTES]; /* acknowledgements come to "<inbox>.<position>" */
    struct bus_queue *acks;         /* the bus frees it */
    natsMsg *sent[STREAM_SENT_MAX]; /* to be destroyed together: see stream_nats_publish.c */
    size_t n_sent;
};

/* What JetStream counts in. */
#define NS_PER_MS 1000000LL

/* Destroys what was sent. */
void stream_forget_sent(struct stream *s);

/* Has the server refused to let S publish "$JS.API.<VERB>.<stream>"? That question gets no answer,
 * as from a server that is stopped. Takes the report. */
bool stream_was_refused(struct stream *s, const char *verb);

/* Does every message on SUBJECTS go to a stream that takes PATTERN? */
bool stream_covers(const char *pattern, const char *subjects);

#endif
