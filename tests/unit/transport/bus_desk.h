/* A service for the tests of the bus: it keeps what it is handed, or answers with what came. */
#ifndef TWOFOLD_TESTS_UNIT_TRANSPORT_BUS_DESK_H
#define TWOFOLD_TESTS_UNIT_TRANSPORT_BUS_DESK_H

#include "bus_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

enum { DESK_KEEPS = 16, DESK_TEXT = 160 };

struct letter {
    char subject[DESK_TEXT], reply[DESK_TEXT], request_id[DESK_TEXT], traceparent[DESK_TEXT],
        request_info[DESK_TEXT];
    uint8_t payload[DESK_TEXT];
    size_t n_payload;
};

struct desk {
    struct bus_service service;
    struct bus *bus;
    bool echoes;
    atomic_size_t room; /* admits so many more */
    atomic_size_t came, turns;
    struct letter kept[DESK_KEEPS]; /* the first */
};

static const struct bus_header shed_headers[] = {{"Nats-Service-Error-Code", "503"},
                                                 {"Nats-Service-Error", "EXHAUSTED"}};

static inline bool desk_admits(void *ctx)
{
    struct desk *d = ctx;

    return atomic_load(&d->room) > 0;
}

static inline void desk_request(void *ctx, const struct bus_request *r)
{
    struct desk *d = ctx;
    size_t came = atomic_load(&d->came);

    if (came < DESK_KEEPS) {
        struct letter *l = &d->kept[came];

        snprintf(l->subject, DESK_TEXT, "%s", r->subject);
        snprintf(l->reply, DESK_TEXT, "%s", r->reply);
        snprintf(l->request_id, DESK_TEXT, "%s", r->request_id);
        snprintf(l->traceparent, DESK_TEXT, "%s", r->traceparent);
        snprintf(l->request_info, DESK_TEXT, "%s", r->request_info);
        l->n_payload = r->payload.n < DESK_TEXT ? r->payload.n : DESK_TEXT;
        memcpy(l->payload, r->payload.p, l->n_payload);
    }
    if (d->echoes)
        assert_int_equal(bus_publish(d->bus, r->reply, NULL, 0, r->payload), ERR_OK);
    atomic_fetch_sub(&d->room, 1);
    atomic_store(&d->came, came + 1);
}

static inline void desk_turn(void *ctx)
{
    struct desk *d = ctx;

    atomic_fetch_add(&d->turns, 1);
}

/* Serves SUBJECT on BUS until that is closed. */
static inline enum err desk_open(struct desk *d, struct bus *bus, const char *subject,
                                 const char *queue, struct diag *reterr)
{
    d->bus = bus;
    d->service = (struct bus_service){
        .admits = desk_admits,
        .request = desk_request,
        .turn = desk_turn,
        .ctx = d,
        .queue_max = d->service.queue_max ? d->service.queue_max : 64,
        .shed = {.headers = shed_headers, .n_headers = 2, .body = {(const uint8_t *)"busy", 4}}};
    return bus_serve(bus, subject, queue, &d->service, reterr);
}

static inline void serve(struct desk *d, struct bus *bus, const char *subject)
{
    struct diag diag = {0};

    if (!d->echoes && atomic_load(&d->room) == 0)
        atomic_store(&d->room, SIZE_MAX / 2);
    if (d->echoes)
        atomic_store(&d->room, SIZE_MAX / 2);
    if (desk_open(d, bus, subject, "twofold", &diag) != ERR_OK)
        fail_msg("%s", diag.text);
}

static inline void wait_for(const struct desk *d, size_t n)
{
    for (int tries = 0; tries < 2000 && atomic_load(&d->came) < n; tries++)
        usleep(5 * 1000);
    assert_true(atomic_load(&d->came) >= n);
}

#endif
