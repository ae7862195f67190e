/* A server with a stream, and a client of the organization acme that reads it. */
#ifndef TWOFOLD_TESTS_CLIENT_TRAIL_BENCH_H
#define TWOFOLD_TESTS_CLIENT_TRAIL_BENCH_H

#include "support/nats_server.h"
#include "unit/client/stream.h"

#include <twofold/trail.h>

enum { WAIT_MS = 20000 };

struct bench {
    struct nats_server server;
    struct stream *stream;
    struct twofold_client *client;
    struct twofold_error error;
};

/* cmocka's. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

struct twofold_client *bench_connect(const char *url, const char *org);

struct twofold_trail *open_trail(struct bench *b, struct twofold_trail_options options);

/* The next message is the event numbered N. */
void assert_next(struct bench *b, struct twofold_trail *trail, unsigned n);

void assert_no_more(struct bench *b, struct twofold_trail *trail);

#endif
