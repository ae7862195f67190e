/* Audit events as CloudEvents 1.0, in the JSON format: an object a line. */
#ifndef TWOFOLD_CLI_CLOUDEVENT_JSON_H
#define TWOFOLD_CLI_CLOUDEVENT_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <twofold/v1/audit.pb-c.h>

struct cloudevent {
    const Twofold__V1__AuditEvent *event;
    const uint8_t *bytes; /* the event, byte for byte as published */
    size_t n;
    uint64_t stream_sequence; /* 0: it did not come from a stream */
};

/* Prints the attributes, of which `protobuf` is the event's bytes as base64, and `data`, the event
 * as json_print_message() writes it. Does not flush. */
void cloudevent_print(FILE *out, const struct cloudevent *what);

#endif
