/* What the tests of the bus share: a server, a bus of ours on it, and a plain client. */
#ifndef TWOFOLD_TESTS_UNIT_TRANSPORT_BUS_FIXTURE_H
#define TWOFOLD_TESTS_UNIT_TRANSPORT_BUS_FIXTURE_H

#include "support/nats_server.h"
#include "support/runner.h"
#include "transport/bus.h"

#include <nats/nats.h>
#include <stdio.h>
#include <unistd.h>

enum { LONG_MS = 10 * 1000 };

struct bus_fixture {
    struct nats_server server;
    struct bus *bus;
    natsConnection *client;
};

static inline bool once(void *ctx)
{
    (void)ctx;
    return false;
}

static inline bool always(void *ctx)
{
    (void)ctx;
    return true;
}

static inline struct bus *open_bus(const char *url, unsigned queue_max)
{
    struct bus *bus = NULL;
    struct diag diag = {0};

    if (bus_open(&(struct bus_options){.url = url, .name = "test", .queue_max = queue_max}, once,
                 NULL, &bus, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return bus;
}

static inline natsConnection *open_client(const char *url)
{
    natsConnection *nc = NULL;
    natsOptions *o = NULL;

    natsOptions_Create(&o);
    natsOptions_SetURL(o, url);
    natsOptions_SetMaxReconnect(o, -1);
    natsOptions_SetReconnectWait(o, 10);
    natsOptions_SetReconnectJitter(o, 0, 0);
    assert_int_equal(natsConnection_Connect(&nc, o), NATS_OK);
    natsOptions_Destroy(o);
    return nc;
}

static inline struct bus_fixture fixture_open(const char *config, unsigned queue_max)
{
    struct bus_fixture f = {.server = nats_server_start(config)};

    f.bus = open_bus(f.server.url, queue_max);
    f.client = open_client(f.server.url);
    return f;
}

static inline void fixture_close(struct bus_fixture *f)
{
    bus_close(f->bus);
    natsConnection_Destroy(f->client);
    nats_server_stop(&f->server);
}

static const struct bus_header shed_headers[] = {{"Nats-Service-Error-Code", "503"},
                                                 {"Nats-Service-Error", "EXHAUSTED"}};
static const struct bus_shed shed = {
    .headers = shed_headers, .n_headers = 2, .body = {(const uint8_t *)"busy", 4}};

static inline void serve(struct bus *bus, const char *subject)
{
    struct diag diag = {0};

    if (bus_serve(bus, subject, "twofold", &shed, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
}

/* Answers whatever comes with its own payload until N requests were answered. */
static inline void echo(struct bus *bus, size_t n)
{
    struct bus_request requests[16];

    for (size_t done = 0, got; done < n; done += got) {
        got = bus_wait(bus, LONG_MS, requests, 16);
        assert_true(got > 0);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(bus_publish(bus, requests[i].reply, NULL, 0, requests[i].payload),
                             ERR_OK);
            bus_release(requests[i].message);
        }
        /* After a reconnect the first flush reports the loss of the old connection. */
        err_drop(bus_flush(bus, LONG_MS));
    }
}

#endif
