/*
 * The NATS client protocol, as little as a load generator needs, without a library: what it costs
 * is not counted against the service. One connection, one subscription (everything below INBOX),
 * text to send gathers until it is flushed. No TLS, no logins.
 */
#ifndef TWOFOLD_BENCH_WIRE_H
#define TWOFOLD_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
    int fd;
    char *out, *in;
    size_t out_from, out_to, in_from, in_to;
};

/* A reply; borrowed from the connection until the next wire_read. */
struct wire_message {
    const char *subject; /* not terminated */
    size_t n_subject;
    const uint8_t *header, *body; /* of the bytes sent: header is NULL when there is none */
    size_t n_header, n_body;
};

/* Connects to nats://127.0.0.1:PORT, subscribes to INBOX, and leaves the socket non-blocking;
 * false after saying on standard error why not. */
bool wire_open(struct wire *w, const char *url, const char *inbox);
void wire_close(struct wire *w);

/* Room for N bytes that will be sent; NULL while more than 1 MiB waits for the server. */
char *wire_room(struct wire *w, size_t n);

/* Writes what the socket takes; false when the connection is gone. */
bool wire_flush(struct wire *w);
bool wire_unsent(const struct wire *w);

/* Reads what is there; false when the connection is gone. */
bool wire_read(struct wire *w);

/* The next message that is there as a whole; false: none. Answers the server's PING. */
bool wire_next(struct wire *w, struct wire_message *ret);

#endif
