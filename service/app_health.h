/* What service discovery tells of this process's health, for `twofoldd health`. */
#ifndef TWOFOLD_APP_HEALTH_H
#define TWOFOLD_APP_HEALTH_H

#include "serve.h"
#include "store/store.h"
#include "transport/discovery.h"

enum { HOST_BYTES = 256 };

struct app_health { /* all but the name borrowed */
    const struct store *store;
    const struct dispatcher *dispatcher;
    struct server *server;
    const atomic_bool *stop;
    char host[HOST_BYTES];
};

/* Sets the name of this machine, or container, as its kernel has it. */
void app_health_name_host(struct app_health *h);

/*
 * A discovery_teller; CTX is a struct app_health. Tells:
 * "host"; "state": starting, serving or stopping; "store": ok, or what is wrong with it and what to
 * do; "store_proof_age_ms": since when a write is known to be durable (missing: never);
 * "turn_age_ms": since when the thread that decides is in its turn (missing: not begun);
 * "requests": ok, or why they are refused.
 * Asks for a younger proof when that one is not young: it is there when asked again a little later.
 */
discovery_teller app_health_data;

#endif
