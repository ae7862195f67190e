/*
 * The bus port on NATS: the connection. bus_nats_serve.c has the traffic.
 *
 * Three habits of the client library shape both:
 * - A refused subscription or publication is reported later, on another thread, with a text that
 *   the next report may have replaced already. The connection's last error, read after a flush, is
 *   reliable: the server answers in order.
 * - What was written to a connection that then broke is lost, and a flush on the next one succeeds
 *   all the same. So a flush here also demands that the connection is still that of the last flush.
 * - Callbacks may still run after a connection was closed. bus_close waits for the last of them.
 *
 * A bus that serves is made anew by its own thread (bus_loop.c), any other by the library.
 */
#include "transport/bus_nats.h"

#include "base/clock.h"
#include "base/log.h"
#include "transport/bus_subject.h"

#include <stdlib.h>

enum {
    PATIENCE_MS = 60 * 1000, /* a slow resolver of names may take half of it */
    RECONNECT_WAIT_MS = 250,
    RECONNECT_JITTER_MS = 100,
    RECONNECT_BUFFER_BYTES = 1024 * 1024,
    PING_INTERVAL_MS = 20 * 1000,
    WRITE_MS = 5000,
    CLOSE_S = 5,
    LOG_AGAIN_MS = 1000,
};

/* Callbacks, on a thread of the library. */

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *closure)
{
    struct bus *b = closure;
    int64_t now = clock_monotonic_ms();

    (void)sub;
    bus_violation_hear(&b->violations, bus_last_error(nc));
    if (now - b->logged_ms < LOG_AGAIN_MS)
        return;
    b->logged_ms = now;
    log_at(LOG_ERROR, "the bus reports an error", FIELD("error", natsStatus_GetText(status)),
           FIELD("detail", bus_last_error(nc)), FIELD("login", (const char *)b->login.who));
}

static void on_disconnected(natsConnection *nc, void *closure)
{
    struct bus *b = closure;

    (void)nc;
    if (!b->closing)
        log_at(LOG_WARN, "bus lost", FIELD("bus", (const char *)b->login.url.server));
}

static void on_reconnected(natsConnection *nc, void *closure)
{
    struct bus *b = closure;

    (void)nc;
    log_at(LOG_INFO, "bus is back", FIELD("bus", (const char *)b->login.url.server));
}

static void on_closed(natsConnection *nc, void *closure)
{
    struct bus *b = closure;

    if (!b->serves)
        atomic_store(&b->closed, true);
    if (!b->serves && !b->closing)
        log_at(LOG_ERROR, "the bus connection is closed for good",
               FIELD("detail", bus_last_error(nc)));
    bus_latch_end(&b->callbacks);
}

static natsStatus first_failure(const natsStatus *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (all[i] != NATS_OK)
            return all[i];
    return NATS_OK;
}

static natsStatus set_behaviour(struct bus *b, const struct bus_options *options)
{
    natsOptions *o = b->options;
    const natsStatus all[] = {
        natsOptions_SetURL(o, options->url),
        natsOptions_SetName(o, options->name),
        natsOptions_UseGlobalMessageDelivery(o, true),
        natsOptions_SetMaxReconnect(o, -1),
        /* They are announced before TLS, and would be trusted by the names they give themselves. */
        natsOptions_SetIgnoreDiscoveredServers(o, true),
        natsOptions_SetReconnectWait(o, RECONNECT_WAIT_MS),
        natsOptions_SetReconnectJitter(o, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS),
        natsOptions_SetReconnectBufSize(o, RECONNECT_BUFFER_BYTES),
        natsOptions_SetPingInterval(o, PING_INTERVAL_MS),
        /* Else a server that reads no more would stop whoever writes, with the connection's lock
         * held. The connection is made anew then. */
        natsOptions_SetWriteDeadline(o, WRITE_MS),
        natsOptions_SetErrorHandler(o, on_error, b),
        natsOptions_SetDisconnectedCB(o, on_disconnected, b),
        natsOptions_SetReconnectedCB(o, on_reconnected, b),
        natsOptions_SetClosedCB(o, on_closed, b),
        natsOptions_SetCustomInboxPrefix(o, b->inbox_prefix),
    };

    return first_failure(all, ARRAY_LEN(all));
}

