/*
 * The binding wants header values percent-encoded where they could be misread: blank, double quote,
 * percent sign and all that is not printable ASCII. That also makes it impossible for a username to
 * end a header line.
 */
#include "audit/cloudevent.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <twofold/v1/audit.pb-c.h>

typedef Twofold__V1__AuditEvent event_message;

static void event_free(event_message **e)
{
    twofold__v1__audit_event__free_unpacked(*e, NULL);
}
#define auto_event CLEANUP(event_free) event_message

static const char *print(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* NULL without memory. */
static const char *print(struct arena *arena, const char *fmt, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return n >= 0 && (size_t)n < sizeof text ? arena_text(arena, text, (size_t)n) : NULL;
}

static bool stays(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '%';
}

/* NULL for NULL, and without memory. */
static const char *percent_encode(struct arena *arena, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = text ? arena_alloc(arena, 3 * strlen(text) + 1) : NULL, *to = out;

    if (!out)
        return NULL;
    for (const char *s = text; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (stays(c)) {
            *to++ = *s;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 0x0f];
    }
    return out;
}

static const char *rfc3339(struct arena *arena, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    char text[32];

    if (unix_ms < 0 || !gmtime_r(&seconds, &utc))
        return "1970-01-01T00:00:00.000Z";
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    return print(arena, "%s.%03dZ", text, (int)(unix_ms % 1000));
}

static bool is_token(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
              (s[i] >= '0' && s[i] <= '9') || s[i] == '_' || s[i] == '-'))
            return false;
    return n >= 1 && n <= ORG_MAX;
}

/* "<category>.<event>" */
static bool is_type(const char *s)
{
    const char *dot = strchr(s, '.');

    return dot && is_token(s, (size_t)(dot - s)) && is_token(dot + 1, strlen(dot + 1));
}

static bool is_deliverable(const event_message *e)
{
    return is_token(e->id, strlen(e->id)) && is_token(e->org, strlen(e->org)) && is_type(e->type) &&
           strlen(e->instance) <= INSTANCE_MAX && strlen(e->username) <= USERNAME_MAX;
}

static void add(struct cloudevent *c, const char *name, const char *value)
{
    c->headers[c->n_headers++] = (struct bus_header){.name = name, .value = value};
}

static void add_headers(struct cloudevent *c, const event_message *e, struct arena *arena)
{
    const char *id = percent_encode(arena, e->id);

    add(c, "ce-specversion", "1.0");
    c->id = id;
    add(c, "ce-id", id);
    add(c, "ce-source", percent_encode(arena, print(arena, "/twofold/%s", e->instance)));
    add(c, "ce-type", print(arena, "twofold.v1.%s", e->type));
    add(c, "ce-time", rfc3339(arena, e->time_unix_ms));
    add(c, "ce-datacontenttype", "application/protobuf");
    add(c, "content-type", "application/protobuf");
    add(c, "ce-dataschema", "proto:twofold.v1.AuditEvent");
    add(c, "Nats-Msg-Id", id);
    if (*e->username)
        add(c, "ce-subject", percent_encode(arena, e->username));
    if (*e->traceparent) {
        const char *trace = percent_encode(arena, e->traceparent);

        add(c, "ce-traceparent", trace);
        add(c, "traceparent", trace);
    }
}

enum err cloudevent_make(struct bytes event, struct arena *arena, struct cloudevent *ret_event)
{
    auto_event *e = twofold__v1__audit_event__unpack(NULL, event.n, event.p);
    struct cloudevent c = {.body = event};

    if (!e || !is_deliverable(e))
        return ERR_VALIDATION;
    c.subject = print(arena, AUDIT_SUBJECT_PREFIX "%s.%s", e->org, e->type);
    add_headers(&c, e, arena);
    for (size_t i = 0; i < c.n_headers; i++)
        if (!c.headers[i].value)
            return ERR_UNAVAILABLE;
    if (!c.subject)
        return ERR_UNAVAILABLE;
    *ret_event = c;
    return ERR_OK;
}
