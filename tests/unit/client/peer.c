#include "unit/client/peer.h"

#include <nats/nats.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct peer {
    natsConnection *nc;
    natsSubscription *sub;
    peer_fn *answer;
    void *ctx;
};

static natsMsg *build(const char *to, const struct peer_answer *answer)
{
    size_t n = answer->reply ? protobuf_c_message_get_packed_size(answer->reply) : answer->n;
    uint8_t *data = malloc(n + 1);
    natsMsg *msg = NULL;

    if (answer->reply)
        protobuf_c_message_pack(answer->reply, data);
    else if (n > 0)
        memcpy(data, answer->raw, n);
    natsMsg_Create(&msg, to, NULL, (const char *)data, (int)n);
    free(data);
    if (answer->code)
        natsMsgHeader_Set(msg, "Nats-Service-Error-Code", answer->code);
    if (answer->text)
        natsMsgHeader_Set(msg, "Nats-Service-Error", answer->text);
    return msg;
}

/* What follows "twofold.v1.<org>." */
static const char *method_of(const char *subject)
{
    for (int dots = 0; *subject != '\0' && dots < 3; subject++)
        dots += *subject == '.';
    return subject;
}

static void on_request(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *arg)
{
    struct peer *peer = arg;
    struct peer_answer answer = {0};
    struct peer_request request = {.subject = natsMsg_GetSubject(msg),
                                   .method = method_of(natsMsg_GetSubject(msg)),
                                   .data = (const uint8_t *)natsMsg_GetData(msg),
                                   .n = (size_t)natsMsg_GetDataLength(msg)};

    (void)sub;
    natsMsgHeader_Get(msg, "Twofold-Request-Id", &request.request_id);
    natsMsgHeader_Get(msg, "traceparent", &request.traceparent);
    peer->answer(&request, &answer, peer->ctx);
    for (int i = 0; i <= answer.copies && !answer.silent && natsMsg_GetReply(msg); i++) {
        natsMsg *reply = build(natsMsg_GetReply(msg), &answer);

        natsConnection_PublishMsg(nc, reply);
        natsMsg_Destroy(reply);
    }
    natsMsg_Destroy(msg);
}

struct peer *peer_start(const char *url, const char *subject, peer_fn *answer, void *ctx)
{
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    peer->answer = answer;
    peer->ctx = ctx;
    assert_int_equal(natsConnection_ConnectTo(&peer->nc, url), NATS_OK);
    assert_int_equal(
        natsConnection_QueueSubscribe(&peer->sub, peer->nc, subject, "twofold", on_request, peer),
        NATS_OK);
    assert_int_equal(natsConnection_Flush(peer->nc), NATS_OK);
    return peer;
}

void peer_stop(struct peer *peer)
{
    natsSubscription_Drain(peer->sub);
    natsSubscription_WaitForDrainCompletion(peer->sub, 5000);
    natsSubscription_Destroy(peer->sub);
    natsConnection_Destroy(peer->nc);
    free(peer);
}

void peer_publish(struct peer *peer, const char *subject, const void *data, size_t n)
{
    assert_int_equal(natsConnection_Publish(peer->nc, subject, data, (int)n), NATS_OK);
    assert_int_equal(natsConnection_Flush(peer->nc), NATS_OK);
}

bool peer_wait(const _Atomic int *value, int wanted)
{
    for (int i = 0; i < 10000 && *value != wanted; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return *value == wanted;
}
