/*
 * The stream that keeps the audit trail (NATS JetStream), seen from the side that writes. A message
 * is published with an id, and some time later the stream acknowledges it; many are under way at
 * once. Nothing is repeated here: the caller knows what was not acknowledged.
 *
 * One thread calls everything. Uses the connection of BUS, which must outlive it.
 */
#ifndef TWOFOLD_TRANSPORT_STREAM_H
#define TWOFOLD_TRANSPORT_STREAM_H

#include "transport/bus.h"

struct stream;

enum { STREAM_NAME_MAX = 64, STREAM_DETAIL_BYTES = 256, STREAM_WINDOW_MAX = 512 };

/* What a stream must be like, and what a new one is made like (limits retention, discard new, file
 * storage, one replica). */
struct stream_wish {
    const char *name;            /* "TWOFOLD_AUDIT" */
    const char *subjects;        /* "twofold.audit.v1.>" */
    int64_t duplicate_window_ms; /* in which a message with the same id is stored once */
};

/* WISH's texts are borrowed until stream_close. Subscribes the inbox in which acknowledgements
 * arrive. ERR_VALIDATION and RETERR, naming the missing permission, when the server refuses;
 * ERR_UNAVAILABLE when the bus is away. */
NODISCARD enum err stream_open(struct bus *bus, const struct stream_wish *wish,
                               struct stream **ret_stream, struct diag *reterr);

/* NULL is fine; before bus_close. */
void stream_close(struct stream *s);

/* What asking for the stream can find. */
enum stream_found {
    STREAM_READY,        /* it is there and takes our subjects */
    STREAM_MISSING,      /* JetStream is there, the stream is not */
    STREAM_FOREIGN,      /* there is one of that name, or for those subjects, that is not ours, or
                          * the server does not make one: RET->detail says what is wrong */
    STREAM_NO_JETSTREAM, /* the bus has none, or not for this login's account */
    STREAM_MAY_NOT_ASK,  /* the login may not: publish, and see */
    STREAM_SILENT,       /* no answer: ask again */
};

struct stream_info {
    uint64_t last_sequence;           /* of its newest message; 0: empty */
    int64_t last_unix_ms;             /* when that was stored; 0: empty */
    char detail[STREAM_DETAIL_BYTES]; /* with STREAM_FOREIGN; with STREAM_READY what is weaker than
                                       * wished ("messages can be deleted"), else "" */
};

/* Looks for the stream; RET is set with STREAM_READY and STREAM_FOREIGN. At most TIMEOUT_MS. */
enum stream_found stream_look(struct stream *s, int timeout_ms, struct stream_info *ret);

/* Makes the stream, with deletion and purge denied for good. Results as above; STREAM_READY: it is
 * made. */
enum stream_found stream_create(struct stream *s, int timeout_ms, struct stream_info *ret);

/* The command of the `nats` tool that makes the stream, into RET (512 bytes). */
void stream_create_command(const struct stream_wish *wish, char ret_command[static 512]);

struct stream_message {
    uint64_t position; /* the caller's number for it, comes back with the acknowledgement */
    const char *subject;
    const char *id;      /* header Nats-Msg-Id; NULL: none, and then no other header either */
    const char *headers; /* others, as on the wire: "Name: value\r\n" each; NULL: none */
    struct bytes body;
    const char
        *expect_last_id; /* refused unless the stream's newest message has this id; NULL: any */
    bool silent;         /* no acknowledgement is asked for: that of a later message, if it expects
                          * this one, tells that it was kept */
};

/* Hands M to the connection; it is sent soon, at the latest by bus_flush. ERR_UNAVAILABLE when the
 * connection is not up: it is not sent. ERR_VALIDATION for what can never be sent (too large for
 * the server). HEADERS are not looked at: who writes them sees to it that no value ends its line.
 */
NODISCARD enum err stream_publish(struct stream *s, const struct stream_message *m);

/* The same without a stream, as a plain message on BUS: position, expect_last_id and silent mean
 * nothing, and a connection that is not up may keep it for later. */
NODISCARD enum err stream_publish_plain(struct bus *bus, const struct stream_message *m);

enum stream_verdict {
    STREAM_KEPT,        /* stored, now or before */
    STREAM_OUT_OF_TURN, /* the newest message was not expect_last_id */
    STREAM_NOBODY,      /* no stream takes the subject */
    STREAM_REFUSED,     /* the stream does not take it: detail says why */
};

struct stream_ack {
    uint64_t position;
    enum stream_verdict verdict;
    uint64_t sequence; /* in the stream, with STREAM_KEPT */
    bool duplicate;    /* it was stored before */
    char detail[STREAM_DETAIL_BYTES];
};

/* Waits up to TIMEOUT_MS for acknowledgements; returns how many it put at RET (at most MAX). An
 * acknowledgement by a stream of another name is STREAM_REFUSED. */
size_t stream_acks(struct stream *s, int timeout_ms, struct stream_ack *ret, size_t max);

#endif
