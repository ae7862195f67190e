/*
 * libtwofold-client: asks a Twofold service, over NATS, whether a user is who they say they are.
 *
 *     struct twofold_client_options options = {.org = "acme"};
 *     struct twofold_client *client = NULL;
 *     struct twofold_error error;
 *     Twofold__V1__VerifyRequest ask = TWOFOLD__V1__VERIFY_REQUEST__INIT;
 *     struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
 *                                 .method = "Verify",
 *                                 .request = &ask.base};
 *     ProtobufCMessage *reply = NULL;
 *
 *     ask.username = "alice";
 *     ask.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
 *     ask.code = "123456";
 *     if (twofold_client_connect(&options, &client, &error) == TWOFOLD_OK &&
 *         twofold_client_call(client, &call, &reply, &error) == TWOFOLD_OK)
 *         puts("it is alice");
 *     else
 *         fprintf(stderr, "treat it as a no: %s\n", error.message);
 *     twofold_reply_free(reply);
 *     twofold_client_close(client);
 *
 * Requests and replies are the generated messages of <twofold/v1/....pb-c.h>. Functions may be
 * called from any thread unless they say otherwise. Strings that are passed in are copied, never
 * kept. Nothing here reads the environment or prints. ERROR is always set, also on success.
 *
 * A yes is TWOFOLD_OK and nothing else: treat every other status as no.
 */
#ifndef TWOFOLD_CLIENT_H
#define TWOFOLD_CLIENT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWOFOLD_API __attribute__((visibility("default")))

enum twofold_status {
    TWOFOLD_OK = 0,
    TWOFOLD_REFUSED,       /* the service answered with an error: see reason and code */
    TWOFOLD_TIMEOUT,       /* no answer in time (perhaps executed), or the bus forbids to ask */
    TWOFOLD_NO_RESPONDERS, /* the bus is there, nobody serves the subject; nothing was executed */
    TWOFOLD_DISCONNECTED,  /* no connection to the bus, or it was lost while waiting (unknown) */
    TWOFOLD_USAGE,         /* an argument is wrong; nothing was sent */
    TWOFOLD_PROTOCOL,      /* the answer is not one that this library understands */
    TWOFOLD_EXHAUSTED,     /* memory, threads or room for calls ran out here; nothing was sent */
};

enum {
    TWOFOLD_ORG_MAX = 64,         /* characters, all of [A-Za-z0-9_-] */
    TWOFOLD_REQUEST_ID_SIZE = 33, /* 32 characters and a NUL */
    TWOFOLD_MESSAGE_SIZE = 256,
    TWOFOLD_VIOLATIONS_MAX = 16,
};

struct twofold_violation {
    char field[64]; /* of the request, or the header or subject token */
    char rule[192]; /* what it must be */
};

/* What came of a call. Texts are cut to their size, always end with a NUL, and hold no secret. */
struct twofold_error {
    enum twofold_status status;
    int reason;                         /* Twofold__V1__Error__Reason; 0 unless REFUSED */
    int code;                           /* HTTP-like (ADR-32); 0 unless REFUSED */
    char message[TWOFOLD_MESSAGE_SIZE]; /* one sentence for people */
    int64_t retry_after_seconds;        /* 0: none given */
    int32_t attempts_left; /* free tries before waiting starts; 0: none left or given */
    size_t n_violations;
    struct twofold_violation violations[TWOFOLD_VIOLATIONS_MAX];
};

/* Static name of a status, "TIMEOUT"; "UNKNOWN" for a number that is none. */
TWOFOLD_API const char *twofold_status_name(enum twofold_status status);

struct twofold_client; /* opaque: a connection to the bus, and the calls that wait on it */

/* Everything may be NULL or 0; the comment then gives what holds. */
struct twofold_client_options {
    const char *url;           /* "nats://127.0.0.1:4222"; tls:// asks for TLS */
    const char *org;           /* "default" */
    const char *name;          /* connection's name on the bus: "twofold-client" */
    const char *creds_file;    /* user JWT and seed; excludes nkey_file */
    const char *nkey_file;     /* user seed, "SU..." */
    const char *tls_ca_file;   /* PEM; the system's */
    const char *tls_cert_file; /* PEM; needs tls_key_file */
    const char *tls_key_file;  /* PEM */
    const char *inbox_prefix;  /* "_INBOX", or below it ("_INBOX.app"): where replies arrive */
    int64_t timeout_ms;        /* of connecting, and of calls that give none: 5000 */
};

/* Connects, and stays connected: a lost connection is sought again until close, and calls fail at
 * once meanwhile. Blocks for at most about three times timeout_ms (a refused login is tried again).
 * OPTIONS may be NULL. *RET_CLIENT is set only with TWOFOLD_OK; close it with
 * twofold_client_close(). TWOFOLD_USAGE: malformed options, or a file that cannot be read or used;
 * TWOFOLD_DISCONNECTED: no server, or it refused the login. */
TWOFOLD_API enum twofold_status twofold_client_connect(const struct twofold_client_options *options,
                                                       struct twofold_client **ret_client,
                                                       struct twofold_error *error);

/* Ends the connection. Calls that still wait get their callback, with TWOFOLD_DISCONNECTED, before
 * this returns; no callback runs after. Close the client's watches and destroy its services before.
 * Never call it from a callback, nor while another thread uses CLIENT. NULL is fine. */
TWOFOLD_API void twofold_client_close(struct twofold_client *client);

