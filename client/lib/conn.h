/*
 * The bus, in this library's words: one connection, its inbox, and subscriptions. The only way to
 * nats.h, with conn_login.h.
 */
#ifndef TWOFOLD_CLIENT_CONN_H
#define TWOFOLD_CLIENT_CONN_H

#include "base/attr.h"

#include <stdbool.h>
#include <twofold/client.h>

struct conn;
struct conn_sub;

/* A message, borrowed. Of the last four fields none is set in a plain message or a success. */
struct conn_message {
    const char *subject, *tail; /* tail: its last token */
    const char *reply;          /* NULL: none */
    const uint8_t *data;
    size_t n;
    bool no_responders;     /* the server says that nobody serves the subject */
    const char *error_code; /* Nats-Service-Error-Code; "" when only the text came */
    const char *error_text; /* Nats-Service-Error; NULL when only the code came */
    const char *status;     /* the server's own word instead of a message: "404"; NULL: none */
};

typedef void conn_message_fn(const struct conn_message *message, void *ctx);

struct conn_events {
    conn_message_fn *answer; /* something arrived in the inbox; its token is the tail */
    void (*lost)(void *ctx); /* the connection broke: answers in flight will not come */
    void (*forbidden)(const char *subject, void *ctx); /* the server took no message to SUBJECT */
    void *ctx;
};

/* Connects with OPTIONS, whose defaults are filled in. Events may run before this returns. */
enum twofold_status conn_open(const struct twofold_client_options *options,
                              const struct conn_events *events, struct conn **ret_conn,
                              struct twofold_error *error);

/* Waits for running events to return; none runs after. NULL is fine. */
void conn_close(struct conn *conn);

struct conn_request {
    const char *subject;
    const char *reply_tail; /* answers arrive in the inbox with this tail */
    const uint8_t *data;
    size_t n;
    const char *request_id, *traceparent; /* headers; NULL: none */
};

enum { CONN_SUBJECT_SIZE = 256 };

/* Subject at which answers with TAIL (up to 64 characters) arrive. */
void conn_inbox(const struct conn *conn, const char *tail, char ret_subject[CONN_SUBJECT_SIZE]);

/* Hands the request to the socket. Without a connection it fails at once: a code that is delivered
 * after a reconnect would be spent for a caller who has given up. */
enum twofold_status conn_send(struct conn *conn, const struct conn_request *request,
                              struct twofold_error *error);

/* How often the connection broke so far: what was asked before the last time is not answered. */
unsigned conn_losses(const struct conn *conn);

/* The server's complaint, if there was one since the monotonic time SINCE_US; else "". Usually that
 * the login may not use a subject: the server tells the connection, never the call. */
void conn_complaint(struct conn *conn, int64_t since_us, char ret_text[TWOFOLD_MESSAGE_SIZE]);

/* EACH runs for every message on SUBJECT, on a thread of its own. Returns after the server has
 * heard of it, with TWOFOLD_DISCONNECTED if it does not permit it. */
enum twofold_status conn_subscribe(struct conn *conn, const char *subject,
                                   const struct conn_events *each, struct conn_sub **ret_sub,
                                   struct twofold_error *error);

/* Waits for a running event to return; none runs after. NULL is fine. */
void conn_unsubscribe(struct conn_sub *sub);

#endif