/* The library takes tls:// for nats:// unless it is told. It checks the server's name by itself. */
static natsStatus set_security(struct bus *b, const struct bus_options *options)
{
    natsOptions *o = b->options;
    natsStatus s = b->login.tls ? natsOptions_SetSecure(o, true) : NATS_OK;

    if (s == NATS_OK && !bus_text_empty(options->tls_ca))
        s = natsOptions_LoadCATrustedCertificates(o, options->tls_ca);
    if (s == NATS_OK && !bus_text_empty(options->tls_cert))
        s = natsOptions_LoadCertificatesChain(o, options->tls_cert, options->tls_key);
    if (s == NATS_OK && !bus_text_empty(options->creds_file))
        s = natsOptions_SetUserCredentialsFromFiles(o, options->creds_file, NULL);
    if (s == NATS_OK && *b->login.nkey)
        s = natsOptions_SetNKeyFromSeed(o, b->login.nkey, options->nkey_file);
    return s;
}

static enum err set_options(struct bus *b, const struct bus_options *options, struct diag *reterr)
{
    natsStatus s = natsOptions_Create(&b->options);

    if (s == NATS_OK)
        s = natsStatistics_Create(&b->statistics);
    if (s == NATS_OK)
        s = set_behaviour(b, options);
    if (s == NATS_OK && b->serves)
        s = bus_loop_attach(b, b->options);
    if (s == NATS_OK)
        s = set_security(b, options);
    if (s == NATS_OK)
        return ERR_OK;
    diag_set(reterr, "cannot set up the bus client%s: %s",
             s == NATS_SSL_ERROR
                 ? " with TWOFOLD_NATS_TLS_CA, TWOFOLD_NATS_TLS_CERT and TWOFOLD_NATS_TLS_KEY"
                 : "",
             natsStatus_GetText(s));
    return s == NATS_NO_MEMORY ? ERR_UNAVAILABLE : ERR_VALIDATION;
}

/* No thread uses Q any more. */
static void bus_queue_end(struct bus_queue *q)
{
    struct bus_message *m;

    while (q && bus_queue_take(q, 0, &m, 1))
        bus_release(m);
    bus_queue_free(q);
}

static void subscription_free(struct subscription *s)
{
    bus_queue_end(s->waiting);
    free(s->subject);
    free(s->queue);
    free(s);
}

bool bus_release_connection(struct bus *b)
{
    bool ended = bus_latch_wait(&b->callbacks, CLOSE_S);
    natsConnection *nc;

    pthread_rwlock_wrlock(&b->renewing);
    for (struct subscription *s = b->subscriptions; s; s = s->next) {
        natsSubscription *handle = STEAL(s->handle);

        if (ended)
            natsSubscription_Destroy(handle);
    }
    nc = STEAL(b->nc);
    pthread_rwlock_unlock(&b->renewing);
    if (ended)
        natsConnection_Destroy(nc);
    return ended;
}

void bus_close(struct bus *b)
{
    if (!b)
        return;
    atomic_store(&b->closing, true);
    if (b->serves)
        bus_loop_stop(b);
    bus_guard_begin(&b->guard);
    natsConnection_Close(b->nc);
    bus_guard_end(&b->guard);
    bus_guard_stop(&b->guard);
    if (!bus_release_connection(b))
        return; /* a callback hangs: what it may use stays */
    for (struct subscription *s = b->subscriptions, *next; s; s = next) {
        next = s->next;
        subscription_free(s);
    }
    bus_destroy_spent(b);
    natsStatistics_Destroy(b->statistics);
    natsOptions_Destroy(b->options);
    free(b);
}
DEFINE_CLEANUP(struct bus, bus_close);
#define auto_bus CLEANUP(bus_closep) struct bus

static enum err take_inbox_prefix(struct bus *b, const char *prefix, struct diag *reterr)
{
    if (strlen(prefix) > BUS_INBOX_PREFIX_MAX || !bus_subject_valid(prefix)) {
        diag_set(reterr,
                 "\"%.100s\" is no prefix of an inbox: it is part of subjects, and has %d "
                 "characters at most",
                 prefix, BUS_INBOX_PREFIX_MAX);
        return ERR_VALIDATION;
    }
    snprintf(b->inbox_prefix, sizeof b->inbox_prefix, "%s", prefix);
    return ERR_OK;
}

