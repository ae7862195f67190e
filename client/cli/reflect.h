/* Reading and setting fields of any generated message by its descriptor. */
#ifndef TWOFOLD_CLI_REFLECT_H
#define TWOFOLD_CLI_REFLECT_H

#include "base/attr.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* How many values the field has: its elements; 0 or 1 for a member of a oneof or a message; 1 for
 * any other, as proto3 does not tell zero from absent. */
size_t reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Where value I of the field is, of the C type that protobuf-c gives the field's type. */
const void *reflect_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          size_t i);

/* Name of an enum's value; NULL for a number that this program does not know. Static. */
const char *reflect_enum_name(const ProtobufCFieldDescriptor *field, int number);

/* Sets the text field NAME, and its oneof, to TEXT, which stays the caller's. */
void reflect_set_text(ProtobufCMessage *message, const char *name, char *text);

/* "disabled, optional or required": what reflect_parse takes for an enum FIELD. Cut to SIZE. */
void reflect_choices(const ProtobufCFieldDescriptor *field, char *ret_text, size_t size);

/* Sets a scalar FIELD from TEXT, which stays the caller's: a number, true or false, an enum's name
 * in either case, or text. Returns what it must be instead (static), or NULL. */
NODISCARD const char *reflect_parse(ProtobufCMessage *message,
                                    const ProtobufCFieldDescriptor *field, char *text);

#endif
