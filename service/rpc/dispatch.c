#include "rpc/dispatch.h"

#include "base/log.h"
#include "rpc/begin.h"
#include "rpc/checkpoint.h"
#include "rpc/housekeeping.h"
#include "rpc/own_event.h"
#include "rpc/password.h"
#include "rpc/recent.h"
#include "rpc/retry.h"
#include "rpc/token.h"
#include "rpc/waiting.h"
#include "rpc/wire.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * A batch is one transaction because a commit costs two syncs of the disk, as much as some hundred
 * verifications: whoever waits, waits together. It is sound because a handler decides before it
 * writes: a refused request has written nothing but its counters and events, and those must last.
 * Only what broke (UNAVAILABLE, INTERNAL, EXHAUSTED) must be undone, and it takes the whole batch
 * with it; that is rare, and the others are simply done again alone.
 */

struct dispatcher {
    struct rpc_env env;
    struct waiting waiting;
    struct routes routes;
    struct exchange_pool exchanges;
    struct event_ids event_ids;
    struct user user; /* of the request that is being decided; zero between two */
    _Atomic(const char *) trouble;
    bool tells_nothing;
    bool more_to_tell, more_to_remove; /* than housekeeping had time for */
    int64_t told_s;                    /* when housekeeping was last asked what there is to tell */
};

enum err dispatcher_new(const struct dispatcher_options *o, struct dispatcher **ret_dispatcher)
{
    struct dispatcher *d = calloc(1, sizeof *d);
    enum err err = d ? routes_init(&d->routes) : ERR_UNAVAILABLE;

    if (err == ERR_OK)
        err = password_decoy(&o->password_cost, d->env.decoy_phc);
    if (err == ERR_OK && o->audit.checkpoint_events > 0) {
        d->env.recent = recent_new();
        err = d->env.recent ? ERR_OK : ERR_UNAVAILABLE;
    }
    if (err != ERR_OK) {
        free(d);
        return err;
    }
    d->env.store = o->store;
    d->env.keyring = o->keyring;
    d->env.clock = o->clock;
    d->env.instance = o->instance;
    d->env.audit = o->audit;
    d->env.event_ids = &d->event_ids;
    d->env.password_cost = o->password_cost;
    d->waiting.pool = o->pool;
    *ret_dispatcher = d;
    return ERR_OK;
}

void dispatcher_free(struct dispatcher *d)
{
    if (!d)
        return;
    waiting_free(&d->waiting);
    exchange_pool_empty(&d->exchanges);
    recent_free(d->env.recent);
    free(d);
}

const struct routes *dispatcher_routes(const struct dispatcher *d)
{
    return &d->routes;
}

unsigned dispatcher_waiting(const struct dispatcher *d)
{
    return side_pool_pending(d->waiting.pool);
}

/* --- One exchange within a transaction --- */

static bool must_undo(enum err err)
{
    return err == ERR_UNAVAILABLE || err == ERR_INTERNAL || err == ERR_EXHAUSTED;
}

static enum err load(struct rpc_call *call)
{
    const struct store_ops *ops = call->env->store->ops;
    struct user_id id = call_user_id(call);

    if (!call->ask.username)
        return ERR_OK;
    TRY(ops->load_user(call->txn, &id, call->user));
    user_expire(call->user, call_now_s(call));
    if ((call->method->traits & RPC_KNOWN_USER) && !call->user->exists)
        return ERR_NOT_FOUND;
    return ERR_OK;
}

static enum err handle(struct exchange *x)
{
    struct rpc_call *call = &x->call;
    ProtobufCMessage *reply = wire_new(x->route->descriptor->output, call->arena);

    if (!reply)
        return ERR_EXHAUSTED;
    TRY(call->method->handle(call, reply));
    return wire_encode(reply, call->arena, &x->body);
}

static enum err decide(struct exchange *x)
{
    struct rpc_call *call = &x->call;
    bool wait = false;

    TRY(load(call));
    TRY(password_stage(call, &wait));
    return wait || begin_waits(call) ? waiting_prepare(x) : handle(x);
}

