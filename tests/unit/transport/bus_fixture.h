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

static inline struct bus *open_bus_as(const struct bus_options *options)
{
    struct bus *bus = NULL;
    struct diag diag = {0};

    if (bus_open(options, once, NULL, &bus, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    return bus;
}

/* One that serves, and one that only publishes. */
static inline struct bus *open_bus(const char *url)
{
    return open_bus_as(&(struct bus_options){.url = url, .name = "test", .serves = true});
}

static inline struct bus *open_publishing_bus(const char *url)
{
    return open_bus_as(&(struct bus_options){.url = url, .name = "test"});
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

static inline struct bus_fixture fixture_open(const char *config)
{
    struct bus_fixture f = {.server = nats_server_start(config)};

    f.bus = open_bus(f.server.url);
    f.client = open_client(f.server.url);
    return f;
}

/* The same with a bus that only publishes. */
static inline struct bus_fixture publishing_fixture_open(const char *config)
{
    struct bus_fixture f = {.server = nats_server_start(config)};

    f.bus = open_publishing_bus(f.server.url);
    f.client = open_client(f.server.url);
    return f;
}

static inline void fixture_close(struct bus_fixture *f)
{
    bus_close(f->bus);
    natsConnection_Destroy(f->client);
    nats_server_stop(&f->server);
}

static inline void wait_connected(struct bus *bus, bool wanted)
{
    for (int tries = 0; tries < 1000 && bus_connected(bus) != wanted; tries++)
        usleep(10 * 1000);
    assert_int_equal(bus_connected(bus), wanted);
}

#endif
