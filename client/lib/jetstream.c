#include "jetstream.h"

#include "error.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, TOKENS_MAX = 12 };
#define SECOND_NS INT64_C(1000000000)

static const int64_t forgotten_after_ns = 60 * SECOND_NS;
/* How long a reader that was killed keeps the next one waiting for what it had not acknowledged. */
static const int64_t ack_wait_ns = 2 * SECOND_NS;
static const int64_t unacked_max = 10000;

static void put_begin(json_t *config, const struct js_begin *begin)
{
    time_t s = (time_t)(begin->unix_ms / 1000);
    char day[32], when[40];
    struct tm utc;

    if (begin->only_new) {
        json_object_set_new(config, "deliver_policy", json_string("new"));
    } else if (begin->sequence != 0) {
        json_object_set_new(config, "deliver_policy", json_string("by_start_sequence"));
        json_object_set_new(config, "opt_start_seq", json_integer((json_int_t)begin->sequence));
    } else if (begin->unix_ms != 0 && gmtime_r(&s, &utc)) {
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(when, sizeof when, "%s.%03dZ", day, (int)(begin->unix_ms % 1000));
        json_object_set_new(config, "deliver_policy", json_string("by_start_time"));
        json_object_set_new(config, "opt_start_time", json_string(when));
    } else {
        json_object_set_new(config, "deliver_policy", json_string("all"));
    }
}

void js_create_request(const struct js_reader *reader, char ret[JS_REQUEST_SIZE])
{
    json_t *config = json_object(), *whole = json_object();
    size_t n;

    json_object_set_new(config, reader->durable ? "durable_name" : "name",
                        json_string(reader->name));
    put_begin(config, &reader->begin);
    json_object_set_new(config, "replay_policy", json_string("instant"));
    if (reader->filter[0] != '\0')
        json_object_set_new(config, "filter_subject", json_string(reader->filter));
    json_object_set_new(config, "ack_policy", json_string(reader->durable ? "all" : "none"));
    if (reader->durable) {
        json_object_set_new(config, "ack_wait", json_integer(ack_wait_ns));
        json_object_set_new(config, "max_ack_pending", json_integer(unacked_max));
        json_object_set_new(config, "max_deliver", json_integer(-1));
    } else {
        json_object_set_new(config, "inactive_threshold", json_integer(forgotten_after_ns));
        json_object_set_new(config, "mem_storage", json_true());
    }
    json_object_set_new(whole, "stream_name", json_string(reader->stream));
    json_object_set_new(whole, "config", config);
    n = json_dumpb(whole, ret, JS_REQUEST_SIZE - 1, JSON_COMPACT);
    ret[n < JS_REQUEST_SIZE ? n : 0] = '\0';
    json_decref(whole);
}

static void copy_text(const json_t *object, const char *name, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    snprintf(to, size, "%s", text ? text : "");
}

static uint64_t number(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));

    return value > 0 ? (uint64_t)value : 0;
}

/* "2026-11-22T10:27:44.08928194Z", to the second; 0: it is none. */
static int64_t read_time(const char *text)
{
    struct tm utc = {0};

    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) ? (int64_t)timegm(&utc) : 0;
}

static bool read_consumer(const json_t *json, struct js_consumer *ret)
{
    const json_t *config = json_object_get(json, "config");
    const json_t *delivered = json_object_get(json, "delivered");
    char acks[16];

    if (!json_is_object(config) || !json_is_object(delivered))
        return false;
    copy_text(json, "name", ret->name, sizeof ret->name);
    ret->created_unix_s = read_time(json_string_value(json_object_get(json, "created")));
    copy_text(config, "filter_subject", ret->filter, sizeof ret->filter);
    if (json_array_size(json_object_get(config, "filter_subjects")) > 0)
        snprintf(ret->filter, sizeof ret->filter, "several subjects");
    copy_text(config, "ack_policy", acks, sizeof acks);
    ret->acks_all = strcmp(acks, "all") == 0;
    ret->is_pull = !json_object_get(config, "deliver_subject");
    ret->ack_wait_us = (int64_t)(number(config, "ack_wait") / NS_PER_US);
    ret->delivered_stream = number(delivered, "stream_seq");
    ret->delivered = number(delivered, "consumer_seq");
    ret->floor_stream = number(json_object_get(json, "ack_floor"), "stream_seq");
    ret->unacked = number(json, "num_ack_pending");
    ret->pending = number(json, "num_pending");
    ret->waiting = number(json, "num_waiting");
    ret->unacked_max = number(config, "max_ack_pending");
    return ret->name[0] != '\0';
}

enum twofold_status js_read_consumer(const uint8_t *text, size_t n, struct js_consumer *ret,
                                     int *ret_code, struct twofold_error *error)
{
    json_t *json = json_loadb((const char *)text, n, 0, NULL), *wrong;
    enum twofold_status status = TWOFOLD_OK;
    char why[128];

    *ret_code = 0;
    wrong = json_object_get(json, "error");
    if (json_is_object(wrong)) {
        *ret_code = (int)number(wrong, "err_code");
        copy_text(wrong, "description", why, sizeof why);
        status = error_set(error, TWOFOLD_REFUSED, "JetStream says: %s (%d)", why, *ret_code);
    } else if (!read_consumer(json, ret)) {
        status = error_set(error, TWOFOLD_PROTOCOL, "the answer is not JetStream's");
    }
    json_decref(json);
    return status;
}

/* Splits TEXT at its dots. The number of tokens; 0: too many. */
static size_t split(char *text, char *ret_tokens[TOKENS_MAX])
{
    size_t n = 0;
    char *token;

    while ((token = strsep(&text, "."))) {
        if (n == TOKENS_MAX)
            return 0;
        ret_tokens[n++] = token;
    }
    return n;
}

static bool read_number(const char *text, uint64_t *ret)
{
    char *end;

    *ret = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

/* Behind the stream and the consumer: times, stream's and consumer's sequence, time, pending. */
bool js_read_delivery(const char *reply, struct js_delivery *ret)
{
    char text[JS_REPLY_SIZE], *tokens[TOKENS_MAX];
    size_t n, at;
    uint64_t stored_ns;

    if (strncmp(reply, "$JS.ACK.", 8) != 0 ||
        snprintf(text, sizeof text, "%s", reply) >= (int)sizeof text)
        return false;
    n = split(text, tokens);
    if (n != 9 && n != 11 && n != 12)
        return false;
    at = n == 9 ? 2 : 4; /* the longer form names domain and account first, and ends in a random */
    if (snprintf(ret->consumer, sizeof ret->consumer, "%s", tokens[at + 1]) >=
            (int)sizeof ret->consumer ||
        !read_number(tokens[at + 2], &ret->times) ||
        !read_number(tokens[at + 3], &ret->stream_sequence) ||
        !read_number(tokens[at + 4], &ret->consumer_sequence) ||
        !read_number(tokens[at + 5], &stored_ns) || !read_number(tokens[at + 6], &ret->pending))
        return false;
    ret->stored_unix_ms = (int64_t)(stored_ns / NS_PER_MS);
    return ret->stream_sequence != 0 && ret->consumer_sequence != 0;
}
