/*
 * NATS service discovery (ADR-32): answers $SRV.PING|INFO|STATS, so that `nats micro ls`, `info`
 * and `stats` work. Written by hand because no version of the library gets the wire right.
 */
#ifndef TWOFOLD_TRANSPORT_DISCOVERY_H
#define TWOFOLD_TRANSPORT_DISCOVERY_H

#include "base/stats.h"
#include "transport/bus.h"

struct discovery_endpoint {
    const char *name;               /* [A-Za-z0-9_-]+, "verification-verify" */
    const char *subject;            /* "twofold.v1.*.verification.verify" */
    const char *request, *response; /* full names of the message types, for metadata */
    const struct endpoint_stats *stats;
};

/* What this service tells beside what every service tells. */
enum { DISCOVERY_FACTS_MAX = 8, DISCOVERY_TEXT_BYTES = 4096 };
struct discovery_fact {
    const char *name;
    const char *text; /* NULL: it is a number */
    int64_t number;
};
struct discovery_facts {
    size_t n;
    struct discovery_fact at[DISCOVERY_FACTS_MAX];
    char text[DISCOVERY_TEXT_BYTES]; /* for texts that are not static */
};
/* Adds one; there is room for as many as are told. */
void discovery_tell(struct discovery_facts *facts, struct discovery_fact fact);
typedef void discovery_teller(void *ctx, struct discovery_facts *ret);

/* An object of that name in "data". */
struct discovery_part {
    const char *name;
    discovery_teller *tell;
    void *ctx;
};

struct discovery_service {
    const char *name, *id, *version, *description, *queue;
    int64_t started_unix_ms;
    const struct discovery_endpoint *endpoints;
    size_t n_endpoints;
    /* Called for each answer, on a thread of the bus: NULL when there is nothing to tell. */
    discovery_teller *metadata; /* of INFO: texts alone */
    void *metadata_ctx;
    const struct discovery_part *data; /* of STATS: what is in "data" */
    size_t n_data;
};

struct discovery;

/* Subscribes the nine subjects on BUS's connection. SERVICE and what it points to are borrowed
 * until discovery_free. ERR_VALIDATION and RETERR, naming the permission, when the server refuses.
 */
NODISCARD enum err discovery_start(struct bus *bus, const struct discovery_service *service,
                                   struct discovery **ret_discovery, struct diag *reterr);

/* Frees; NULL is fine. Call after bus_close, which ends the answers. */
void discovery_free(struct discovery *d);

#endif
