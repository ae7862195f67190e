/*
 * An audit event as it goes out: CloudEvents 1.0, NATS binding, binary mode. The event itself is
 * the body, unchanged; its attributes are headers, so that a consumer can route and filter without
 * decoding.
 */
#ifndef TWOFOLD_AUDIT_CLOUDEVENT_H
#define TWOFOLD_AUDIT_CLOUDEVENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

/* What the subject of every event begins with. */
#define AUDIT_SUBJECT_PREFIX "twofold.audit.v1."

enum {
    CLOUDEVENT_ID_MAX = 64,
    CLOUDEVENT_SUBJECT_BYTES = sizeof AUDIT_SUBJECT_PREFIX + 3 * (ORG_MAX + 1),
    /* A byte that is percent-encoded takes three; 512: names and what is always the same. */
    CLOUDEVENT_HEADERS_BYTES = 512 + CLOUDEVENT_ID_MAX + 2 * ORG_MAX +
                               3 * (INSTANCE_MAX + USERNAME_MAX + 2 * TRACEPARENT_MAX),
};

struct cloudevent {
    char id[CLOUDEVENT_ID_MAX + 1];         /* ce-id; also to be the header Nats-Msg-Id */
    char subject[CLOUDEVENT_SUBJECT_BYTES]; /* twofold.audit.v1.<org>.<category>.<event> */
    char headers[CLOUDEVENT_HEADERS_BYTES]; /* all others, as on the wire: "Name: value\r\n" each */
    struct bytes body;
};

/*
 * The message for the encoded twofold.v1.AuditEvent EVENT, which becomes its body and is borrowed.
 * ERR_VALIDATION, and RET untouched, when EVENT is none, or has no id, or an organization or type
 * that cannot stand in a subject. No text of an event can end its header. Allocates nothing.
 */
NODISCARD enum err cloudevent_make(struct bytes event, struct cloudevent *ret);

#endif
