/*
 * Who asked, where the server says so (DESIGN rule 17). A request that came through a service
 * import has a reply subject below _R_., which no client can forge, and a header Nats-Request-Info
 * that the server wrote; anywhere else the header is a client's claim and counts for nothing.
 */
#ifndef TWOFOLD_TRANSPORT_ACTOR_H
#define TWOFOLD_TRANSPORT_ACTOR_H

#include "transport/bus.h"

/*
 * "account/user" of R into RET_ACTOR; "" when nothing is attested. Only what stays the same from
 * one request of a caller to the next: the server also tells round-trip time, connection and host.
 * ERR_VALIDATION when the server attests somebody but the header is there twice (one of them is
 * smuggled), unreadable or too long: such a request must not pass as one of nobody.
 */
NODISCARD enum err bus_actor(const struct bus_request *r, char ret_actor[static ACTOR_MAX + 1]);

#endif