static enum err bus_new(const struct bus_options *options, struct bus **ret_bus,
                        struct diag *reterr)
{
    auto_bus *b = calloc(1, sizeof *b);

    if (!b)
        return ERR_UNAVAILABLE;
    b->logged_ms = clock_monotonic_ms() - LOG_AGAIN_MS;
    pthread_mutex_init(&b->violations.mutex, NULL);
    bus_latch_init(&b->callbacks);
    pthread_rwlock_init(&b->renewing, NULL);
    pthread_mutex_init(&b->intake, NULL);
    b->serves = options->serves;
    b->loop.fd = b->loop.wake_fd = -1;
    if (b->serves)
        TRY(bus_loop_init(&b->loop));
    TRY(take_inbox_prefix(b, options->inbox_prefix ? options->inbox_prefix : "_INBOX", reterr));
    TRY(bus_login_check(options, &b->login, reterr));
    if (!bus_guard_start(&b->guard, options->patience_ms ? options->patience_ms : PATIENCE_MS))
        return ERR_UNAVAILABLE;
    TRY(set_options(b, options, reterr));
    *ret_bus = STEAL(b);
    return ERR_OK;
}

enum bus_failure bus_failure_of(natsStatus s)
{
    if (s == NATS_CONNECTION_AUTH_FAILED)
        return BUS_REFUSES_LOGIN;
    if (s == NATS_SSL_ERROR || s == NATS_SECURE_CONNECTION_WANTED ||
        s == NATS_SECURE_CONNECTION_REQUIRED)
        return BUS_TLS_FAILS;
    return BUS_AWAY;
}

const char *bus_library_error(const char *else_text)
{
    const char *noted = nats_GetLastError(NULL);
    const char *behind_place = noted && *noted == '(' ? strstr(noted, "): ") : NULL;

    if (behind_place)
        return behind_place + 3;
    return noted && *noted ? noted : else_text;
}

/* A status says less than what the library noted: an error of the server's, or what is wrong with
 * a certificate. */
const char *bus_failure_detail(natsStatus s)
{
    const char *text = natsStatus_GetText(s);

    return s == NATS_ERR || s == NATS_SSL_ERROR ? bus_library_error(text) : text;
}

natsStatus bus_connect(struct bus *b, enum bus_guarded who, natsConnection **ret_nc)
{
    natsStatus s;

    bus_guard_enter(&b->guard, who);
    s = natsConnection_Connect(ret_nc, b->options);
    bus_guard_leave(&b->guard, who);
    if (s == NATS_OK)
        bus_latch_begin(&b->callbacks);
    return s;
}

enum err bus_open(const struct bus_options *options, bool (*keep_trying)(void *ctx), void *ctx,
                  struct bus **ret_bus, struct diag *reterr)
{
    auto_bus *b = NULL;
    struct bus_retry retry = {.keep_trying = keep_trying, .ctx = ctx};
    natsStatus s;

    TRY(bus_new(options, &b, reterr));
    retry.login = &b->login;
    while ((s = bus_connect(b, GUARD_CALLER, &b->nc)) != NATS_OK)
        TRY(bus_retry_after(&retry, bus_failure_of(s), bus_failure_detail(s), reterr));
    if (b->serves)
        TRY(bus_loop_start(b));
    *ret_bus = STEAL(b);
    return ERR_OK;
}

bool bus_connected(struct bus *b)
{
    bool connected;

    pthread_rwlock_rdlock(&b->renewing);
    connected = natsConnection_Status(b->nc) == NATS_CONN_STATUS_CONNECTED;
    pthread_rwlock_unlock(&b->renewing);
    return connected;
}

bool bus_is_closed(struct bus *b)
{
    return atomic_load(&b->closed);
}

void bus_take_violation(struct bus *b, char ret_text[static VIOLATION_BYTES])
{
    pthread_rwlock_rdlock(&b->renewing);
    bus_violation_take(&b->violations, bus_last_error(b->nc), ret_text);
    pthread_rwlock_unlock(&b->renewing);
}
