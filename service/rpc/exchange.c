#include "rpc/exchange.h"

#include "base/secret.h"
#include "rpc/error_wire.h"
#include "rpc/parse.h"
#include "rpc/wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A Verify fits in, with its answer. */
enum { ARENA_FIRST_BLOCK = 4000 };

int64_t exchange_clock_ns(void)
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
    call->own_purpose = x->route->purpose;
    call->org_name = x->org;
    TRY(copy_payload(x, in));
    TRY(wire_decode(x->route->descriptor->input, call->payload, call->arena, &request,
                    &call->fault));
    parse_request(&x->route->plan, request, call);
    return call->fault.n ? ERR_VALIDATION : ERR_OK;
}

/* ---- where exchanges come from, and go to ---- */

static void destroy(struct exchange *x)
{
    arena_free(x->call.arena);
    free(x);
}

static struct exchange *create(void)
{
    struct exchange *x = calloc(1, sizeof *x);

    if (!x)
        return NULL;
    x->call.arena = arena_new_with(REQUEST_ARENA_BYTES, ARENA_FIRST_BLOCK);
    if (!x->call.arena) {
        free(x);
        return NULL;
    }
    return x;
}

/* Zero but for its arena. */
static struct exchange *exchange_from(struct exchange_pool *pool)
{
    struct exchange *x = pool->first;

    if (!x)
        return create();
    pool->first = x->next_free;
    pool->n--;
    x->next_free = NULL;
    return x;
}

void exchange_pool_empty(struct exchange_pool *pool)
{
    while (pool->first)
        destroy(exchange_from(pool));
}

/* ---- one of them ---- */

struct exchange *exchange_take(struct exchange_pool *pool, struct routes *routes,
                               const struct rpc_env *env, const struct incoming *in)
{
    struct exchange *x = exchange_from(pool);
    enum err err;

    if (!x)
        return NULL;
    x->home = pool;
    x->call.env = env;
    x->came_ns = exchange_clock_ns();
    x->reply_to = arena_text(x->call.arena, in->reply_to, strlen(in->reply_to));
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

/* All that was written: what stands last is seldom used. Leaves the arena, empty. */
static void clear(struct exchange *x)
{
    struct arena *arena = x->call.arena;

    arena_reset(arena);
    wipe(x->call.fault.at, x->call.fault.n * sizeof x->call.fault.at[0]);
    wipe(&x->call.fault, offsetof(struct fault, at));
    if (x->call.ask.has_otpauth)
        wipe(&x->call.ask.otpauth, sizeof x->call.ask.otpauth);
    wipe(x, offsetof(struct exchange, call.ask.otpauth));
    x->call.arena = arena;
}

void exchange_free(struct exchange *x)
{
    struct exchange_pool *pool = x ? x->home : NULL;

    if (!x)
        return;
    side_job_free(x->wanted);
    side_job_free(x->job);
    clear(x);
    if (pool->n == EXCHANGE_POOL_MAX) {
        destroy(x);
        return;
    }
    x->next_free = pool->first;
    pool->first = x;
    pool->n++;
}

struct outgoing exchange_answer(const struct exchange *x)
{
    return (struct outgoing){.done = x->state == DONE,
                             .reply_to = x->reply_to,
                             .request_id = x->call.request_id ? x->call.request_id : "",
                             .err = x->err,
                             .body = x->body};
}

void exchange_count(struct exchange *x, int64_t now_ns)
{
    struct endpoint_stats *s;

    if (!x->route || x->state != DONE)
        return;
    s = &x->route->stats;
    s->requests++;
    s->nanoseconds += (uint64_t)(now_ns - x->came_ns);
    if (x->err == ERR_OK)
        return;
    s->errors++;
    s->last_error = error_stat_text(x->err);
}
