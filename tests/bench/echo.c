/*
 * The ceiling: a responder that only sends requests back, in the fastest way that the client
 * library has (research: an own event loop, one thread, a synchronous subscription that is drained,
 * one write for all replies). What a service costs is measured against it, in the same run.
 *
 *     bench_echo URL      prints "serving"; until SIGTERM
 *
 * The library takes a write event without anything to write for a broken connection, so it gets one
 * only while it asks for it.
 */
#include <nats/nats.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024 };

struct loop {
    natsConnection *connection;
    natsSock socket;
    bool attached, reads, writes;
};

static natsStatus attach(void **user, void *loop, natsConnection *nc, natsSock socket)
{
    struct loop *l = loop;

    *user = l;
    l->connection = nc;
    l->socket = socket;
    l->attached = l->reads = true;
    return NATS_OK;
}

static natsStatus set_read(void *user, bool add)
{
    ((struct loop *)user)->reads = add;
    return NATS_OK;
}

static natsStatus set_write(void *user, bool add)
{
    ((struct loop *)user)->writes = add;
    return NATS_OK;
}

static natsStatus detach(void *user)
{
    ((struct loop *)user)->attached = false;
    return NATS_OK;
}

static void answer_all(struct loop *l, natsSubscription *sub)
{
    natsMsg *m = NULL;

    for (unsigned i = 0; i < BATCH && natsSubscription_NextMsg(&m, sub, 0) == NATS_OK; i++) {
        natsConnection_Publish(l->connection, natsMsg_GetReply(m), natsMsg_GetData(m),
                               natsMsg_GetDataLength(m));
        natsMsg_Destroy(m);
    }
}

static void serve(struct loop *l, natsSubscription *sub)
{
    while (l->attached) {
        struct pollfd p = {.fd = l->socket, .events = POLLIN};

        if (l->writes)
            p.events |= POLLOUT;
        if (poll(&p, 1, 100) < 0)
            return;
        if (p.revents & ~POLLOUT)
            natsConnection_ProcessReadEvent(l->connection);
        answer_all(l, sub);
        if (l->writes)
            natsConnection_ProcessWriteEvent(l->connection);
    }
}

int main(int argc, char **argv)
{
    static struct loop loop;
    natsSubscription *sub = NULL;
    natsOptions *options = NULL;
    natsConnection *nc = NULL;
    natsStatus s;

    if (argc != 2)
        return 2;
    s = natsOptions_Create(&options);
    if (s == NATS_OK)
        s = natsOptions_SetURL(options, argv[1]);
    if (s == NATS_OK)
        s = natsOptions_SetEventLoop(options, &loop, attach, set_read, set_write, detach);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(options, true);
    if (s == NATS_OK)
        s = natsConnection_Connect(&nc, options);
    if (s == NATS_OK)
        s = natsConnection_QueueSubscribeSync(&sub, nc, "twofold.v1.*.*.*", "twofold");
    if (s == NATS_OK)
        s = natsSubscription_SetPendingLimits(sub, -1, -1);
    if (s != NATS_OK) {
        fprintf(stderr, "bench_echo: %s\n", natsStatus_GetText(s));
        return 1;
    }
    puts("serving");
    fflush(stdout);
    serve(&loop, sub);
    return 1;
}
