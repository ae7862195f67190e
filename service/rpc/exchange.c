#include "rpc/exchange.h"

#include "base/secret.h"
#include "rpc/error_wire.h"
#include "rpc/parse.h"
#include "rpc/wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What ended it is told by the body where there is room for one, by the headers always. */
void exchange_end(struct exchange *x, enum err err)
{
    struct bytes body = {0};

    if (err != ERR_OK) {
        err_drop(error_encode(err, &x->call.fault, x->call.arena, &body));
        x->body = body;
    }
    x->err = err;
    x->state = DONE;
}

static enum err copy_headers(struct exchange *x, const struct incoming *in)
{
    struct rpc_call *call = &x->call;
    bool traced = parse_is_traceparent(in->traceparent);

    call->request_id = call->traceparent = call->actor = "";
    if (in->actor_doubtful || strlen(in->actor) > ACTOR_MAX) {
        fault_add(&call->fault, "Nats-Request-Info", "must occur once, as the server wrote it");
        return ERR_VALIDATION;
    }
    if (*in->request_id && !parse_is_request_id(in->request_id)) {
        fault_add(&call->fault, "Twofold-Request-Id",
                  "must be 1 to 64 printable ASCII characters, once");
        return ERR_VALIDATION;
    }
    call->request_id = arena_text(call->arena, in->request_id, strlen(in->request_id));
    call->traceparent = traced ? arena_text(call->arena, in->traceparent, TRACEPARENT_MAX) : "";
    call->actor = arena_text(call->arena, in->actor, strlen(in->actor));
    return call->request_id && call->traceparent && call->actor ? ERR_OK : ERR_EXHAUSTED;
}

static enum err copy_payload(struct exchange *x, const struct incoming *in)
{
    uint8_t *copy;

    if (in->payload.n > x->call.method->request_max)
        return ERR_TOO_LARGE;
    copy = arena_alloc(x->call.arena, in->payload.n + 1);
    if (!copy)
        return ERR_EXHAUSTED;
    if (in->payload.n > 0)
        memcpy(copy, in->payload.p, in->payload.n);
    x->call.payload = (struct bytes){.p = copy, .n = in->payload.n};
    return ERR_OK;
}

/* Everything that can be said of a request without the store. */
static enum err take_in(struct routes *routes, struct exchange *x, const struct incoming *in)
{
    struct rpc_call *call = &x->call;
    ProtobufCMessage *request = NULL;
    enum err found = route_find(routes, in->subject, x->org, &x->route);

    TRY(copy_headers(x, in));
    if (found == ERR_VALIDATION)
        fault_add(&call->fault, "org", "must be 1 to 64 of A-Z a-z 0-9 _ -");
    TRY(found);
    call->method = x->route->method;
    call->org_name = x->org;
    TRY(copy_payload(x, in));
    TRY(wire_decode(x->route->descriptor->input, call->payload, call->arena, &request,
                    &call->fault));
    parse_request(call->method, request, &call->ask, &call->fault);
    return call->fault.n ? ERR_VALIDATION : ERR_OK;
}

struct exchange *exchange_take(struct routes *routes, const struct rpc_env *env,
                               const struct incoming *in)
{
    struct exchange *x = calloc(1, sizeof *x);
    enum err err;

    if (!x)
        return NULL;
    x->call.env = env;
    x->call.arena = arena_new(REQUEST_ARENA_BYTES);
    x->came_ns = monotonic_ns();
    x->reply_to =
        x->call.arena ? arena_text(x->call.arena, in->reply_to, strlen(in->reply_to)) : NULL;
    if (!x->reply_to) {
        exchange_free(x);
        return NULL;
    }
    err = take_in(routes, x, in);
    if (err != ERR_OK)
        exchange_end(x, err);
    x->settled = err != ERR_OK;
    return x;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    password_job_free(x->job);
    arena_free(x->call.arena);
    wipe(x, sizeof *x);
    free(x);
}

struct outgoing exchange_answer(const struct exchange *x)
{
    return (struct outgoing){.done = x->state == DONE,
                             .reply_to = x->reply_to,
                             .request_id = x->call.request_id ? x->call.request_id : "",
                             .err = x->err,
                             .body = x->body};
}

void exchange_count(struct exchange *x)
{
    struct endpoint_stats *s;

    if (!x->route || x->state != DONE)
        return;
    s = &x->route->stats;
    s->requests++;
    s->nanoseconds += (uint64_t)(monotonic_ns() - x->came_ns);
    if (x->err == ERR_OK)
        return;
    s->errors++;
    s->last_error = error_stat_text(x->err);
}
