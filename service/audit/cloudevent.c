/*
 * The binding wants header values percent-encoded where they could be misread: blank, double quote,
 * percent sign and all that is not printable ASCII. That also makes it impossible for a username to
 * end a header line.
 *
 * A hundred thousand events a second come through here beside the verifications that they tell of:
 * so the headers are written as one text, at once as they go over the wire.
 */
#include "audit/cloudevent.h"

#include "base/event_view.h"

#include <assert.h>
#include <time.h>

static const char the_same_for_all[] = "ce-specversion: 1.0\r\n"
                                       "ce-datacontenttype: application/protobuf\r\n"
                                       "content-type: application/protobuf\r\n"
                                       "ce-dataschema: proto:twofold.v1.AuditEvent\r\n";

/* Its length is bounded by that of what it is made of: see CLOUDEVENT_HEADERS_BYTES. */
struct writer {
    char *at, *end;
};

static void write_bytes(struct writer *w, struct bytes b)
{
    assert(b.n < (size_t)(w->end - w->at));
    if (b.n)
        memcpy(w->at, b.p, b.n);
    w->at += b.n;
}

static void write_text(struct writer *w, const char *text)
{
    write_bytes(w, bytes_of_text(text));
}

static bool stays(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '%';
}

static void write_percent_encoded(struct writer *w, struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";

    assert(3 * text.n < (size_t)(w->end - w->at));
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = text.p[i];

        if (stays(c)) {
            *w->at++ = (char)c;
            continue;
        }
        *w->at++ = '%';
        *w->at++ = digits[c >> 4];
        *w->at++ = digits[c & 0x0f];
    }
}

static void write_digits(struct writer *w, unsigned value, unsigned n)
{
    char digits[8];

    for (unsigned i = n; i-- > 0; value /= 10)
        digits[i] = (char)('0' + value % 10);
    write_bytes(w, (struct bytes){.p = (const uint8_t *)digits, .n = n});
}

/* RFC 3339, in UTC, with milliseconds. */
static void write_time(struct writer *w, int64_t unix_ms)
{
    static const char behind[] = "--T::";
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;

    if (unix_ms < 0 || !gmtime_r(&seconds, &utc) || utc.tm_year > 9999 - 1900) {
        write_text(w, "1970-01-01T00:00:00.000Z");
        return;
    }
    const int parts[] = {utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                         utc.tm_hour,        utc.tm_min,     utc.tm_sec};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        write_digits(w, (unsigned)parts[i], i == 0 ? 4 : 2);
        if (i < sizeof behind - 1)
            *w->at++ = behind[i];
    }
    *w->at++ = '.';
    write_digits(w, (unsigned)(unix_ms % 1000), 3);
    *w->at++ = 'Z';
}

static bool is_token(struct bytes s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return s.n >= 1 && s.n <= ORG_MAX;
}

/* "<category>.<event>" */
static bool is_type(struct bytes s)
{
    const uint8_t *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
    size_t n = dot ? (size_t)(dot - s.p) : 0;

    return dot && is_token((struct bytes){.p = s.p, .n = n}) &&
           is_token((struct bytes){.p = dot + 1, .n = s.n - n - 1});
}

static bool is_deliverable(const struct event_view *e)
{
    _Static_assert((int)CLOUDEVENT_ID_MAX == (int)ORG_MAX, "ids are tokens");
    return is_token(e->id) && is_token(e->org) && is_type(e->type) &&
           e->instance.n <= INSTANCE_MAX && e->username.n <= USERNAME_MAX;
}

static void write_header(struct writer *w, const char *name, struct bytes value)
{
    write_text(w, name);
    write_percent_encoded(w, value);
    write_text(w, "\r\n");
}

static void write_headers(struct writer *w, const struct event_view *e)
{
    write_text(w, the_same_for_all);
    write_header(w, "ce-id: ", e->id);
    write_header(w, "ce-source: /twofold/", e->instance);
    write_header(w, "ce-type: twofold.v1.", e->type);
    write_text(w, "ce-time: ");
    write_time(w, e->time_unix_ms);
    write_text(w, "\r\n");
    if (e->username.n)
        write_header(w, "ce-subject: ", e->username);
    if (e->traceparent.n == 0 || e->traceparent.n > TRACEPARENT_MAX)
        return;
    write_header(w, "ce-traceparent: ", e->traceparent);
    write_header(w, "traceparent: ", e->traceparent);
}

static void write_subject(struct writer *w, const struct event_view *e)
{
    write_text(w, AUDIT_SUBJECT_PREFIX);
    write_bytes(w, e->org);
    *w->at++ = '.';
    write_bytes(w, e->type);
}

enum err cloudevent_make(struct bytes event, struct cloudevent *ret)
{
    struct event_view e;
    struct writer subject = {ret->subject, ret->subject + sizeof ret->subject},
                  headers = {ret->headers, ret->headers + sizeof ret->headers};

    if (!event_view_read(event, &e) || !is_deliverable(&e))
        return ERR_VALIDATION;
    memcpy(ret->id, e.id.p, e.id.n);
    ret->id[e.id.n] = '\0';
    write_subject(&subject, &e);
    *subject.at = '\0';
    write_headers(&headers, &e);
    *headers.at = '\0';
    ret->body = event;
    return ERR_OK;
}
