/*
 * The other end of the wire for tests of the client: a responder on a real bus, written against
 * the contract alone. It answers what the test's function says, byte for byte.
 */
#ifndef TWOFOLD_TESTS_CLIENT_PEER_H
#define TWOFOLD_TESTS_CLIENT_PEER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

struct peer_request {
    const char *subject, *method;         /* "login.confirm_password" */
    const char *request_id, *traceparent; /* NULL: absent */
    const uint8_t *data;
    size_t n;
};

/* Zeroed before each request. */
struct peer_answer {
    const ProtobufCMessage *reply; /* packed as the body */
    const void *raw;               /* or these N bytes */
    size_t n;
    const char *code, *text; /* ADR-32 headers */
    bool silent;             /* no answer at all */
    int copies;              /* answers beyond the first */
};

typedef void peer_fn(const struct peer_request *request, struct peer_answer *answer, void *ctx);

/* Serves SUBJECT ("twofold.v1.>") until peer_stop. ANSWER runs on one thread. */
struct peer *peer_start(const char *url, const char *subject, peer_fn *answer, void *ctx);
void peer_stop(struct peer *peer);

/* Publishes N bytes, and returns when the server has them. */
void peer_publish(struct peer *peer, const char *subject, const void *data, size_t n);

/* For threads that a callback wakes: waits, at most ten seconds, until *VALUE is WANTED. */
bool peer_wait(const _Atomic int *value, int wanted);

#endif
