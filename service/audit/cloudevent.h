/*
 * An audit event as it goes out: CloudEvents 1.0, NATS binding, binary mode. The event itself is
 * the body, unchanged; its attributes are headers, so that a consumer can route and filter without
 * decoding.
 */
#ifndef TWOFOLD_AUDIT_CLOUDEVENT_H
#define TWOFOLD_AUDIT_CLOUDEVENT_H

#include "base/arena.h"
#include "transport/bus.h"

/* What the subject of every event begins with. */
#define AUDIT_SUBJECT_PREFIX "twofold.audit.v1."

enum { CLOUDEVENT_HEADERS_MAX = 13, CLOUDEVENT_ID_MAX = 64 };

struct cloudevent {
    const char *id;      /* also a header; at most CLOUDEVENT_ID_MAX bytes */
    const char *subject; /* twofold.audit.v1.<org>.<category>.<event> */
    struct bus_header headers[CLOUDEVENT_HEADERS_MAX];
    size_t n_headers;
    struct bytes body;
};

/*
 * The message for the encoded twofold.v1.AuditEvent EVENT, which becomes its body and is borrowed;
 * texts lie in ARENA. ERR_VALIDATION when EVENT is none, or has no id, or an organization or type
 * that cannot stand in a subject; ERR_UNAVAILABLE without memory.
 */
NODISCARD enum err cloudevent_make(struct bytes event, struct arena *arena,
                                   struct cloudevent *ret_event);

#endif
