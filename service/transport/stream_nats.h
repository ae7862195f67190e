/* Private to stream_nats*.c: publishing (stream_nats.c) and looking (stream_nats_look.c) share this
 * state. */
#ifndef TWOFOLD_TRANSPORT_STREAM_NATS_H
#define TWOFOLD_TRANSPORT_STREAM_NATS_H

#include "transport/bus_nats.h"
#include "transport/stream.h"

enum { STREAM_INBOX_BYTES = BUS_INBOX_PREFIX_MAX + 40 };

struct stream {
    struct bus *bus;
    struct stream_wish wish;
    jsCtx *js;
    char inbox[STREAM_INBOX_BYTES]; /* acknowledgements come to "<inbox>.<position>" */
    struct bus_queue *acks;         /* the bus frees it */
};

/* Does every message on SUBJECTS go to a stream that takes PATTERN? */
bool stream_covers(const char *pattern, const char *subjects);

#endif
