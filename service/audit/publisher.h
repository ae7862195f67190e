/*
 * The way of the audit events from the outbox to the bus: a thread of its own, with a connection
 * and a login of its own. It reads and publishes; only the serving thread writes to the store, so
 * it asks how far the bus has taken them (publisher_progress) and marks that in the outbox itself.
 *
 * Events go out in the order of the outbox and at least once, many in flight; what was not
 * acknowledged is sent again, under the same Nats-Msg-Id, in order. Of several processes on one
 * store, the one that holds the lock file publishes.
 *
 * With a stream (NATS JetStream) an event counts as taken when the stream has acknowledged it. A
 * stream that is missing is made, if the login may; else the log says which command makes it, and
 * events wait. If the stream has lost what it had acknowledged (it acknowledges before it syncs),
 * the publisher finds out within half a minute, and sends again from the tail that the outbox
 * keeps. Verifying comes first: a flood of events is sent at a pace that grows with what waits.
 * Without JetStream on the bus, events go out as plain messages and count as taken when the server
 * has answered a flush; but never once a stream has acknowledged an event of this store, for then a
 * JetStream that is not there is trouble, not a choice.
 */
#ifndef TWOFOLD_AUDIT_PUBLISHER_H
#define TWOFOLD_AUDIT_PUBLISHER_H

#include "store/store.h"
#include "transport/bus.h"
#include "transport/stream.h"

/* What the stream of NAME, which is borrowed, must be like; made by the publisher or by a tool. */
struct stream_wish publisher_wish(const char *name);

struct publisher;

/* All borrowed until publisher_stop. */
struct publisher_options {
    struct store *store;
    const struct bus_options *bus;
    const char *stream;    /* its name; NULL: plain messages, always */
    const char *lock_file; /* made when it is missing */
    uint64_t hurry; /* waiting events from which on pace does not matter; 0: a quarter million */
    int64_t look_again_ms; /* how often the stream is looked at; 0: twice a minute */
    int64_t remembers_ms;  /* how long a stream made here knows ids again; 0: as wished */
    /* Called on the publisher's thread whenever publisher_progress has grown; NULL: not wanted. */
    void (*progress)(void *ctx);
    void *ctx;
};

/* Starts the thread; a bus that is away is no failure, its events wait. ERR_VALIDATION and RETERR
 * for what waiting cannot mend, as for bus_open, and for a lock file that cannot be opened. */
NODISCARD enum err publisher_start(const struct publisher_options *options,
                                   struct publisher **ret_publisher, struct diag *reterr);

/* Says that this process has committed new events; without it they are found a little later. They
 * go out some milliseconds later, all that have come by then. From any thread; cheap while the
 * publisher is busy. */
void publisher_nudge(struct publisher *p);

/* How far the bus has taken events; position 0: nothing to report, or another process publishes.
 * From any thread. */
struct outbox_taken publisher_progress(struct publisher *p);

/* How events leave this process at the moment. */
enum publisher_way {
    WAY_STARTING, /* not known yet: the bus is away, or was not asked yet */
    WAY_STREAM,
    WAY_PLAIN,
    WAY_HELD,  /* something is wrong, the log says what: events wait */
    WAY_OTHER, /* another process publishes */
};

/* For an operator; from any thread. */
struct publisher_stats {
    enum publisher_way way;
    uint64_t resent; /* events sent more than once by this process */
};
struct publisher_stats publisher_stats(struct publisher *p);

/* "stream", "plain", ... Static. */
const char *publisher_way_text(enum publisher_way way);

/* Sends what is left, for at most about TIMEOUT_MS, then ends the thread and frees; NULL is fine.
 * What was not sent stays in the outbox. The last progress, as above. */
struct outbox_taken publisher_stop(struct publisher *p, int timeout_ms);

#endif
