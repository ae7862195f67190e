/*
 * The bus port: requests in, replies out, in batches. One thread serves (the one that calls
 * bus_wait); the library's threads are hidden behind it. bus_nats.c implements it on NATS.
 */
#ifndef TWOFOLD_TRANSPORT_BUS_H
#define TWOFOLD_TRANSPORT_BUS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

struct bus;
struct bus_message; /* one received message; owns the bytes that bus_request views */

/* Where the connection of the audit trail is answered; no request is. docker/nats*.conf name it. */
#define BUS_AUDIT_INBOX "_INBOX.service-audit"

struct bus_options {
    const char *url;
    const char *name;       /* of the connection, for the server's operators */
    const char *creds_file; /* the rest: NULL or empty when not used */
    const char *nkey_file;  /* file with the user seed (SU...) */
    const char *tls_ca, *tls_cert, *tls_key;
    const char *inbox_prefix; /* of what answers to this connection, 64 characters at most; NULL:
                               * "_INBOX" */
    unsigned queue_max;       /* requests waiting for bus_wait; more are shed */
    int64_t patience_ms;      /* with the client library, see bus_open; 0: a minute */
};

/* A request as it arrived; views into its message. Text is NUL-terminated, never NULL. */
struct bus_request {
    struct bus_message *message;
    const char *subject;
    const char *reply; /* "" when there is none */
    struct bytes payload;
    const char *request_id;   /* header Twofold-Request-Id, "" when absent */
    const char *traceparent;  /* header traceparent, "" when absent */
    const char *request_info; /* header Nats-Request-Info; "" when absent, no JSON when doubled */
};

struct bus_header {
    const char *name, *value;
};

/*
 * Connects, waiting for a bus that is away with growing pauses until KEEP_TRYING(ctx) says false
 * (then ERR_UNAVAILABLE). Afterwards a lost connection is restored for ever. ERR_VALIDATION and
 * RETERR for what waiting cannot mend: unreadable files, malformed URL, refused credentials.
 *
 * From then on the process ends with exit code 1, and says so in the log, when the client library
 * does not come back for patience_ms from a call that has a timeout of its own.
 */
NODISCARD enum err bus_open(const struct bus_options *options, bool (*keep_trying)(void *ctx),
                            void *ctx, struct bus **ret_bus, struct diag *reterr);

/* Closes at once; NULL is fine. Unanswered requests are dropped: drain first. */
void bus_close(struct bus *bus);

/*
 * Subscribes to SUBJECT in the queue group QUEUE and waits until the server has accepted it.
 * ERR_VALIDATION and RETERR, naming the missing permission, when the server refuses. What exceeds
 * queue_max is answered at once with the SHED headers and body, which are borrowed for ever.
 */
struct bus_shed {
    const struct bus_header *headers;
    size_t n_headers;
    struct bytes body;
};
NODISCARD enum err bus_serve(struct bus *bus, const char *subject, const char *queue,
                             const struct bus_shed *shed, struct diag *reterr);

/*
 * Waits up to TIMEOUT_MS for requests or a wake; returns how many it put at RET (at most MAX):
 * every request that is waiting. Each must be given back with bus_release.
 */
size_t bus_wait(struct bus *bus, int timeout_ms, struct bus_request *ret, size_t max);

/* Makes a bus_wait of now or later return. From any thread. */
void bus_wake(struct bus *bus);

/* Gives the message back. */
void bus_release(struct bus_message *message);

/* Is SUBJECT one that a reply may go to: below _INBOX. or _R_., no wildcard, no blank? */
bool bus_reply_allowed(const char *subject);

/* Publishes; leaves it in the connection's buffer until bus_flush. ERR_UNAVAILABLE when the buffer
 * is full because the bus is away. */
NODISCARD enum err bus_publish(struct bus *bus, const char *subject,
                               const struct bus_header *headers, size_t n_headers,
                               struct bytes body);

/* Sends what is buffered and waits until the server has it, at most TIMEOUT_MS. ERR_UNAVAILABLE
 * also when the connection was made anew since the last flush: what was published in between may be
 * lost. From one thread. */
NODISCARD enum err bus_flush(struct bus *bus, int timeout_ms);

/* Ends the subscriptions of bus_serve; what the server has delivered so far still comes out of
 * bus_wait. Returns when the server has confirmed, at most after TIMEOUT_MS. */
void bus_drain(struct bus *bus, int timeout_ms);

/* Is the connection up at the moment? */
bool bus_connected(const struct bus *bus);

/* How often the connection was made anew: what was on its way each time may be lost. */
uint64_t bus_renewals(struct bus *bus);

/* Has the library given up for good? The process must end. */
bool bus_is_closed(struct bus *bus);

/* Last "Permissions Violation for Publish" text since the last call, or "". Into RET, 256 bytes. */
void bus_take_violation(struct bus *bus, char ret_text[static 256]);

#endif
