/* What the service itself reads of an encoded twofold.v1.AuditEvent, without decoding all of it. */
#ifndef TWOFOLD_BASE_EVENT_VIEW_H
#define TWOFOLD_BASE_EVENT_VIEW_H

#include "base/bytes.h"

/* Fields of the event; texts are views into it, without a NUL, empty when they are missing. */
struct event_view {
    struct bytes id, org, username, type, traceparent, instance;
    int64_t time_unix_ms;
    uint64_t sequence;
};

/*
 * Reads EVENT as protobuf-c would: of a field that comes twice the last one counts, a text ends at
 * its first NUL, unknown fields are passed over. False, and RET untouched, when it is malformed.
 * The insides of Span and Checkpoint are not looked at. Allocates nothing.
 */
bool event_view_read(struct bytes event, struct event_view *ret);

/* Unix milliseconds of EVENT; 0 when it is none. */
int64_t event_view_time(struct bytes event);

#endif