/* Up to the answer, which is kept for a retry if it decided anything. */
static enum err first_answer(struct exchange *x)
{
    enum err err = decide(x);

    if (x->state == WAITING || must_undo(err))
        return err;
    exchange_end(x, err);
    return retry_keep(&x->call, x->err, x->body);
}

static enum err step(struct exchange *x)
{
    struct rpc_call *call = &x->call;
    const struct retry_answer *kept;

    TRY(call->env->store->ops->load_org(call->txn, call->org_name, &call->org));
    if (!call->org.exists && !(call->method->traits & RPC_CREATES_ORG))
        return ERR_NOT_FOUND;
    if (call->ask.step_token)
        TRY(token_open(call));
    TRY(retry_find(call, &kept));
    if (!kept)
        return first_answer(x);
    x->err = kept->err;
    x->body = kept->reply;
    x->state = DONE;
    return ERR_OK;
}

/* Runs X within TXN. False: something broke, the transaction must be undone. */
static bool run_one(struct dispatcher *d, struct exchange *x, struct store_txn *txn, int64_t now_ms)
{
    enum err err;

    if (x->state == DONE)
        return true;
    x->call.txn = txn;
    x->call.user = &d->user;
    x->call.now_ms = now_ms;
    x->call.job = x->job;
    fault_clear(&x->call.fault);
    err = step(x);
    x->call.txn = NULL;
    x->call.user = NULL;
    user_wipe(&d->user);
    if (x->state == READY)
        exchange_end(x, err);
    return !must_undo(err);
}

/* --- A batch --- */

/* What was undone can be done again. */
static void make_ready(struct exchange *x)
{
    if (x->settled)
        return;
    x->state = READY;
    x->err = ERR_OK;
}

static bool run_all(struct dispatcher *d, struct store_txn *txn, struct exchange **batch, size_t n)
{
    int64_t now_ms = clock_unix_ms(&d->env.clock);

    for (size_t i = 0; i < n; i++)
        if (!run_one(d, batch[i], txn, now_ms))
            return false;
    return true;
}

/* Under load checkpoints come with the batches that fill them: a second's events at once would keep
 * requests waiting. */
static bool sign_if_due(struct dispatcher *d, struct store_txn *txn)
{
    uint64_t missing = 0, due = d->env.audit.checkpoint_events;

    if (due == 0 || d->tells_nothing)
        return true;
    if (checkpoint_missing(&d->env, txn, &missing) != ERR_OK)
        return false;
    if (missing < due)
        return true;
    return checkpoint_sign(&d->env, txn, clock_unix_ms(&d->env.clock), CHECKPOINT_SOME) == ERR_OK;
}

/* All in one transaction. False: nothing of it lasts. */
static bool run_together(struct dispatcher *d, struct exchange **batch, size_t n)
{
    const struct store_ops *ops = d->env.store->ops;
    struct store_txn *txn = NULL;

    if (ops->begin(d->env.store, &txn) != ERR_OK)
        return false;
    if (!run_all(d, txn, batch, n) || (n > 1 && !sign_if_due(d, txn))) {
        recent_abort(&d->env, txn);
        return false;
    }
    return recent_commit(&d->env, txn) == ERR_OK;
}

static void run_alone(struct dispatcher *d, struct exchange *x)
{
    if (x->settled)
        return;
    make_ready(x);
    if (run_together(d, &x, 1))
        return;
    /* A verdict that could not be written down must not be told, not even by its details: a guess
     * would be free. */
    fault_clear(&x->call.fault);
    exchange_end(x, must_undo(x->err) ? x->err : ERR_UNAVAILABLE);
}

/* Now that nothing can be undone any more. */
static void wait(struct dispatcher *d, struct exchange *x)
{
    enum err err;

    side_job_free(STEAL(x->job)); /* of a password that was another's meanwhile */
    x->call.job = NULL;
    err = waiting_enter(&d->waiting, x);
    if (err != ERR_OK)
        exchange_end(x, err);
}

