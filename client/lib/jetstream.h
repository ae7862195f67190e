/*
 * The words of JetStream's API (NATS ADR-1, ADR-13, ADR-15) that a reader of one stream needs.
 * Pure: text in, text out. Written by hand, as libnats 3.4 overflows its heap when it fetches
 * (#749).
 */
#ifndef TWOFOLD_CLIENT_JETSTREAM_H
#define TWOFOLD_CLIENT_JETSTREAM_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twofold/client.h>

enum { JS_NAME_SIZE = 65, JS_FILTER_SIZE = 256, JS_REQUEST_SIZE = 1024, JS_REPLY_SIZE = 512 };

/* err_code of an answer. */
enum {
    JS_STARTING = 10008, /* "temporarily unavailable" */
    JS_NO_CONSUMER = 10014,
    JS_NOT_ENABLED_FOR_ACCOUNT = 10039,
    JS_NO_STREAM = 10059,
    JS_NOT_ENABLED = 10076,
};

/* Where a new consumer begins: the first of these that is not 0; none: at the first message. */
struct js_begin {
    bool only_new;
    uint64_t sequence;
    int64_t unix_ms;
};

/* A consumer to make. */
struct js_reader {
    const char *stream, *name, *filter; /* filter "": everything */
    bool durable;                       /* kept, with what it acknowledged; else forgotten soon */
    struct js_begin begin;
};

/* What there is of a consumer. */
struct js_consumer {
    char name[JS_NAME_SIZE], filter[JS_FILTER_SIZE];
    int64_t created_unix_s; /* a server that starts again may give another one, a little later */
    bool is_pull, acks_all;
    int64_t ack_wait_us;
    uint64_t delivered_stream, delivered; /* newest delivery: sequence of stream and of consumer */
    uint64_t floor_stream;                /* all up to it are acknowledged */
    uint64_t unacked, pending, waiting;   /* delivered, not delivered yet; requests for more */
    uint64_t unacked_max;                 /* 0: no bound */
};

/* JSON of a request that makes READER. */
void js_create_request(const struct js_reader *reader, char ret[JS_REQUEST_SIZE]);

/* Reads an answer about a consumer, N bytes of JSON. TWOFOLD_REFUSED: it says an error;
 * *RET_CODE is its err_code, or 0. TWOFOLD_PROTOCOL: it is no such answer. */
enum twofold_status js_read_consumer(const uint8_t *json, size_t n, struct js_consumer *ret,
                                     int *ret_code, struct twofold_error *error);

/* What the reply subject of a delivered message says of it. */
struct js_delivery {
    char consumer[JS_NAME_SIZE];
    uint64_t times; /* that it was delivered, this one counted */
    uint64_t stream_sequence, consumer_sequence;
    int64_t stored_unix_ms;
    uint64_t pending; /* behind it */
};

/* Reads $JS.ACK.(<domain>.<account>.)<stream>.<consumer>.<times>.<sequences>.<time>.<pending>.
 * False: REPLY is none. */
NODISCARD bool js_read_delivery(const char *reply, struct js_delivery *ret);

#endif
