#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <twofold/client.h>

static void wipe_message(ProtobufCMessage *message);

static void wipe_value(ProtobufCType type, void *value)
{
    char *text;
    ProtobufCBinaryData *bytes;

    if (type == PROTOBUF_C_TYPE_STRING) {
        text = *(char **)value;
        if (text && text[0] != '\0') /* the empty default is not ours to write to */
            explicit_bzero(text, strlen(text));
    } else if (type == PROTOBUF_C_TYPE_BYTES) {
        bytes = value;
        if (bytes->data)
            explicit_bzero(bytes->data, bytes->len);
    } else if (type == PROTOBUF_C_TYPE_MESSAGE && *(ProtobufCMessage **)value) {
        wipe_message(*(ProtobufCMessage **)value);
    }
}

static size_t value_size(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(void *);
}

static int holds_text(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_BYTES ||
           type == PROTOBUF_C_TYPE_MESSAGE;
}

/* Members of a oneof share their place: only the one that is set has the type it says. */
static void wipe_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint8_t *at = (uint8_t *)message + field->offset;
    const size_t *count =
        (const size_t *)(const void *)((uint8_t *)message + field->quantifier_offset);

    if (!holds_text(field->type))
        return;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        for (size_t i = 0; i < *count; i++)
            wipe_value(field->type, *(uint8_t **)(void *)at + i * value_size(field->type));
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        *(const uint32_t *)(const void *)count != field->id)
        return;
    wipe_value(field->type, at);
}

static void wipe_message(ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        wipe_field(message, &message->descriptor->fields[i]);
    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        explicit_bzero(message->unknown_fields[i].data, message->unknown_fields[i].len);
}

void twofold_reply_free(ProtobufCMessage *reply)
{
    if (!reply)
        return;
    wipe_message(reply);
    protobuf_c_message_free_unpacked(reply, NULL);
}

void twofold_request_id(char ret_id[TWOFOLD_REQUEST_ID_SIZE])
{
    uint8_t random[(TWOFOLD_REQUEST_ID_SIZE - 1) / 2];

    /* Small requests come whole and fail only where there is no such call at all. */
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort();
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(ret_id + 2 * i, 3, "%02x", random[i]);
}
