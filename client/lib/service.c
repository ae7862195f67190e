#include "client.h"

#include "error.h"

#include <stdlib.h>

struct service {
    ProtobufCService base; /* first: protobuf-c hands back its address */
    struct twofold_client *client;
    struct twofold_error error;
};

static void invoke(ProtobufCService *base, unsigned method_index, const ProtobufCMessage *input,
                   ProtobufCClosure closure, void *closure_data)
{
    struct service *service = (struct service *)base;
    struct twofold_call call = {.service = base->descriptor,
                                .method = base->descriptor->methods[method_index].name,
                                .request = input};
    ProtobufCMessage *reply = NULL;

    if (twofold_client_call(service->client, &call, &reply, &service->error) != TWOFOLD_OK)
        reply = NULL;
    closure(reply, closure_data);
    twofold_reply_free(reply);
}

static void destroy(ProtobufCService *base)
{
    free((struct service *)base);
}

ProtobufCService *twofold_client_service(struct twofold_client *client,
                                         const ProtobufCServiceDescriptor *descriptor)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service)
        return NULL;
    service->base =
        (ProtobufCService){.descriptor = descriptor, .invoke = invoke, .destroy = destroy};
    service->client = client;
    return &service->base;
}

const struct twofold_error *twofold_service_error(const ProtobufCService *service)
{
    return &((const struct service *)service)->error;
}
