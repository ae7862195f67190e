/*
 * Beside the bus port, for service discovery alone: requests that are answered on the library's own
 * thread and never enter the queue of bus_wait. Implemented by the adapter of the port.
 */
#ifndef TWOFOLD_TRANSPORT_BUS_ANSWER_H
#define TWOFOLD_TRANSPORT_BUS_ANSWER_H

#include "transport/bus.h"

/* REPLY is a subject that a reply may go to; requests without one are not handed over. */
typedef void bus_answerer(const void *ctx, struct bus *bus, const char *reply);

struct bus_answer {
    bus_answerer *answer;
    const void *ctx;
};

/* Subscribes to SUBJECT without a queue group, so that every instance answers. The answerer is
 * called until bus_close returns. Errors as for bus_serve. */
NODISCARD enum err bus_answer(struct bus *bus, const char *subject, struct bus_answer with,
                              struct diag *reterr);

#endif
