/* Messages, errors and pongs as JSON, one object a line. The only way to jansson. */
#ifndef TWOFOLD_CLI_JSON_H
#define TWOFOLD_CLI_JSON_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdio.h>
#include <twofold/client.h>

/*
 * Prints MESSAGE: names as in the .proto, enums as names (as numbers when unknown), integers as
 * numbers, bytes as base64, every field that has a value or a default; of a oneof only the member
 * that is set. Text that is not UTF-8 becomes null. Memory that JSON passed through is wiped.
 */
void json_print_message(FILE *out, const ProtobufCMessage *message);

/* Prints {"error":{...}}. */
void json_print_error(FILE *out, const struct twofold_error *error);

/* An instance as it describes itself. */
struct instance {
    char id[64], version[64];
};

/* Prints the pong's own members and "round_trip_us". False: it is no JSON object. */
NODISCARD bool json_print_pong(FILE *out, const struct twofold_pong *pong);

/* Reads id and version; cut to their size, "" for what is not there. False: no JSON object. */
NODISCARD bool json_read_pong(const struct twofold_pong *pong, struct instance *ret);

#endif
