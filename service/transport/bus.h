/*
 * The bus port: requests in, replies out. bus_nats.c implements it on NATS.
 *
 * A bus that serves has a thread of its own, which reads and writes; requests are handed over
 * beside it (struct bus_service). A bus that does not serve leaves all of that to threads of the
 * client library; it is for whoever publishes much and waits for the server.
 */
#ifndef TWOFOLD_TRANSPORT_BUS_H
#define TWOFOLD_TRANSPORT_BUS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

struct bus;

/* Where the connection of the audit trail is answered; no request is. docker/nats*.conf name it. */
#define BUS_AUDIT_INBOX "_INBOX.service-audit"

/* Where `twofoldd health` is answered; in docker/nats*.conf as well. */
#define BUS_HEALTH_INBOX "_INBOX.health"

struct bus_options {
    const char *url;
    const char *name;           /* of the connection, for the server's operators */
    const char *creds_file;     /* the rest: NULL or empty when not used */
    const char *nkey_file;      /* file with the user seed (SU...) */
    const char *login_settings; /* what the names of the settings with these two begin with, for
                                 * errors; NULL: "TWOFOLD_NATS" */
    const char *tls_ca, *tls_cert, *tls_key;
    const char *inbox_prefix; /* of what answers to this connection, 64 characters at most; NULL:
                               * "_INBOX" */
    bool serves;              /* requests will come: bus_serve */
    int64_t patience_ms;      /* with the client library, see bus_open; 0: a minute */
};

/* A request as it arrived; views that end with the call that handed it over. Text is
 * NUL-terminated, never NULL. */
struct bus_request {
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

/* The answer to what there is no room for; borrowed for ever. */
struct bus_shed {
    const struct bus_header *headers;
    size_t n_headers;
    struct bytes body;
};

/* Who is served. Nothing of it may wait for anything. */
struct bus_service {
    /* May one more request be handed over now? Those it may not wait, up to queue_max. Then takes
     * one. Called one at a time, on threads of the bus. */
    bool (*admits)(void *ctx);
    void (*request)(void *ctx, const struct bus_request *request);
    /* Something has come, or bus_wake was called: time to publish replies. They are sent together
     * when it returns. On the bus's own thread, beside the two above. */
    void (*turn)(void *ctx);
    void *ctx;
    unsigned queue_max; /* requests that wait to be handed over; more are shed */
    struct bus_shed shed;
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
 * Subscribes to SUBJECT in the queue group QUEUE and waits until the server has accepted it;
 * SERVICE is borrowed until bus_close. ERR_VALIDATION and RETERR, naming the missing permission,
 * when the server refuses. What finds no room is answered at once, undecoded.
 */
NODISCARD enum err bus_serve(struct bus *bus, const char *subject, const char *queue,
                             const struct bus_service *service, struct diag *reterr);

/* Has the service's turn called soon. From any thread; costs nothing while one is due anyway. */
void bus_wake(struct bus *bus);

/* Is SUBJECT one that a reply may go to: below _INBOX. or _R_., no wildcard, no blank? */
bool bus_reply_allowed(const char *subject);

/* Publishes, from any thread; leaves it in the connection's buffer, which is written soon.
 * ERR_UNAVAILABLE when the buffer is full; of a bus that serves, also while it is away. */
NODISCARD enum err bus_publish(struct bus *bus, const char *subject,
                               const struct bus_header *headers, size_t n_headers,
                               struct bytes body);

/* Sends what is buffered and waits until the server has it, at most TIMEOUT_MS; of a bus that
 * serves, after a whole turn. ERR_UNAVAILABLE also when the connection was made anew since the last
 * flush: what was published in between may be lost. From one thread, and not the bus's own. */
NODISCARD enum err bus_flush(struct bus *bus, int timeout_ms);

/* Ends the subscriptions of bus_serve; what the server has delivered so far was handed over, or
 * waits to be, when it returns. At most after TIMEOUT_MS. Not from the bus's own thread. */
void bus_drain(struct bus *bus, int timeout_ms);

/* Is the connection up at the moment? */
bool bus_connected(struct bus *bus);

/* How often the connection was made anew: what was on its way each time may be lost. */
uint64_t bus_renewals(struct bus *bus);

/* Has the bus refused us for good? The process must end. */
bool bus_is_closed(struct bus *bus);

/* Last "Permissions Violation for Publish" text since the last call, or "". Into RET, 256 bytes. */
void bus_take_violation(struct bus *bus, char ret_text[static 256]);

#endif
