/* Values for lines of JSON, for the files that print them (jansson). */
#ifndef TWOFOLD_CLI_JSON_VALUE_H
#define TWOFOLD_CLI_JSON_VALUE_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* From now on all memory of JSON is wiped when it is freed. Before the first value. */
void json_wipe_what_is_freed(void);

/* As json_print_message() writes it. */
json_t *json_of_message(const ProtobufCMessage *message);

/* Standard base64 with padding. */
json_t *json_of_bytes(const uint8_t *bytes, size_t n);

/* What does not fit jansson's signed integer is still exact as text. */
json_t *json_of_unsigned(uint64_t value);

/* Prints it in one line. Consumes JSON. */
void json_print_line(FILE *out, json_t *json);

#endif
