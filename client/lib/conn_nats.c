/*
 * libnats behind conn.h. What is unusual, and why:
 *
 * - Send as soon as possible. By default libnats lets a publish wait up to a millisecond for
 *   company; a caller who waits for the answer would pay that each time.
 * - A refused login is tried twice more: libnats before 3.8 spoils one nkey signature in 256.
 * - libnats calls back from threads of its own, also after a subscription or connection was closed.
 *   Closing therefore waits for the callback that libnats promises to be the last.
 * - What the server does not permit is told to the connection, not to the call, and names the
 *   subject alone. The latest complaint is kept, for whoever wonders why no answer came.
 */
#include "conn.h"

#include "conn_login.h"
#include "error.h"
#include "monotonic.h"
#include "subject.h"

#include <nats/nats.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INBOX_SIZE = 160, LOGIN_ATTEMPTS = 3, PING_INTERVAL_MS = 20000, RECONNECT_MS = 250 };

struct conn_sub {
    struct conn *conn;
    natsSubscription *sub;
    struct conn_events events;
    bool done; /* under the connection's lock */
};

struct conn {
    natsConnection *nc;
    struct conn_events events;
    struct conn_sub *inbox_sub;
    char inbox[INBOX_SIZE]; /* without the tail */
    char *nkey_file;
    int64_t timeout_ms;

    _Atomic unsigned losses;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool closed; /* libnats has made its last callback */
    char complaint[TWOFOLD_MESSAGE_SIZE];
    int64_t complaint_us;
};

static void on_complaint(natsConnection *nc, natsSubscription *sub, natsStatus err, void *arg)
{
    struct conn *conn = arg;
    const char *text = NULL;
    char subject[SUBJECT_SIZE];

    (void)sub;
    if (natsConnection_GetLastError(nc, &text) == NATS_OK || !text || text[0] == '\0')
        text = natsStatus_GetText(err);
    pthread_mutex_lock(&conn->lock);
    snprintf(conn->complaint, sizeof conn->complaint, "%s", text);
    conn->complaint_us = monotonic_us();
    pthread_mutex_unlock(&conn->lock);
    if (err == NATS_NOT_PERMITTED && subject_of_violation(text, subject))
        conn->events.forbidden(subject, conn->events.ctx);
}

static void on_lost(natsConnection *nc, void *arg)
{
    struct conn *conn = arg;

    (void)nc;
    conn->losses++;
    conn->events.lost(conn->events.ctx);
}

static void on_closed(natsConnection *nc, void *arg)
{
    struct conn *conn = arg;

    (void)nc;
    pthread_mutex_lock(&conn->lock);
    conn->closed = true;
    pthread_cond_broadcast(&conn->changed);
    pthread_mutex_unlock(&conn->lock);
}

static bool set_behaviour(natsOptions *to, const struct twofold_client_options *from,
                          struct conn *conn)
{
    return natsOptions_SetURL(to, from->url) == NATS_OK &&
           natsOptions_SetName(to, from->name) == NATS_OK &&
           natsOptions_SetTimeout(to, from->timeout_ms) == NATS_OK &&
           natsOptions_SetSendAsap(to, true) == NATS_OK &&
           natsOptions_SetMaxReconnect(to, -1) == NATS_OK &&
           natsOptions_SetReconnectWait(to, RECONNECT_MS) == NATS_OK &&
           natsOptions_SetIgnoreDiscoveredServers(to, true) == NATS_OK && /* told before TLS */
           natsOptions_SetPingInterval(to, PING_INTERVAL_MS) == NATS_OK &&
           natsOptions_SetErrorHandler(to, on_complaint, conn) == NATS_OK &&
           natsOptions_SetDisconnectedCB(to, on_lost, conn) == NATS_OK &&
           natsOptions_SetClosedCB(to, on_closed, conn) == NATS_OK;
}

static enum twofold_status connect_with(natsOptions *options, struct conn *conn,
                                        struct twofold_error *error)
{
    natsStatus s = NATS_CONNECTION_AUTH_FAILED;

    for (int i = 0; i < LOGIN_ATTEMPTS && s == NATS_CONNECTION_AUTH_FAILED; i++)
        s = natsConnection_Connect(&conn->nc, options);
    if (s == NATS_SSL_ERROR || s == NATS_ERR)
        return error_unconnected(error, nats_GetLastError(NULL));
    return s == NATS_OK ? TWOFOLD_OK : error_unconnected(error, natsStatus_GetText(s));
}

