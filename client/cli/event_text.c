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

/* Quoted unless it is plain, as in the log: no value can look like the next field. */
static void print_value(FILE *out, const char *text)
{
    if (text[strcspn(text, " \"=\\")] == '\0') {
        output_text(out, text);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        char piece[3] = {*text};

        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        else if (*text == '\xc2' && text[1] != '\0')
            piece[1] = *++text; /* both bytes of what may be a control character */
        output_text(out, piece);
    }
    fputc('"', out);
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
    print_value(out, text ? text : "(unknown)");
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
