/*
 * A line of audit export: a CloudEvent in JSON, which carries the event's exact bytes. These are
 * what is checked; what people read beside them must say the same, or somebody has edited it.
 * Every field of this version is there; only bytes with unknown fields may have more beside them.
 */
#include "cmd_audit_verify.h"

#include "json_value.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <twofold/v1/audit.pb-c.h>

enum { TEXT_MAX = 512, BASE64_GROUP = 4, BASE64_BYTES = 3 };

/* ---- bytes ---- */

/* Only the one way to write them: left-over bits are zero, nothing stands between. */
static bool is_canonical(const uint8_t *bytes, size_t n, const char *text)
{
    size_t n_text = (n + BASE64_BYTES - 1) / BASE64_BYTES * BASE64_GROUP;
    char *again = malloc(n_text + 1);
    bool same = again && EVP_EncodeBlock((unsigned char *)again, bytes, (int)n) == (int)n_text &&
                strcmp(again, text) == 0;

    free(again);
    return same;
}

uint8_t *base64_read(const char *text, size_t *ret_n)
{
    size_t n_text = strlen(text), n = n_text / BASE64_GROUP * BASE64_BYTES;
    uint8_t *bytes;

    if (n_text == 0 || n_text % BASE64_GROUP != 0 || n_text > EVENT_LINE_MAX)
        return NULL;
    bytes = malloc(n);
    if (!bytes || EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n_text) != (int)n) {
        free(bytes);
        return NULL;
    }
    n -= (size_t)(text[n_text - 1] == '=') + (text[n_text - 2] == '=');
    if (!is_canonical(bytes, n, text)) {
        free(bytes);
        return NULL;
    }
    *ret_n = n;
    return bytes;
}

/* ---- what people read ---- */

/* Is the member TEXT, or not there while TEXT is empty? */
static bool text_is(const json_t *line, const char *name, const char *text)
{
    const json_t *member = json_object_get(line, name);

    if (!member)
        return text[0] == '\0';
    return json_is_string(member) && strcmp(json_string_value(member), text) == 0;
}

/* Is the member "PREFIX<TEXT>"? */
static bool prefixed_is(const json_t *line, const char *name, const char *prefix, const char *text)
{
    const char *value = json_string_value(json_object_get(line, name));
    size_t n = strlen(prefix);

    return value && strncmp(value, prefix, n) == 0 && strcmp(value + n, text) == 0;
}

/* RFC 3339, with milliseconds. */
static bool time_is(const json_t *line, int64_t unix_ms)
{
    char text[TIME_TEXT_SIZE + sizeof ".123Z"], wanted[TIME_TEXT_SIZE];
    const char *value = json_string_value(json_object_get(line, "time"));

    output_time(unix_ms / 1000, wanted);
    snprintf(text, sizeof text, "%.19s.%03dZ", wanted, (int)(unix_ms % 1000));
    return value && strcmp(value, text) == 0;
}

/* Of CloudEvents, and what audit export adds: anything else was put in. */
static bool has_no_more(const json_t *line)
{
    static const char *const names[] = {"specversion", "id",   "source",          "type",
                                        "subject",     "time", "datacontenttype", "dataschema",
                                        "traceparent", "org",  "protobuf",        "streamsequence",
                                        "data"};
    const json_t *sequence = json_object_get(line, "streamsequence");
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        n += json_object_get(line, names[i]) != NULL;
    return n == json_object_size(line) && (!sequence || json_integer_value(sequence) > 0);
}

static bool attributes_agree(const json_t *line, const Twofold__V1__AuditEvent *e)
{
    return text_is(line, "specversion", "1.0") &&
           text_is(line, "datacontenttype", "application/json") &&
           text_is(line, "dataschema", "proto:twofold.v1.AuditEvent") && has_no_more(line) &&
           text_is(line, "id", e->id) && text_is(line, "org", e->org) &&
           text_is(line, "subject", e->username) && text_is(line, "traceparent", e->traceparent) &&
           prefixed_is(line, "type", "twofold.v1.", e->type) &&
           prefixed_is(line, "source", "/twofold/", e->instance) && time_is(line, e->time_unix_ms);
}

/* Does each member of ONE stand in OTHER, and the same? */
static bool members_agree(json_t *one, const json_t *other)
{
    const char *name;
    json_t *value;

    json_object_foreach(one, name,
                        value) if (!json_equal(json_object_get(other, name), value)) return false;
    return true;
}

/* What the bytes do not say may stand there only when they have fields of a later version. */
static bool data_agrees(const json_t *line, const Twofold__V1__AuditEvent *event)
{
    json_t *data = json_object_get(line, "data"), *wanted = json_of_message(&event->base);
    bool agrees = json_is_object(data) && wanted && members_agree(wanted, data) &&
                  (event->base.n_unknown_fields > 0 || members_agree(data, wanted));

    json_decref(wanted);
    return agrees;
}

/* ---- lines ---- */

static const char *readable_fault(const json_t *line, const uint8_t *data, size_t n)
{
    Twofold__V1__AuditEvent *event = twofold__v1__audit_event__unpack(NULL, n, data);
    const char *fault = NULL;

    if (event && !(attributes_agree(line, event) && data_agrees(line, event)))
        fault = "says in words other things than in its bytes: it was edited";
    twofold__v1__audit_event__free_unpacked(event, NULL);
    return fault; /* what is no event is told elsewhere */
}

static const char *take_bytes(const json_t *line, uint8_t **ret_data, size_t *ret_n)
{
    const char *text = json_string_value(json_object_get(line, "protobuf"));
    uint8_t *data;

    if (!text)
        return "has no member protobuf with the event's bytes";
    data = base64_read(text, ret_n);
    if (!data)
        return "has a member protobuf that is no base64";
    *ret_data = data;
    return readable_fault(line, data, *ret_n);
}

const char *line_read(const char *line, size_t n, uint8_t **ret_data, size_t *ret_n)
{
    json_t *json;
    const char *fault = "is no JSON object";

    if (n > EVENT_LINE_MAX)
        return "is too long";
    json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        fault = take_bytes(json, ret_data, ret_n);
    json_decref(json);
    return fault;
}
