/*
 * A call is: check, enter into the table of waiting calls, send. From then on it belongs to whoever
 * takes it out of the table (calls.h), which is what makes every callback come exactly once, also
 * when an answer, a deadline and a close come together.
 *
 * A synchronous call is an asynchronous one whose caller waits (call_wait.c).
 */
#include "client.h"

#include "error.h"
#include "login_files.h"
#include "monotonic.h"
#include "subject.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS_DEFAULT = 5000, TIMEOUT_MS_MAX = 3600 * 1000, TOKEN_DIGITS = 16 };
enum { REQUEST_ID_MAX = 64, TRACEPARENT_MAX = 55 };

static _Thread_local bool in_callback;

bool client_in_callback(void)
{
    return in_callback;
}

static void settle(const struct waiting_call *call, ProtobufCMessage *reply,
                   const struct twofold_error *error)
{
    in_callback = true;
    call->settle(reply, error, call->then);
    in_callback = false;
}

static void describe(const struct twofold_client *client, const struct waiting_call *call,
                     char ret_subject[SUBJECT_SIZE])
{
    struct twofold_call named = {.service = call->service, .method = call->method->name};

    if (twofold_subject(client->org, &named, ret_subject, SUBJECT_SIZE) != TWOFOLD_OK)
        ret_subject[0] = '\0';
}

/* Fills ERROR; a reply only for a success that can be read. */
static ProtobufCMessage *read_answer(const struct twofold_client *client,
                                     const struct waiting_call *call, const struct conn_message *m,
                                     struct twofold_error *error)
{
    ProtobufCMessage *reply;
    char subject[SUBJECT_SIZE];

    describe(client, call, subject);
    if (m->no_responders) {
        error_set(error, TWOFOLD_NO_RESPONDERS, "nobody serves %s", subject);
        return NULL;
    }
    if (m->error_code) {
        error_from_refusal(
            error, &(struct refusal){
                       .code = m->error_code, .text = m->error_text, .body = m->data, .n = m->n});
        return NULL;
    }
    reply = protobuf_c_message_unpack(call->method->output, NULL, m->n, m->data);
    if (reply)
        error_clear(error);
    else
        error_set(error, TWOFOLD_PROTOCOL, "the answer on %s is not a %s", subject,
                  call->method->output->name);
    return reply;
}

static void on_answer(const struct conn_message *message, void *ctx)
{
    struct twofold_client *client = ctx;
    struct waiting_call call;
    struct twofold_error error;
    ProtobufCMessage *reply;
    char *end;
    uint64_t token = strtoull(message->tail, &end, 16);

    if (*end != '\0' || strlen(message->tail) != TOKEN_DIGITS ||
        !calls_take(client->calls, token, &call))
        return;
    reply = read_answer(client, &call, message, &error);
    settle(&call, reply, &error);
}

static void on_lost(void *ctx)
{
    struct twofold_client *client = ctx;

    calls_lose_all(client->calls);
}

struct forbidden {
    const struct twofold_client *client;
    const char *subject;
};

static bool is_forbidden(const struct waiting_call *call, void *ctx)
{
    const struct forbidden *f = ctx;
    char subject[SUBJECT_SIZE];

    describe(f->client, call, subject);
    return strcmp(subject, f->subject) == 0;
}

static void on_forbidden(const char *subject, void *ctx)
{
    struct twofold_client *client = ctx;

    calls_forbid(client->calls, is_forbidden,
                 &(struct forbidden){.client = client, .subject = subject});
}

static void on_ended(const struct waiting_call *call, enum calls_end why, void *ctx)
{
    struct twofold_client *client = ctx;
    struct twofold_error error;
    char subject[SUBJECT_SIZE], complaint[TWOFOLD_MESSAGE_SIZE] = "";
    int64_t waited_ms = (call->deadline_us - call->sent_us) / 1000;

    describe(client, call, subject);
    if (why == CALLS_LOST) {
        error_set(&error, TWOFOLD_DISCONNECTED,
                  "the connection to the NATS server ended before the answer on %s", subject);
    } else if (why == CALLS_FORBIDDEN) {
        error_set(&error, TWOFOLD_TIMEOUT,
                  "no answer will come; the NATS server says: Permissions Violation for Publish "
                  "to \"%s\"",
                  subject);
    } else {
        conn_complaint(client->conn, call->sent_us, complaint);
        error_set(&error, TWOFOLD_TIMEOUT, "no answer on %s within %" PRId64 " ms%s%s", subject,
                  waited_ms, complaint[0] ? "; the NATS server says: " : "", complaint);
    }
    settle(call, NULL, &error);
}

