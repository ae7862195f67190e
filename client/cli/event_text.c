#include "event_text.h"

#include "cli.h"
#include "reflect.h"

#include <inttypes.h>
#include <string.h>

static void print_time(FILE *out, int64_t unix_ms)
{
    char text[TIME_TEXT_SIZE];

    output_time(unix_ms / 1000, text);
    fprintf(out, "%.19s.%03dZ", text, (int)(unix_ms % 1000));
}

/* " name=value" for a text or enum field that is set. */
static void print_if_set(FILE *out, const ProtobufCMessage *event, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(event->descriptor, name);
    const void *value = reflect_value(event, field, 0);
    const char *text =
        field->type == PROTOBUF_C_TYPE_STRING
            ? *(const char *const *)value
            : (*(const int *)value ? reflect_enum_name(field, *(const int *)value) : "");

    if (text && text[0] == '\0')
        return;
    fprintf(out, " %s=", name);
    output_quoted(out, text ? text : "(unknown)", " \"=\\");
}

void event_text_print(FILE *out, const Twofold__V1__AuditEvent *event)
{
    static const char *const names[] = {"outcome", "username", "reason",     "method",
                                        "purpose", "actor",    "request_id", "recovery_slot"};

    print_time(out, event->time_unix_ms);
    fputc(' ', out);
    output_text(out, event->type);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        print_if_set(out, &event->base, names[i]);
    if (event->step_offset != 0)
        fprintf(out, " step_offset=%+" PRId32, event->step_offset);
    if (event->span)
        fprintf(out, " x%" PRIu64, event->span->count);
    fputc('\n', out);
}
