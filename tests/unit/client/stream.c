#include "unit/client/stream.h"

#include <nats/nats.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct stream {
    natsConnection *nc;
    jsCtx *js;
    unsigned written;
};

enum { TRIES = 300 };

struct stream *stream_make(const char *url)
{
    struct stream *s = calloc(1, sizeof *s);

    assert_int_equal(natsConnection_ConnectTo(&s->nc, url), NATS_OK);
    assert_int_equal(natsConnection_JetStream(&s->js, s->nc, NULL), NATS_OK);
    stream_api(s, "STREAM.CREATE.TWOFOLD_AUDIT",
               "{\"name\":\"TWOFOLD_AUDIT\",\"subjects\":[\"twofold.audit.v1.>\"],"
               "\"storage\":\"file\",\"duplicate_window\":3600000000000}");
    return s;
}

void stream_free(struct stream *s)
{
    jsCtx_Destroy(s->js);
    natsConnection_Destroy(s->nc);
    free(s);
}

void stream_api(struct stream *s, const char *tail, const char *json)
{
    char subject[256];
    natsMsg *answer = NULL;
    natsStatus status = NATS_TIMEOUT;

    snprintf(subject, sizeof subject, "$JS.API.%s", tail);
    for (int i = 0; i < TRIES && status != NATS_OK; i++) {
        status = natsConnection_RequestString(&answer, s->nc, subject, json, 5000);
        if (status != NATS_OK)
            nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000}, NULL);
    }
    assert_int_equal(status, NATS_OK);
    if (strstr(natsMsg_GetData(answer), "\"error\""))
        fail_msg("%s: %s", subject, natsMsg_GetData(answer));
    natsMsg_Destroy(answer);
}

/* The server may just have been started again. */
void stream_write_raw(struct stream *s, const char *subject, const void *data, size_t n)
{
    natsStatus status = NATS_TIMEOUT;

    for (int i = 0; i < TRIES && status != NATS_OK; i++) {
        status = js_Publish(NULL, s->js, subject, data, (int)n, NULL, NULL);
        if (status != NATS_OK)
            nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000}, NULL);
    }
    assert_int_equal(status, NATS_OK);
}

/* Packs EVENT and names its subject; free the result. */
static uint8_t *pack(const Twofold__V1__AuditEvent *event, char ret_subject[256], size_t *ret_n)
{
    uint8_t *packed = malloc(twofold__v1__audit_event__get_packed_size(event) + 1);

    snprintf(ret_subject, 256, "twofold.audit.v1.%s.%s", event->org, event->type);
    *ret_n = twofold__v1__audit_event__pack(event, packed);
    return packed;
}

void stream_write_event(struct stream *s, const Twofold__V1__AuditEvent *event)
{
    char subject[256];
    size_t n;
    uint8_t *packed = pack(event, subject, &n);

    stream_write_raw(s, subject, packed, n);
    free(packed);
}

/* The first one waits until the server is ready; the others are in flight together. */
void stream_write(struct stream *s, const char *org, const char *type, unsigned n)
{
    Twofold__V1__AuditEvent event = TWOFOLD__V1__AUDIT_EVENT__INIT;
    char id[32], user[32], subject[256];

    event.org = (char *)org;
    event.type = (char *)type;
    event.id = id;
    event.username = user;
    for (unsigned i = 0; i < n; i++) {
        size_t size;
        uint8_t *packed;

        snprintf(id, sizeof id, "id-%u", ++s->written);
        snprintf(user, sizeof user, "u%u", s->written);
        event.time_unix_ms = 1795321310042 + s->written;
        packed = pack(&event, subject, &size);
        if (i == 0)
            stream_write_raw(s, subject, packed, size);
        else
            assert_int_equal(js_PublishAsync(s->js, subject, packed, (int)size, NULL), NATS_OK);
        free(packed);
    }
    assert_int_equal(js_PublishAsyncComplete(s->js, NULL), NATS_OK);
}
