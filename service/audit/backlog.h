/* What an operator wants to know of the events that have not been sent: numbers for service
 * discovery, and lines for the log. */
#ifndef TWOFOLD_AUDIT_BACKLOG_H
#define TWOFOLD_AUDIT_BACKLOG_H

#include "store/store.h"

struct backlog {
    uint64_t events;       /* not sent yet */
    int64_t oldest_age_ms; /* of the oldest of them; 0: there is none */
    uint64_t tail;         /* sent, and kept for sending again */
    uint64_t dropped;      /* removed unsent, ever */
};

/* Of all processes on STORE, at NOW_MS (Unix milliseconds). From any thread; reads one event. */
NODISCARD enum err backlog_look(struct store *store, int64_t now_ms, struct backlog *ret);

/* Unix milliseconds of an encoded twofold.v1.AuditEvent; 0 when it is none. */
int64_t backlog_event_ms(struct bytes event);

/* Starts as zeros. */
struct backlog_watch {
    int64_t looked_ms, warned_ms;
    bool warned;
};

/* Looks once a second of NOW_MS (Unix milliseconds), and logs: when events have waited for more
 * than ten seconds, once a minute; and once when none waits for long any more. */
void backlog_watch_look(struct backlog_watch *w, struct store *store, int64_t now_ms,
                        uint64_t resent);

#endif
