/* Audit events for people: one a line. */
#ifndef TWOFOLD_CLI_EVENT_TEXT_H
#define TWOFOLD_CLI_EVENT_TEXT_H

#include <stdio.h>
#include <twofold/v1/audit.pb-c.h>

/* Prints time, type, and "name=value" for what is set; no value can look like the next field. */
void event_text_print(FILE *out, const Twofold__V1__AuditEvent *event);

#endif