static enum twofold_status configure_and_connect(const struct twofold_client_options *from,
                                                 struct conn *conn, struct twofold_error *error)
{
    natsOptions *options = NULL;
    enum twofold_status status;

    if (natsOptions_Create(&options) != NATS_OK)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    if (!set_behaviour(options, from, conn))
        status = error_set(error, TWOFOLD_USAGE, "the NATS URL is malformed");
    else
        status = conn_login_set(options, from, conn->nkey_file, error);
    if (status == TWOFOLD_OK)
        status = connect_with(options, conn, error);
    natsOptions_Destroy(options);
    return status;
}

/* The bus library makes unique names only as whole inboxes, of its own prefix. */
static bool name_inbox(struct conn *conn, const char *prefix)
{
    natsInbox *unique = NULL;

    if (natsInbox_Create(&unique) != NATS_OK)
        return false;
    snprintf(conn->inbox, sizeof conn->inbox, "%s.%s", prefix, strrchr(unique, '.') + 1);
    natsInbox_Destroy(unique);
    return true;
}

/* Not connected yet; NULL when memory is short. */
static struct conn *conn_new(const struct twofold_client_options *options,
                             const struct conn_events *events)
{
    struct conn *conn = calloc(1, sizeof *conn);

    if (!conn)
        return NULL;
    conn->events = *events;
    conn->timeout_ms = options->timeout_ms;
    pthread_mutex_init(&conn->lock, NULL);
    pthread_cond_init(&conn->changed, NULL);
    conn->nkey_file = options->nkey_file ? strdup(options->nkey_file) : NULL;
    if (!name_inbox(conn, options->inbox_prefix) || (options->nkey_file && !conn->nkey_file)) {
        conn_close(conn);
        return NULL;
    }
    return conn;
}

enum twofold_status conn_open(const struct twofold_client_options *options,
                              const struct conn_events *events, struct conn **ret_conn,
                              struct twofold_error *error)
{
    char subject[CONN_SUBJECT_SIZE];
    struct conn *conn = conn_new(options, events);
    enum twofold_status status;

    if (!conn)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    status = configure_and_connect(options, conn, error);
    if (status == TWOFOLD_OK) {
        conn_inbox(conn, "*", subject);
        status = conn_subscribe(conn, subject, events, &conn->inbox_sub, error);
    }
    if (status == TWOFOLD_OK)
        *ret_conn = conn;
    else
        conn_close(conn);
    return status;
}

void conn_close(struct conn *conn)
{
    if (!conn)
        return;
    conn_unsubscribe(conn->inbox_sub);
    if (conn->nc) {
        natsConnection_Close(conn->nc);
        pthread_mutex_lock(&conn->lock);
        while (!conn->closed)
            pthread_cond_wait(&conn->changed, &conn->lock);
        pthread_mutex_unlock(&conn->lock);
        natsConnection_Destroy(conn->nc);
    }
    pthread_cond_destroy(&conn->changed);
    pthread_mutex_destroy(&conn->lock);
    free(conn->nkey_file);
    free(conn);
}

void conn_inbox(const struct conn *conn, const char *tail, char ret_subject[CONN_SUBJECT_SIZE])
{
    snprintf(ret_subject, CONN_SUBJECT_SIZE, "%s.%s", conn->inbox, tail);
}

/* Also after a failure *RET_MSG is the caller's to destroy. */
static natsStatus fill_message(const struct conn *conn, const struct conn_request *request,
                               natsMsg **ret_msg)
{
    char reply[CONN_SUBJECT_SIZE];
    natsStatus s;

    conn_inbox(conn, request->reply_tail, reply);
    s = natsMsg_Create(ret_msg, request->subject, reply, (const char *)request->data,
                       (int)request->n);
    if (s == NATS_OK && request->request_id)
        s = natsMsgHeader_Set(*ret_msg, "Twofold-Request-Id", request->request_id);
    if (s == NATS_OK && request->traceparent)
        s = natsMsgHeader_Set(*ret_msg, "traceparent", request->traceparent);
    return s;
}

enum twofold_status conn_send(struct conn *conn, const struct conn_request *request,
                              struct twofold_error *error)
{
    natsMsg *msg = NULL;
    natsStatus s;

    if (natsConnection_Status(conn->nc) != NATS_CONN_STATUS_CONNECTED)
        return error_set(error, TWOFOLD_DISCONNECTED,
                         "the connection to the NATS server is lost; it is being sought again");
    s = fill_message(conn, request, &msg);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(conn->nc, msg);
    natsMsg_Destroy(msg);
    if (s != NATS_OK)
        return error_set(error, s == NATS_NO_MEMORY ? TWOFOLD_EXHAUSTED : TWOFOLD_DISCONNECTED,
                         "cannot send: %s", natsStatus_GetText(s));
    return TWOFOLD_OK;
}