/* One request. Zero what you do not need. */
struct twofold_call {
    const ProtobufCServiceDescriptor *service; /* &twofold__v1__login__descriptor, ... */
    const char *method;                        /* name in the .proto: "ConfirmPassword" */
    const ProtobufCMessage *request;           /* of the method's input type; borrowed */
    const char *request_id;  /* 1..64 printable ASCII: makes a repetition within 30 s safe */
    const char *traceparent; /* W3C trace context, copied into the audit event */
    int64_t timeout_ms;      /* 0: the client's */
    int64_t try_ms;          /* 0: sent once; else see twofold_client_call(), no other takes it */
};

/* What an asynchronous call ends with. REPLY is of the method's output type and borrowed: it is
 * wiped and freed on return. It is NULL unless ERROR->status is TWOFOLD_OK. Runs on a thread of the
 * library, one callback at a time for answers and one at a time for the rest: be short, and make no
 * blocking call of this library (twofold_client_call() there is TWOFOLD_USAGE). */
typedef void twofold_reply_fn(const ProtobufCMessage *reply, const struct twofold_error *error,
                              void *ctx);

struct twofold_callback {
    twofold_reply_fn *call;
    void *ctx; /* handed to it; the caller's */
};

/* Sends the request and returns. TWOFOLD_OK: THEN is called exactly once, perhaps before this
 * returns. Anything else (USAGE, DISCONNECTED, EXHAUSTED): never, and ERROR says why. */
TWOFOLD_API enum twofold_status twofold_client_call_async(struct twofold_client *client,
                                                          const struct twofold_call *call,
                                                          struct twofold_callback then,
                                                          struct twofold_error *error);

/* Sends the request and waits for what comes of it, at most the timeout. *RET_REPLY is set only
 * with TWOFOLD_OK; free it with twofold_reply_free().
 *
 * The same request under the same request_id gets the first answer again, for 30 s, and has no
 * second effect. Who asked an instance that died hears nothing: call again after TIMEOUT,
 * DISCONNECTED and NO_RESPONDERS. Or have it done: with a request_id and try_ms (say 1000), what
 * has no answer is sent again each TRY_MS until the timeout, which must then be 25 s at most. A
 * refusal is an answer. Else nothing is sent twice. */
TWOFOLD_API enum twofold_status twofold_client_call(struct twofold_client *client,
                                                    const struct twofold_call *call,
                                                    ProtobufCMessage **ret_reply,
                                                    struct twofold_error *error);

/* Wipes every text and byte field of a message that protobuf-c unpacked, and frees it. NULL is
 * fine. Copies in the bus library's buffers are out of reach. */
TWOFOLD_API void twofold_reply_free(ProtobufCMessage *reply);

/* A fresh request id: 32 hex digits from the system's random source. */
TWOFOLD_API void twofold_request_id(char ret_id[TWOFOLD_REQUEST_ID_SIZE]);

/* The service of DESCRIPTOR over CLIENT, for protobuf-c's generated stubs:
 * twofold__v1__verification__verify(service, &ask, closure, data). A stub returns after its closure
 * ran; the closure gets NULL on failure, and twofold_service_error() then says why. One thread at a
 * time; as many handles of a client as you like. End it with protobuf_c_service_destroy(), before
 * the client is closed. NULL when memory is short. */
TWOFOLD_API ProtobufCService *twofold_client_service(struct twofold_client *client,
                                                     const ProtobufCServiceDescriptor *descriptor);

/* What came of the last call through SERVICE; valid until its next call. */
TWOFOLD_API const struct twofold_error *twofold_service_error(const ProtobufCService *service);

/* Subject of a method: twofold.v1.<org>.<service>.<method>, the latter two in lower snake case.
 * TWOFOLD_USAGE when the org is malformed, there is no such method, or it does not fit in N. */
TWOFOLD_API enum twofold_status twofold_subject(const char *org, const struct twofold_call *call,
                                                char *ret_subject, size_t n);

struct twofold_watch; /* opaque: a live view of the organization's audit trail */

/* Calls EACH with every audit event (Twofold__V1__AuditEvent) from now on, until
 * twofold_watch_close(), one at a time, on a thread of the watch. TYPE narrows it: "login.failed",
 * a category "login", or NULL for all. A message that is no event arrives as NULL with
 * TWOFOLD_PROTOCOL. Events of the time that a connection was lost are missed: consumers that must
 * see all read the stream: <twofold/trail.h>. TWOFOLD_DISCONNECTED also when the bus forbids it. */
TWOFOLD_API enum twofold_status twofold_watch_open(struct twofold_client *client, const char *type,
                                                   struct twofold_callback each,
                                                   struct twofold_watch **ret_watch,
                                                   struct twofold_error *error);

/* Within EACH: the message that it was called for, *RET_N bytes as they were published, which
 * digests are computed over. NULL elsewhere. */
TWOFOLD_API const uint8_t *twofold_watch_bytes(size_t *ret_n);

/* Ends it: EACH does not run after. Never call it from EACH itself. NULL is fine. */
TWOFOLD_API void twofold_watch_close(struct twofold_watch *watch);

/* An instance's answer: unchecked JSON (io.nats.micro.v1.ping_response) of N bytes. Borrowed. */
struct twofold_pong {
    const char *json;
    size_t n;
    int64_t round_trip_us;
};

struct twofold_pong_callback {
    void (*call)(const struct twofold_pong *pong, void *ctx); /* on the calling thread */
    void *ctx;
};

/* Asks which instances of the service are there. Returns when nobody answered for a quarter of a
 * second after the first answer, or after TIMEOUT_MS (0: the client's). TWOFOLD_OK when at least
 * one answered; TWOFOLD_NO_RESPONDERS or TWOFOLD_TIMEOUT when none did. */
TWOFOLD_API enum twofold_status twofold_client_ping(struct twofold_client *client,
                                                    int64_t timeout_ms,
                                                    struct twofold_pong_callback each,
                                                    struct twofold_error *error);

#ifdef __cplusplus
}
#endif

#endif
