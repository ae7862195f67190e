/*
 * Messages that arrive on an inbox of their own are queued by the bus's thread until the caller's
 * thread takes them.
 */
#ifndef TWOFOLD_CLIENT_MAILBOX_H
#define TWOFOLD_CLIENT_MAILBOX_H

#include "base/attr.h"
#include "conn.h"

#include <stdbool.h>
#include <stdint.h>

enum { MAILBOX_TAIL_SIZE = 64 };

struct mailbox;

/* A copy of a message: all of it in one piece of memory. */
struct mail {
    struct mail *next;
    uint64_t key;               /* the taker's own */
    const char *subject, *tail; /* as in struct conn_message */
    const char *reply;          /* "": none */
    int status;                 /* the server's own word: 404, 408, 503, ...; 0: a message */
    size_t n;
    uint8_t data[];
};

/* Returns after the server has heard of it. *RET_BOX is set only with TWOFOLD_OK. */
enum twofold_status mailbox_open(struct conn *conn, struct mailbox **ret_box,
                                 struct twofold_error *error);

/* NULL is fine. */
void mailbox_close(struct mailbox *box);

/* What a request needs as reply_tail for its answers to arrive here, their tail being TAIL (up to
 * 16 characters). */
void mailbox_tail(const struct mailbox *box, const char *tail, char ret_tail[MAILBOX_TAIL_SIZE]);

/* The next message, waiting for it until the monotonic time DEADLINE_US; NULL: none came. Free it
 * with free(). */
NODISCARD struct mail *mailbox_take(struct mailbox *box, int64_t deadline_us);

#endif
