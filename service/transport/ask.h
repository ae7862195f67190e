/*
 * A question that any number answer, and what they say. Of a bus that does not serve; one thread
 * calls everything.
 */
#ifndef TWOFOLD_TRANSPORT_ASK_H
#define TWOFOLD_TRANSPORT_ASK_H

#include "transport/bus.h"

struct ask;

/* Subscribes the place for answers, below the bus's inbox prefix. ERR_VALIDATION and RETERR, naming
 * the missing permission, when the server refuses; ERR_UNAVAILABLE when the bus is away. Uses BUS,
 * which must outlive it. */
NODISCARD enum err ask_open(struct bus *bus, struct ask **ret_ask, struct diag *reterr);
/* NULL is fine; before bus_close. */
void ask_close(struct ask *a);

/* Asks SUBJECT, without a word. ERR_UNAVAILABLE when the connection is not up. */
NODISCARD enum err ask_send(struct ask *a, const char *subject);

enum ask_heard {
    ASK_ANSWER,
    ASK_NOBODY,  /* the server says that nobody listens to the question */
    ASK_NOTHING, /* in all that time */
};

/* Waits up to TIMEOUT_MS for an answer, to whichever question; RET is valid until the next call of
 * this or ask_close. */
enum ask_heard ask_next(struct ask *a, int timeout_ms, struct bytes *ret_answer);

/* Has the server refused a question to SUBJECT since the last call? */
bool ask_was_refused(struct ask *a, const char *subject);

#endif
