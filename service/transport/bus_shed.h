/* The answer of an overloaded service. */
#ifndef TWOFOLD_TRANSPORT_BUS_SHED_H
#define TWOFOLD_TRANSPORT_BUS_SHED_H

#include "transport/bus.h"

/* Answers with SHED to REPLY, if an answer may go there, and with REQUEST_ID, if it is one. */
void bus_shed_answer(struct bus *bus, const struct bus_shed *shed, const char *reply,
                     const char *request_id);

#endif