static enum err health(const struct dispatcher *d)
{
    return d->env.store->ops->is_broken(d->env.store) ? ERR_UNAVAILABLE : ERR_OK;
}

enum err dispatcher_run(struct dispatcher *d, struct exchange **batch, size_t n)
{
    int64_t now_ns;

    if (!run_together(d, batch, n))
        for (size_t i = 0; i < n; i++)
            run_alone(d, batch[i]);
    now_ns = exchange_clock_ns();
    for (size_t i = 0; i < n; i++) {
        if (batch[i]->state == WAITING)
            wait(d, batch[i]);
        batch[i]->settled = batch[i]->state == DONE;
        exchange_count(batch[i], now_ns);
    }
    return health(d);
}

/* --- Housekeeping --- */

static const char events_at_bound[] =
    "unsent audit events have reached their bound, and changes are refused: get the bus of the "
    "audit trail back, or raise TWOFOLD_AUDIT_BACKLOG";

/* Once for each change, not once a second. */
static void set_full(struct dispatcher *d, bool full)
{
    if (full && !d->env.audit_full)
        log_at(LOG_ERROR,
               "unsent audit events have reached their bound: what would write an event is "
               "refused until the bus takes them; see TWOFOLD_AUDIT and TWOFOLD_AUDIT_BACKLOG");
    if (!full && d->env.audit_full)
        log_at(LOG_INFO, "there is room for audit events again");
    d->env.audit_full = full;
    atomic_store(&d->trouble, full ? events_at_bound : NULL);
}

/* Once for each change: without checkpoints the trail proves less and less. */
static void set_telling(struct dispatcher *d, enum err err)
{
    if (err != ERR_OK && !d->tells_nothing)
        log_at(LOG_ERROR,
               "checkpoints of the audit trail and counted failures cannot be written: is the "
               "database full?",
               FIELD("error", err_name(err)));
    if (err == ERR_OK && d->tells_nothing)
        log_at(LOG_INFO, "checkpoints of the audit trail are written again");
    d->tells_nothing = err != ERR_OK;
}

/* What is not done now is done next time. */
enum err dispatcher_tidy(struct dispatcher *d, const struct outbox_taken *taken)
{
    int64_t now_s = clock_unix_ms(&d->env.clock) / 1000;
    struct retained left = {0};

    if (housekeeping_remove(&d->env, taken, &left) == ERR_OK)
        set_full(d, left.full);
    d->more_to_remove = left.more;
    if (now_s != d->told_s || d->more_to_tell)
        set_telling(d, housekeeping_tell(&d->env, false, &d->more_to_tell));
    d->told_s = now_s;
    return health(d);
}

bool dispatcher_untidy(const struct dispatcher *d)
{
    return d->more_to_tell || d->more_to_remove;
}

enum err dispatcher_prove(struct dispatcher *d)
{
    err_drop(d->env.store->ops->prove(d->env.store));
    return health(d);
}

const char *dispatcher_trouble(const struct dispatcher *d)
{
    return atomic_load(&d->trouble);
}

enum err dispatcher_end(struct dispatcher *d)
{
    err_drop(housekeeping_tell(&d->env, true, &d->more_to_tell));
    return health(d);
}

struct exchange *exchange_new(struct dispatcher *d, const struct incoming *in)
{
    return exchange_take(&d->exchanges, &d->routes, &d->env, in);
}

struct exchange *dispatcher_collect(struct dispatcher *d)
{
    struct exchange *x = waiting_leave(&d->waiting);

    if (x)
        x->state = READY;
    return x;
}

/* --- Start --- */

enum err dispatcher_start(struct dispatcher *d)
{
    const struct own_event started = {.type = AUDIT_SERVICE_STARTED,
                                      .org = "default",
                                      .makes_org = true,
                                      .instance = d->env.instance,
                                      .now_ms = clock_unix_ms(&d->env.clock),
                                      .keyring = d->env.keyring};

    return own_event_write(d->env.store, &started);
}
