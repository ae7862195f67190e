#include "audit_event.h"

#include "subject.h"

#include <stdbool.h>
#include <string.h>

static bool belongs(const Twofold__V1__AuditEvent *event, const char *subject)
{
    char own[SUBJECT_SIZE];

    return *event->id && org_valid(event->org) && strchr(event->type, '.') &&
           audit_subject(event->org, event->type, own) && strcmp(own, subject) == 0;
}

Twofold__V1__AuditEvent *audit_event_read(const char *subject, const uint8_t *data, size_t n)
{
    Twofold__V1__AuditEvent *event = twofold__v1__audit_event__unpack(NULL, n, data);

    if (event && !belongs(event, subject)) {
        twofold__v1__audit_event__free_unpacked(event, NULL);
        return NULL;
    }
    return event;
}
