#include "client.h"

#include "error.h"
#include "subject.h"

#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>

struct twofold_watch {
    struct conn_sub *sub;
    struct twofold_callback each;
};

static void on_event(const struct conn_message *message, void *ctx)
{
    const struct twofold_watch *watch = ctx;
    struct twofold_error error;
    ProtobufCMessage *event = protobuf_c_message_unpack(&twofold__v1__audit_event__descriptor, NULL,
                                                        message->n, message->data);

    if (event)
        error_clear(&error);
    else
        error_set(&error, TWOFOLD_PROTOCOL, "a message on the audit subject is not an AuditEvent");
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
