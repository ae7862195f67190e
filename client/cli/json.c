#include "json.h"

#include "json_value.h"
#include "reflect.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Allocations know their size, so that freeing wipes all of them. */
union sized {
    size_t n;
    max_align_t aligned;
};

static void *sized_alloc(size_t n)
{
    union sized *p = malloc(sizeof *p + n);

    if (!p)
        return NULL;
    p->n = n;
    return p + 1;
}

static void wipe_and_free(void *memory)
{
    union sized *p = memory;

    if (!p)
        return;
    explicit_bzero(p, p[-1].n);
    free(p - 1);
}

void json_wipe_what_is_freed(void)
{
    json_set_alloc_funcs(sized_alloc, wipe_and_free);
}

json_t *json_of_bytes(const uint8_t *bytes, size_t n_bytes)
{
    size_t n = (n_bytes + 2) / 3 * 4;
    char *text = sized_alloc(n + 1), *to = text;
    json_t *json;

    if (!text)
        return json_null();
    for (size_t i = 0; i < n_bytes; i += 3) {
        size_t left = n_bytes - i;
        unsigned group = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0U) |
                         (left > 2 ? (unsigned)bytes[i + 2] : 0U);

        *to++ = base64_digits[group >> 18];
        *to++ = base64_digits[group >> 12 & 63];
        *to++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[group & 63] : '=';
    }
    *to = '\0';
    json = json_stringn(text, n);
    wipe_and_free(text);
    return json;
}

static json_t *text_to_json(const char *text)
{
    json_t *json = json_string(text ? text : "");

    return json ? json : json_null();
}

json_t *json_of_unsigned(uint64_t value)
{
    char text[24];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *enum_to_json(const ProtobufCFieldDescriptor *field, int number)
{
    const char *name = reflect_enum_name(field, number);

    return name ? json_string(name) : json_integer(number);
}

static json_t *value_to_json(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)value);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return json_integer(*(const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return json_of_unsigned(*(const uint64_t *)value);
    case PROTOBUF_C_TYPE_FLOAT:
        return json_real((double)*(const float *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_to_json(field, *(const int *)value);
    case PROTOBUF_C_TYPE_STRING:
        return text_to_json(*(const char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return json_of_bytes(((const ProtobufCBinaryData *)value)->data,
                             ((const ProtobufCBinaryData *)value)->len);
    case PROTOBUF_C_TYPE_MESSAGE:
        return json_of_message(*(const ProtobufCMessage *const *)value);
    }
    return json_null();
}

json_t *json_of_message(const ProtobufCMessage *message)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t n = reflect_count(message, field);
        json_t *array = field->label == PROTOBUF_C_LABEL_REPEATED ? json_array() : NULL;

        for (size_t k = 0; k < n; k++) {
            json_t *value = value_to_json(field, reflect_value(message, field, k));

            if (array)
                json_array_append_new(array, value);
            else
                json_object_set_new(object, field->name, value);
        }
        if (array)
            json_object_set_new(object, field->name, array);
    }
    return object;
}

void json_print_line(FILE *out, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    if (text)
        fprintf(out, "%s\n", text);
    wipe_and_free(text);
    json_decref(json);
}

static void print_now(FILE *out, json_t *json)
{
    json_print_line(out, json);
    fflush(out);
}

void json_print_message(FILE *out, const ProtobufCMessage *message)
{
    json_wipe_what_is_freed();
    print_now(out, json_of_message(message));
}

static json_t *violations_to_json(const struct twofold_error *error)
{
    json_t *array = json_array();

    for (size_t i = 0; i < error->n_violations; i++) {
        json_t *object = json_object();

        json_object_set_new(object, "field", text_to_json(error->violations[i].field));
        json_object_set_new(object, "rule", text_to_json(error->violations[i].rule));
        json_array_append_new(array, object);
    }
    return array;
}

void json_print_error(FILE *out, const struct twofold_error *error)
{
    const ProtobufCEnumValue *reason = protobuf_c_enum_descriptor_get_value(
        &twofold__v1__error__reason__descriptor, error->reason);
    json_t *object, *whole;

    json_wipe_what_is_freed();
    object = json_object();
    whole = json_object();
    json_object_set_new(object, "status", json_string(twofold_status_name(error->status)));
    if (error->status == TWOFOLD_REFUSED) {
        json_object_set_new(object, "reason",
                            reason ? json_string(reason->name) : json_integer(error->reason));
        json_object_set_new(object, "code", json_integer(error->code));
        json_object_set_new(object, "retry_after_seconds",
                            json_integer(error->retry_after_seconds));
        json_object_set_new(object, "attempts_left", json_integer(error->attempts_left));
        json_object_set_new(object, "violations", violations_to_json(error));
    }
    json_object_set_new(object, "message", text_to_json(error->message));
    json_object_set_new(whole, "error", object);
    print_now(out, whole);
}

static json_t *pong_to_json(const struct twofold_pong *pong)
{
    json_t *json;

    json_wipe_what_is_freed();
    json = json_loadb(pong->json, pong->n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

bool json_print_pong(FILE *out, const struct twofold_pong *pong)
{
    json_t *json = pong_to_json(pong);

    if (!json)
        return false;
    json_object_set_new(json, "round_trip_us", json_integer(pong->round_trip_us));
    print_now(out, json);
    return true;
}

static void copy_member(const json_t *json, const char *name, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(json, name));

    snprintf(to, size, "%s", text ? text : "");
}

bool json_read_pong(const struct twofold_pong *pong, struct instance *ret)
{
    json_t *json = pong_to_json(pong);

    if (!json)
        return false;
    copy_member(json, "id", ret->id, sizeof ret->id);
    copy_member(json, "version", ret->version, sizeof ret->version);
    json_decref(json);
    return true;
}
