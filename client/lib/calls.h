/*
 * The calls that wait for an answer. Each leaves the table exactly once: whoever takes it out (the
 * answer, the deadline, the loss of the connection, the failure to send) settles it.
 */
#ifndef TWOFOLD_CLIENT_CALLS_H
#define TWOFOLD_CLIENT_CALLS_H

#include "base/attr.h"

#include <stdbool.h>
#include <twofold/client.h>

/* Gives the outcome to whoever asked. Takes REPLY, which is NULL unless ERROR says OK. */
typedef void settle_fn(ProtobufCMessage *reply, const struct twofold_error *error,
                       struct twofold_callback then);

struct waiting_call {
    const ProtobufCServiceDescriptor *service;
    const ProtobufCMethodDescriptor *method;
    settle_fn *settle;
    struct twofold_callback then;
    int64_t sent_us, deadline_us; /* monotonic */
    uint64_t token;               /* once it is in the table */
};

enum calls_end { CALLS_EXPIRED, CALLS_LOST, CALLS_FORBIDDEN };

/* Told, on the table's own thread, of every call that no answer came for. */
struct calls_keeper {
    void (*ended)(const struct waiting_call *call, enum calls_end why, void *ctx);
    void *ctx;
};

struct calls;

/* NULL when memory or threads are short. */
struct calls *calls_open(struct calls_keeper keeper);

/* Ends what still waits, as CALLS_LOST, and waits for the keeper to return. From then on the table
 * takes no call in and finds none. */
void calls_stop(struct calls *calls);

/* Frees the table, which is stopped and which nobody uses any more. NULL is fine. */
void calls_free(struct calls *calls);

/* Puts CALL in and gives its token, never used again. TWOFOLD_EXHAUSTED: too many wait (65,536) or
 * memory is short; TWOFOLD_DISCONNECTED: the table is being stopped. */
NODISCARD enum twofold_status calls_add(struct calls *calls, const struct waiting_call *call,
                                        uint64_t *ret_token);

/* Takes the call of TOKEN out. False: it is not there, or not any more. */
NODISCARD bool calls_take(struct calls *calls, uint64_t token, struct waiting_call *ret_call);

/* Ends, soon and on the table's thread, all that wait now, as CALLS_LOST. */
void calls_lose_all(struct calls *calls);

/* The same, as CALLS_FORBIDDEN, for those that IS says of. IS runs under the table's lock. */
void calls_forbid(struct calls *calls, bool (*is)(const struct waiting_call *call, void *ctx),
                  void *ctx);

#endif
