/*
 * What is asked of the stream so that nothing is stored twice: which messages it holds; and, by an
 * operator's tool, a place for a reader.
 */
#ifndef TWOFOLD_TRANSPORT_STREAM_READ_H
#define TWOFOLD_TRANSPORT_STREAM_READ_H

#include "transport/stream.h"

enum { STREAM_ID_BYTES = 64 };

struct stream_kept {
    int64_t unix_ms;          /* when it was stored */
    char id[STREAM_ID_BYTES]; /* its Nats-Msg-Id; "" when it has none, or a longer one */
};

enum stream_has {
    STREAM_HAS,
    STREAM_HAS_NOT, /* there was none, or it is gone */
    STREAM_MAY_NOT_READ,
    STREAM_READ_FAILED, /* no answer in time, or one that makes no sense */
};

/* The message with that SEQUENCE. At most TIMEOUT_MS, like all here. */
enum stream_has stream_read(struct stream *s, uint64_t sequence, int timeout_ms,
                            struct stream_kept *ret);

/* Sequences of all that was stored at UNIX_MS or later, into RET_FIRST and RET_LAST: some of them
 * may be gone. STREAM_HAS_NOT: nothing was. TIMEOUT_MS is that of one question of many. */
enum stream_has stream_read_since(struct stream *s, int64_t unix_ms, int timeout_ms,
                                  uint64_t *ret_first, uint64_t *ret_last);

/* Makes the durable consumer NAME: the place of one reader of the whole stream, which pulls, and
 * acknowledges a message with all before it. One that is there already, and such, is fine.
 * ERR_VALIDATION and RETERR when the stream refuses, or the login may not; else ERR_UNAVAILABLE. */
NODISCARD enum err stream_add_reader(struct stream *s, const char *name, int timeout_ms,
                                     struct diag *reterr);

#endif
