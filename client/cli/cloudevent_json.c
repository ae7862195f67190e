#include "cloudevent_json.h"

#include "json_value.h"

#include <time.h>

/* RFC 3339, with milliseconds. */
static json_t *time_value(int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    char day[40], text[64];
    struct tm utc;

    if (unix_ms < 0 || !gmtime_r(&s, &utc) ||
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return json_null();
    snprintf(text, sizeof text, "%s.%03dZ", day, (int)(unix_ms % 1000));
    return json_string(text);
}

static void set_if_given(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_string(text));
}

void cloudevent_print(FILE *out, const struct cloudevent *what)
{
    const Twofold__V1__AuditEvent *event = what->event;
    json_t *line;

    json_wipe_what_is_freed();
    line = json_object();
    json_object_set_new(line, "specversion", json_string("1.0"));
    json_object_set_new(line, "id", json_string(event->id));
    json_object_set_new(line, "source", json_sprintf("/twofold/%s", event->instance));
    json_object_set_new(line, "type", json_sprintf("twofold.v1.%s", event->type));
    set_if_given(line, "subject", event->username);
    json_object_set_new(line, "time", time_value(event->time_unix_ms));
    json_object_set_new(line, "datacontenttype", json_string("application/json"));
    json_object_set_new(line, "dataschema", json_string("proto:twofold.v1.AuditEvent"));
    set_if_given(line, "traceparent", event->traceparent);
    json_object_set_new(line, "org", json_string(event->org));
    json_object_set_new(line, "protobuf", json_of_bytes(what->bytes, what->n));
    if (what->stream_sequence != 0)
        json_object_set_new(line, "streamsequence", json_of_unsigned(what->stream_sequence));
    json_object_set_new(line, "data", json_of_message(&event->base));
    json_print_line(out, line);
}
