/* What makes a message an audit event. */
#ifndef TWOFOLD_CLIENT_AUDIT_EVENT_H
#define TWOFOLD_CLIENT_AUDIT_EVENT_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>
#include <twofold/v1/audit.pb-c.h>

/* The event that N bytes at DATA are, or NULL: they are none, or it does not say of itself what its
 * SUBJECT says. An empty message is a valid AuditEvent, and the server's own messages can be sent
 * to a subject by other ways. Free it with twofold__v1__audit_event__free_unpacked(). */
NODISCARD Twofold__V1__AuditEvent *audit_event_read(const char *subject, const uint8_t *data,
                                                    size_t n);

#endif