unsigned conn_losses(const struct conn *conn)
{
    return conn->losses;
}

void conn_complaint(struct conn *conn, int64_t since_us, char ret_text[TWOFOLD_MESSAGE_SIZE])
{
    ret_text[0] = '\0';
    pthread_mutex_lock(&conn->lock);
    if (conn->complaint[0] != '\0' && conn->complaint_us >= since_us)
        memcpy(ret_text, conn->complaint, TWOFOLD_MESSAGE_SIZE);
    pthread_mutex_unlock(&conn->lock);
}

static void on_message(natsConnection *nc, natsSubscription *nats_sub, natsMsg *msg, void *arg)
{
    const struct conn_sub *sub = arg;
    const char *dot = strrchr(natsMsg_GetSubject(msg), '.');
    struct conn_message message = {.subject = natsMsg_GetSubject(msg),
                                   .tail = dot ? dot + 1 : natsMsg_GetSubject(msg),
                                   .reply = natsMsg_GetReply(msg),
                                   .data = (const uint8_t *)natsMsg_GetData(msg),
                                   .n = (size_t)natsMsg_GetDataLength(msg),
                                   .no_responders = natsMsg_IsNoResponders(msg)};

    (void)nc;
    (void)nats_sub;
    natsMsgHeader_Get(msg, "Nats-Service-Error", &message.error_text);
    natsMsgHeader_Get(msg, "Nats-Service-Error-Code", &message.error_code);
    natsMsgHeader_Get(msg, "Status", &message.status);
    if (message.error_text && !message.error_code)
        message.error_code = "";
    sub->events.answer(&message, sub->events.ctx);
    natsMsg_Destroy(msg);
}

static void on_last_message(void *arg)
{
    struct conn_sub *sub = arg;

    pthread_mutex_lock(&sub->conn->lock);
    sub->done = true;
    pthread_cond_broadcast(&sub->conn->changed);
    pthread_mutex_unlock(&sub->conn->lock);
}

/* A subscription that the server does not permit looks fine to libnats. The round trip makes the
 * server's complaint arrive first; the handler for it may run later, but the text is there. */
static enum twofold_status confirm_subscribed(struct conn *conn, const char *subject,
                                              struct twofold_error *error)
{
    const char *complaint = NULL;
    natsStatus s = natsConnection_FlushTimeout(conn->nc, conn->timeout_ms);

    if (s != NATS_OK)
        return error_set(error, TWOFOLD_DISCONNECTED, "cannot subscribe: %s",
                         natsStatus_GetText(s));
    if (natsConnection_GetLastError(conn->nc, &complaint) == NATS_NOT_PERMITTED && complaint &&
        strstr(complaint, subject))
        return error_set(error, TWOFOLD_DISCONNECTED, "the NATS server says: %s", complaint);
    return TWOFOLD_OK;
}

enum twofold_status conn_subscribe(struct conn *conn, const char *subject,
                                   const struct conn_events *each, struct conn_sub **ret_sub,
                                   struct twofold_error *error)
{
    struct conn_sub *sub = calloc(1, sizeof *sub);
    enum twofold_status status;

    if (!sub)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    sub->conn = conn;
    sub->events = *each;
    if (natsConnection_Subscribe(&sub->sub, conn->nc, subject, on_message, sub) != NATS_OK ||
        natsSubscription_SetOnCompleteCB(sub->sub, on_last_message, sub) != NATS_OK) {
        natsSubscription_Destroy(sub->sub);
        free(sub);
        return error_set(error, TWOFOLD_DISCONNECTED, "cannot subscribe to %s", subject);
    }
    natsSubscription_SetPendingLimits(sub->sub, -1, -1);
    status = confirm_subscribed(conn, subject, error);
    if (status != TWOFOLD_OK)
        conn_unsubscribe(sub);
    else
        *ret_sub = sub;
    return status;
}

void conn_unsubscribe(struct conn_sub *sub)
{
    struct conn *conn;

    if (!sub)
        return;
    conn = sub->conn;
    natsSubscription_Unsubscribe(sub->sub);
    pthread_mutex_lock(&conn->lock);
    while (!sub->done)
        pthread_cond_wait(&conn->changed, &conn->lock);
    pthread_mutex_unlock(&conn->lock);
    natsSubscription_Destroy(sub->sub);
    free(sub);
}
