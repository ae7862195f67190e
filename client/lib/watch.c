#include "client.h"

#include "error.h"
#include "subject.h"

#include <stdlib.h>
#include <string.h>
#include <twofold/v1/audit.pb-c.h>

struct twofold_watch {
    struct conn_sub *sub;
    struct twofold_callback each;
    const char *org; /* the client's */
};

/* Does EVENT say of itself what its SUBJECT says? An empty message is a valid AuditEvent, and the
 * server's own messages can be sent to a subject by other ways. */
static bool belongs(const Twofold__V1__AuditEvent *event, const char *org, const char *subject)
{
    char own[SUBJECT_SIZE];

    return *event->id && strcmp(event->org, org) == 0 && strchr(event->type, '.') &&
           audit_subject(org, event->type, own) && strcmp(own, subject) == 0;
}

/* NULL when MESSAGE is none of the watch's events; the caller frees the event. */
static ProtobufCMessage *unpack(const struct conn_message *message, const char *org)
{
    ProtobufCMessage *event = protobuf_c_message_unpack(&twofold__v1__audit_event__descriptor, NULL,
                                                        message->n, message->data);

    if (event && belongs((const Twofold__V1__AuditEvent *)event, org, message->subject))
        return event;
    if (event)
        protobuf_c_message_free_unpacked(event, NULL);
    return NULL;
}

static void on_event(const struct conn_message *message, void *ctx)
{
    const struct twofold_watch *watch = ctx;
    struct twofold_error error;
    ProtobufCMessage *event = unpack(message, watch->org);

    if (event)
        error_clear(&error);
    else
        error_set(&error, TWOFOLD_PROTOCOL,
                  "a message on the audit subject is not an event of that subject");
    watch->each.call(event, &error, watch->each.ctx);
    if (event)
        protobuf_c_message_free_unpacked(event, NULL);
}

enum twofold_status twofold_watch_open(struct twofold_client *client, const char *type,
                                       struct twofold_callback each,
                                       struct twofold_watch **ret_watch,
                                       struct twofold_error *error)
{
    char subject[SUBJECT_SIZE];
    struct twofold_watch *watch;
    enum twofold_status status;

    if (!audit_subject(client->org, type, subject))
        return error_set(error, TWOFOLD_USAGE,
                         "an event type is a category (login) or category.event (login.failed)");
    watch = calloc(1, sizeof *watch);
    if (!watch)
        return error_set(error, TWOFOLD_EXHAUSTED, "out of memory");
    watch->each = each;
    watch->org = client->org;
    status =
        conn_subscribe(client->conn, subject,
                       &(struct conn_events){.answer = on_event, .ctx = watch}, &watch->sub, error);
    if (status != TWOFOLD_OK) {
        free(watch);
        return status;
    }
    error_clear(error);
    *ret_watch = watch;
    return TWOFOLD_OK;
}

void twofold_watch_close(struct twofold_watch *watch)
{
    if (!watch)
        return;
    conn_unsubscribe(watch->sub);
    free(watch);
}
