/* Private to audit_resend*.c: one run of `twofoldd audit resend`. */
#ifndef TWOFOLD_TOOLS_AUDIT_RESEND_H
#define TWOFOLD_TOOLS_AUDIT_RESEND_H

#include "base/arena.h"
#include "tools/audit_parts.h"
#include "tools/held_ids.h"

enum { RESEND_IN_FLIGHT_MAX = 256 };

/* The events of one organization that were sent. */
struct org_sent {
    char org[ORG_MAX + 1];
    struct audit_span span;
};

struct flight {
    uint64_t position;
    size_t org; /* of resend.orgs */
    int64_t unix_ms;
};

struct resend {
    struct tool tool;
    struct audit_link link;
    int64_t from_ms, to_ms, now_ms;
    struct outbox_state outbox;
    struct arena *page, *event;
    struct progress_bar bar;

    bool may_read;
    struct held_ids held;

    struct flight flights[RESEND_IN_FLIGHT_MAX];
    size_t n_flights;
    struct org_sent *orgs;
    size_t n_orgs;

    int64_t oldest_ms; /* that the tail has; 0: it is empty */
    uint64_t in_range, sent, held_already, too_old, too_large, unreadable;
    uint64_t remembered; /* the stream has lost them, and yet remembers their ids */
    uint64_t refused;
    char why[STREAM_DETAIL_BYTES]; /* the first of these was */
};

/* Called for every event that the bus has taken and the tail keeps, oldest first. */
typedef enum err resend_visitor(struct resend *r, const struct outbox_entry *entry,
                                struct diag *reterr);
NODISCARD enum err resend_walk(struct resend *r, resend_visitor *visit, struct diag *reterr);

/* Did it happen in the time that was asked for? Of an unreadable one nobody knows: yes. */
bool resend_wants(const struct resend *r, const struct outbox_entry *entry);

/* Reads the ids that the stream holds, of that time and later, into r->held; sets r->may_read. */
NODISCARD enum err resend_read_stream(struct resend *r, struct diag *reterr);

/* Sends what is wanted and not held, waits for all acknowledgements, and counts in R, also when it
 * fails half-way: what the bus does not acknowledge any more stays in R->flights. */
NODISCARD enum err resend_send(struct resend *r, struct diag *reterr);

#endif