static struct twofold_client_options with_defaults(const struct twofold_client_options *from)
{
    struct twofold_client_options options = from ? *from : (struct twofold_client_options){0};

    if (!options.url)
        options.url = "nats://127.0.0.1:4222";
    if (!options.org)
        options.org = "default";
    if (!options.name)
        options.name = "twofold-client";
    if (!options.inbox_prefix)
        options.inbox_prefix = "_INBOX";
    if (options.timeout_ms == 0)
        options.timeout_ms = TIMEOUT_MS_DEFAULT;
    return options;
}

/* The bus library would take "http://" for a server to speak NATS to. */
static bool url_valid(const char *url)
{
    return strncmp(url, "nats://", 7) == 0 || strncmp(url, "tls://", 6) == 0;
}

static enum twofold_status check_options(const struct twofold_client_options *options,
                                         struct twofold_error *error)
{
    if (!org_valid(options->org))
        return error_set(error, TWOFOLD_USAGE, "the organization must be 1..64 of [A-Za-z0-9_-]");
    if (!inbox_prefix_valid(options->inbox_prefix))
        return error_set(error, TWOFOLD_USAGE,
                         "the inbox prefix must be _INBOX, or tokens of [A-Za-z0-9_-] below it "
                         "(_INBOX.app): the service answers nowhere else");
    if (!url_valid(options->url))
        return error_set(error, TWOFOLD_USAGE, "the NATS URL must begin with nats:// or tls://");
    if (options->timeout_ms < 1 || options->timeout_ms > TIMEOUT_MS_MAX)
        return error_set(error, TWOFOLD_USAGE, "the timeout must be 1 ms to an hour");
    if (options->creds_file && options->nkey_file)
        return error_set(error, TWOFOLD_USAGE, "a creds file and an nkey file exclude each other");
    if (!options->tls_cert_file != !options->tls_key_file)
        return error_set(error, TWOFOLD_USAGE, "a TLS certificate and its key need each other");
    return login_files_check(options, error);
}

enum twofold_status twofold_client_connect(const struct twofold_client_options *given,
                                           struct twofold_client **ret_client,
                                           struct twofold_error *error)
{
    struct twofold_client_options options = with_defaults(given);
    struct twofold_client *client;
    struct conn_events events = {.answer = on_answer, .lost = on_lost, .forbidden = on_forbidden};
    enum twofold_status status = check_options(&options, error);

    if (status != TWOFOLD_OK)
        return status;
    client = calloc(1, sizeof *client);
    if (client)
        client->calls = calls_open((struct calls_keeper){.ended = on_ended, .ctx = client});
    if (!client || !client->calls) {
        twofold_client_close(client);
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory or threads");
    }
    snprintf(client->org, sizeof client->org, "%s", options.org);
    client->timeout_ms = options.timeout_ms;
    events.ctx = client;
    status = conn_open(&options, &events, &client->conn, error);
    if (status != TWOFOLD_OK) {
        twofold_client_close(client);
        return status;
    }
    error_clear(error);
    *ret_client = client;
    return TWOFOLD_OK;
}

void twofold_client_close(struct twofold_client *client)
{
    if (!client)
        return;
    if (client->calls)
        calls_stop(client->calls);
    conn_close(client->conn); /* until it is closed, late answers look for their call */
    calls_free(client->calls);
    free(client);
}

/* 1..MAX printable ASCII characters: a header value that means the same at the other end. */
static bool header_valid(const char *value, size_t max)
{
    size_t n = strlen(value);

    for (size_t i = 0; i < n; i++)
        if (value[i] < ' ' || value[i] > '~')
            return false;
    return n >= 1 && n <= max;
}

