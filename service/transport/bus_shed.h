/* The answer of an overloaded service. */
#ifndef TWOFOLD_TRANSPORT_BUS_SHED_H
#define TWOFOLD_TRANSPORT_BUS_SHED_H

#include "transport/bus.h"

/* Answers REQUEST with SHED and the request's id, if its reply may go where it asks. */
void bus_shed_answer(struct bus *bus, const struct bus_shed *shed,
                     const struct bus_request *request);

#endif
