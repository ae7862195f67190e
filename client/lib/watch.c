#include "client.h"

#include "audit_event.h"
#include "error.h"
#include "subject.h"

#include <stdlib.h>

static _Thread_local const struct conn_message *published; /* while EACH runs */

struct twofold_watch {
    struct conn_sub *sub;
    struct twofold_callback each;
};

static void on_event(const struct conn_message *message, void *ctx)
{
    const struct twofold_watch *watch = ctx;
    struct twofold_error error;
    Twofold__V1__AuditEvent *event = audit_event_read(message->subject, message->data, message->n);

    if (event)
        error_clear(&error);
    else
        error_set(&error, TWOFOLD_PROTOCOL,
                  "a message on the audit subject is not an event of that subject");
    published = message;
    watch->each.call(event ? &event->base : NULL, &error, watch->each.ctx);
    published = NULL;
    if (event)
        twofold__v1__audit_event__free_unpacked(event, NULL);
}

const uint8_t *twofold_watch_bytes(size_t *ret_n)
{
    *ret_n = published ? published->n : 0;
    return published ? published->data : NULL;
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