static enum twofold_status check_call(const struct twofold_client *client,
                                      const struct twofold_call *call,
                                      char ret_subject[SUBJECT_SIZE], struct twofold_error *error)
{
    const ProtobufCMethodDescriptor *method;

    if (twofold_subject(client->org, call, ret_subject, SUBJECT_SIZE) != TWOFOLD_OK)
        return error_set(error, TWOFOLD_USAGE, "the service has no method %s",
                         call->method ? call->method : "(none given)");
    method = protobuf_c_service_descriptor_get_method_by_name(call->service, call->method);
    if (!call->request || call->request->descriptor != method->input)
        return error_set(error, TWOFOLD_USAGE, "the request of %s must be a %s", call->method,
                         method->input->name);
    if (call->timeout_ms < 0 || call->timeout_ms > TIMEOUT_MS_MAX)
        return error_set(error, TWOFOLD_USAGE, "the timeout must be 1 ms to an hour");
    if (call->request_id && !header_valid(call->request_id, REQUEST_ID_MAX))
        return error_set(error, TWOFOLD_USAGE, "a request id must be 1..64 printable ASCII");
    if (call->traceparent && !header_valid(call->traceparent, TRACEPARENT_MAX))
        return error_set(error, TWOFOLD_USAGE, "a traceparent must be 1..55 printable ASCII");
    return TWOFOLD_OK;
}

/* The packed request may hold a password or a code: it is wiped as soon as it is sent. */
static enum twofold_status pack_and_send(struct twofold_client *client,
                                         const ProtobufCMessage *message,
                                         struct conn_request *request, struct twofold_error *error)
{
    enum twofold_status status;
    uint8_t *packed;

    request->n = protobuf_c_message_get_packed_size(message);
    packed = malloc(request->n + 1);
    if (!packed)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    protobuf_c_message_pack(message, packed);
    request->data = packed;
    status = conn_send(client->conn, request, error);
    explicit_bzero(packed, request->n);
    free(packed);
    return status;
}

enum twofold_status client_send(struct twofold_client *client, const struct twofold_call *call,
                                uint64_t token, struct twofold_error *error)
{
    char subject[SUBJECT_SIZE], tail[TOKEN_DIGITS + 1];
    enum twofold_status status = check_call(client, call, subject, error);

    if (status != TWOFOLD_OK)
        return status;
    snprintf(tail, sizeof tail, "%0*" PRIx64, TOKEN_DIGITS, token);
    return pack_and_send(client, call->request,
                         &(struct conn_request){.subject = subject,
                                                .reply_tail = tail,
                                                .request_id = call->request_id,
                                                .traceparent = call->traceparent},
                         error);
}

enum twofold_status client_start_call(struct twofold_client *client,
                                      const struct twofold_call *call, struct waiting_call *waiting,
                                      struct twofold_error *error)
{
    char subject[SUBJECT_SIZE];
    struct waiting_call taken;
    enum twofold_status status = check_call(client, call, subject, error);

    if (status != TWOFOLD_OK)
        return status;
    waiting->service = call->service;
    waiting->method = protobuf_c_service_descriptor_get_method_by_name(call->service, call->method);
    waiting->sent_us = monotonic_us();
    waiting->deadline_us =
        waiting->sent_us + (call->timeout_ms ? call->timeout_ms : client->timeout_ms) * 1000;
    status = calls_add(client->calls, waiting, &waiting->token);
    if (status != TWOFOLD_OK)
        return error_set(error, status, "%s",
                         status == TWOFOLD_EXHAUSTED ? "too many calls wait, or memory is short"
                                                     : "the client is being closed");
    status = client_send(client, call, waiting->token, error);
    if (status != TWOFOLD_OK && calls_take(client->calls, waiting->token, &taken))
        return status;
    error_clear(error); /* sent, or already settled by somebody else */
    return TWOFOLD_OK;
}

static void settle_callback(ProtobufCMessage *reply, const struct twofold_error *error,
                            struct twofold_callback then)
{
    then.call(reply, error, then.ctx);
    twofold_reply_free(reply);
}

enum twofold_status twofold_client_call_async(struct twofold_client *client,
                                              const struct twofold_call *call,
                                              struct twofold_callback then,
                                              struct twofold_error *error)
{
    struct waiting_call waiting = {.settle = settle_callback, .then = then};

    if (call->try_ms != 0)
        return error_set(error, TWOFOLD_USAGE, "an asynchronous call takes no try_ms");
    return client_start_call(client, call, &waiting, error);
}
