/*
 * The bus's side of serving: requests become exchanges, decoded and ready to be decided; exchanges
 * that are done become replies. Two threads of the bus do it, one each.
 */
#ifndef TWOFOLD_INTAKE_H
#define TWOFOLD_INTAKE_H

#include "exchange_ring.h"
#include "transport/bus.h"

#include <pthread.h>

struct intake {
    struct bus *bus; /* these are borrowed */
    struct dispatcher *dispatcher;
    struct exchange_ring *in, *done;
    struct exchange **sent; /* room for INTAKE_SEND_MAX */
    pthread_mutex_t mutex;  /* over what follows, and over making and freeing exchanges */
    size_t live, live_max;  /* exchanges at a time, and room of DONE */
    size_t room;            /* of IN, at least */
    int64_t complained_ms;
};

enum { INTAKE_SEND_MAX = 64 };

/* The functions of struct bus_service; CTX is a struct intake. */
bool intake_admits(void *ctx);
void intake_request(void *ctx, const struct bus_request *r);
void intake_turn(void *ctx);

#endif
