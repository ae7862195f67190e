#include "reflect.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const void *at(const ProtobufCMessage *message, size_t offset)
{
    return (const uint8_t *)message + offset;
}

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    return 0;
}

size_t reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)at(message, field->quantifier_offset);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)at(message, field->quantifier_offset) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(const ProtobufCMessage *const *)at(message, field->offset) != NULL;
    return 1;
}

const void *reflect_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          size_t i)
{
    const void *value = at(message, field->offset);

    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return value;
    return *(const uint8_t *const *)value + i * value_size(field->type);
}

const char *reflect_enum_name(const ProtobufCFieldDescriptor *field, int number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);

    return value ? value->name : NULL;
}

void reflect_set_text(ProtobufCMessage *message, const char *name, char *text)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

    *(char **)(void *)((uint8_t *)message + field->offset) = text;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *(uint32_t *)(void *)((uint8_t *)message + field->quantifier_offset) = field->id;
}

static const char *parse_int32(const char *text, int32_t *ret)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || *end != '\0')
        return "must be a whole number";
    if (errno != 0 || value < INT32_MIN || value > INT32_MAX)
        return value < 0 ? "is too small" : "is too large";
    *ret = (int32_t)value;
    return NULL;
}

static const char *parse_bool(const char *text, protobuf_c_boolean *ret)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return "must be true or false";
    *ret = text[0] == 't';
    return NULL;
}

/* Not the zero value: that is protobuf's "not given". */
static const char *parse_enum(const ProtobufCEnumDescriptor *type, const char *text, int *ret)
{
    for (unsigned i = 0; i < type->n_values; i++)
        if (type->values[i].value != 0 && strcasecmp(type->values[i].name, text) == 0) {
            *ret = type->values[i].value;
            return NULL;
        }
    return "is none of its names";
}

void reflect_choices(const ProtobufCFieldDescriptor *field, char *ret_text, size_t size)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    size_t used = 0;

    ret_text[0] = '\0';
    for (unsigned i = 0; i < type->n_values && used < size; i++) {
        const char *between = i + 1 == type->n_values ? " or " : ", ";

        if (type->values[i].value != 0)
            used += (size_t)snprintf(ret_text + used, size - used, "%s%s", used ? between : "",
                                     type->values[i].name);
    }
    for (char *c = ret_text; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
}

const char *reflect_parse(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          char *text)
{
    void *value = (uint8_t *)message + field->offset;

    if (field->type == PROTOBUF_C_TYPE_INT32)
        return parse_int32(text, value);
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        return parse_bool(text, value);
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return parse_enum(field->descriptor, text, value);
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return "cannot be set here";
    *(char **)value = text;
    return NULL;
}
