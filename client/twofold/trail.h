/*
 * The audit trail, read from the stream that keeps it (NATS JetStream): all of it from the
 * beginning or from a time on, and again from where a reader with a name has left off.
 *
 *     struct twofold_trail_options options = {.durable = "alarms"};
 *     struct twofold_trail *trail = NULL;
 *     struct twofold_trail_message m;
 *
 *     if (twofold_trail_open(client, &options, &trail, &error) == TWOFOLD_OK)
 *         while (go_on) {
 *             if (twofold_trail_next(trail, 1000, &m, &error) != TWOFOLD_OK) {
 *                 if (error.status != TWOFOLD_TIMEOUT && error.status != TWOFOLD_DISCONNECTED)
 *                     break;
 *                 continue;
 *             }
 *             if (m.event)
 *                 handle(m.event);
 *             twofold_trail_ack(trail, &error);
 *         }
 *     twofold_trail_close(trail);
 *
 * A TIMEOUT says that nothing new came, DISCONNECTED that the bus is away for now. A message that
 * is no event has a fault that says why.
 *
 * A trail is used from one thread at a time. Its client must outlive it.
 */
#ifndef TWOFOLD_TRAIL_H
#define TWOFOLD_TRAIL_H

#include <stdbool.h>
#include <twofold/client.h>
#include <twofold/v1/audit.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything may be NULL or 0; the comment then gives what holds. */
struct twofold_trail_options {
    const char *stream;    /* "TWOFOLD_AUDIT" */
    const char *js_domain; /* JetStream domain, where it is another account's: none */
    const char *durable; /* name of the reader, [A-Za-z0-9_-]{1,32}: the next one of that name goes
                          * on behind what was acknowledged. It is made if it does not exist, and
                          * then begins as the options say; one process at a time reads by it.
                          * NULL: forgotten at the end */
    const char *type;    /* only "login" or "login.failed": all types */
    bool all_orgs;       /* of every organization, not only the client's */
    int64_t since_unix_ms;  /* stored at this time or later: from the first on */
    uint64_t from_sequence; /* of the stream, this one or later; goes before since_unix_ms */
    bool only_new;          /* nothing that is there already; goes before both */
};

struct twofold_trail;

/* One message of the stream. Borrowed: valid until the next call for the trail. */
struct twofold_trail_message {
    const char *subject;
    const uint8_t *data; /* byte for byte as published: what digests are computed over */
    size_t n;
    uint64_t stream_sequence;
    int64_t stored_unix_ms;
    uint64_t left;                        /* messages for the reader behind this one, about */
    const Twofold__V1__AuditEvent *event; /* NULL: it is no event of its subject, see fault */
    const char *fault;                    /* static; NULL: none */
};

/* TWOFOLD_USAGE for malformed options; TWOFOLD_REFUSED when there is no JetStream, no such stream,
 * or the reader cannot be made or used: error->message says which, and what to do; TWOFOLD_TIMEOUT
 * also when the login may not ask. */
TWOFOLD_API enum twofold_status twofold_trail_open(struct twofold_client *client,
                                                   const struct twofold_trail_options *options,
                                                   struct twofold_trail **ret_trail,
                                                   struct twofold_error *error);

/* Waits up to TIMEOUT_MS for the next message, in the order of the stream, each once. 0: of what
 * the stream holds now. TWOFOLD_TIMEOUT: none came, with 0: there is none. TWOFOLD_DISCONNECTED
 * while the bus is away: call again, the trail goes on where it was. TWOFOLD_REFUSED: it cannot go
 * on (the stream or the reader is gone or was made anew; or too much is not acknowledged).
 * TWOFOLD_NO_RESPONDERS: the login may not fetch messages, or nobody gives any. */
TWOFOLD_API enum twofold_status twofold_trail_next(struct twofold_trail *trail, int64_t timeout_ms,
                                                   struct twofold_trail_message *ret,
                                                   struct twofold_error *error);

/* About how many messages there were for the reader behind what it had acknowledged, when the trail
 * was opened: as the server counts, which may be off by one. For a progress bar, not for an end. */
TWOFOLD_API uint64_t twofold_trail_size(const struct twofold_trail *trail);

/* Was its reader made when the trail was opened? A durable one has then read nothing before. */
TWOFOLD_API bool twofold_trail_is_new(const struct twofold_trail *trail);

/* The reader has dealt with all messages returned so far: its next run begins behind them. What it
 * does not acknowledge comes again in its next run; after 10000 (or what the reader was made with)
 * no more come before it does. Only with a durable reader; else it does nothing. Waits for the
 * server; after a failure call it again. */
TWOFOLD_API enum twofold_status twofold_trail_ack(struct twofold_trail *trail,
                                                  struct twofold_error *error);

/* NULL is fine. */
TWOFOLD_API void twofold_trail_close(struct twofold_trail *trail);

#ifdef __cplusplus
}
#endif

#endif
