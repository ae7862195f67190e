/*
 * It holds up the requests, so each turn ends after some milliseconds, and leaves the rest to the
 * next one. There is one a second at least, and under load twenty, when events were sent: enough
 * for all that a hundred thousand requests a second leave behind.
 */
#include "rpc/housekeeping.h"

#include "base/event_view.h"
#include "base/log.h"
#include "rpc/audit_wire.h"
#include "rpc/checkpoint.h"
#include "rpc/exchange.h"
#include "rpc/recent.h"

#include <stdlib.h>

enum { TURN_NS = 2 * 1000 * 1000, PAGE_BYTES = 256 * 1024 };

/* Is there still time in the turn that BEGAN_NS? */
static bool has_time(int64_t began_ns)
{
    return exchange_clock_ns() - began_ns < TURN_NS;
}

/* ---- removing ---- */

static enum err remove_within(const struct rpc_env *env, struct store_txn *txn,
                              const struct outbox_taken *taken, struct retained *ret)
{
    int64_t now_ms = clock_unix_ms(&env->clock), next_ms = 0;

    TRY(retention_apply(env, txn, taken, now_ms, ret));
    TRY(env->store->ops->sweep_retries(txn, now_ms, &next_ms));
    ret->more |= next_ms > 0 && next_ms <= now_ms;
    return ERR_OK;
}

static enum err remove_once(const struct rpc_env *env, const struct outbox_taken *taken,
                            struct retained *ret)
{
    const struct store_ops *ops = env->store->ops;
    struct store_txn *txn = NULL;

    TRY(ops->begin(env->store, &txn));
    if (remove_within(env, txn, taken, ret) != ERR_OK) {
        recent_abort(env, txn);
        return ERR_UNAVAILABLE;
    }
    return recent_commit(env, txn);
}

enum err housekeeping_remove(const struct rpc_env *env, const struct outbox_taken *taken,
                             struct retained *ret)
{
    int64_t began_ns = exchange_clock_ns();

    do
        TRY(remove_once(env, taken, ret));
    while (ret->more && has_time(began_ns));
    return ERR_OK;
}

/* ---- failures that were counted ---- */

static enum err tell_groups(struct rpc_call *call, const struct repeats *repeats,
                            const char *username, struct audit_chain *chain)
{
    struct audit_facts facts = {0};

    for (unsigned i = 0; i < repeats->n; i++) {
        if (repeats->at[i].span.count == 0)
            continue;
        facts.n = 0;
        audit_add(&facts, repeats_fact(&repeats->at[i]));
        TRY(audit_append(call, &facts, username, chain));
    }
    return ERR_OK;
}

/* As if a request had come: an event's bytes are made in one place. */
static enum err tell_repeats(struct rpc_call *call, const struct repeats *repeats)
{
    const struct store_ops *ops = call->env->store->ops;
    struct user_id id = call_user_id(call);
    auto_user user = {0};

    call->user = &user;
    if (!audit_load_org(call))
        return ERR_OK;
    if (ops->load_user(call->txn, &id, call->user) != ERR_OK) {
        log_at(LOG_ERROR, "a user's record is unreadable: repeated failures are not told",
               FIELD("org", call->org_name));
        return ERR_OK;
    }
    if (!call->user->exists)
        return tell_groups(call, repeats, id.username, NULL);
    TRY(tell_groups(call, repeats, id.username, &call->user->chain));
    return ops->save_user(call->txn, &id, call->user);
}

static bool has_counted(const struct repeats *r)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->at[i].span.count > 0)
            return true;
    return false;
}

static enum err tell_one(const struct rpc_env *env, struct store_txn *txn, struct arena *arena,
                         int64_t now_ms)
{
    struct repeats_owner owner;
    struct repeats repeats;
    struct rpc_call call = call_own(env, txn, arena, now_ms);

    call.org_name = owner.org;
    call.ask.username = owner.username;
    TRY(env->store->ops->take_repeats(txn, repeats_minute(now_ms), &owner, &repeats));
    arena_reset(arena);
    if (!has_counted(&repeats))
        return ERR_OK;
    return tell_repeats(&call, &repeats);
}

/* RET_MORE: there was no time for all. */
static enum err tell_some_repeats(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms,
                                  bool *ret_more)
{
    int64_t began_ns = exchange_clock_ns();
    struct arena *arena = arena_new(PAGE_BYTES);
    enum err err = arena ? ERR_OK : ERR_UNAVAILABLE;

    do
        err = err == ERR_OK ? tell_one(env, txn, arena, now_ms) : err;
    while (err == ERR_OK && has_time(began_ns));
    arena_free(arena);
    *ret_more = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- checkpoints ---- */

/* Are there many events under no checkpoint, or is the first of them old? */
static enum err checkpoint_due(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms,
                               bool *ret_due)
{
    struct outbox_state state;
    struct outbox_entry first;
    struct arena *arena;
    enum err err;
    size_t n = 0;

    *ret_due = false;
    TRY(env->store->ops->look_outbox(env->store, txn, &state));
    if (state.marks.checkpointed >= state.last)
        return ERR_OK;
    *ret_due = state.last - state.marks.checkpointed >= env->audit.checkpoint_events;
    if (*ret_due)
        return ERR_OK;
    arena = arena_new(PAGE_BYTES);
    if (!arena)
        return ERR_UNAVAILABLE;
    err = env->store->ops->read_events_within(txn, state.marks.checkpointed, arena, &first, 1, &n);
    /* One from far ahead was written before the clock was set back. */
    if (err == ERR_OK && n == 1)
        *ret_due = llabs(now_ms - event_view_time(first.event)) >= env->audit.checkpoint_ms;
    arena_free(arena);
    return err;
}

/* ---- telling ---- */

static enum err tell_within(const struct rpc_env *env, struct store_txn *txn, bool all,
                            bool *ret_more)
{
    int64_t now_ms = clock_unix_ms(&env->clock);
    bool due = false;

    if (env->audit.failures > 0 && !env->audit_full)
        TRY(tell_some_repeats(env, txn, now_ms, ret_more));
    if (env->audit.checkpoint_events == 0)
        return ERR_OK;
    TRY(checkpoint_due(env, txn, now_ms, &due));
    if (!due && !all)
        return ERR_OK;
    return checkpoint_sign(env, txn, now_ms, all ? CHECKPOINT_ALL : CHECKPOINT_SOME);
}

enum err housekeeping_tell(const struct rpc_env *env, bool all, bool *ret_more)
{
    const struct store_ops *ops = env->store->ops;
    struct store_txn *txn = NULL;

    *ret_more = false;
    TRY(ops->begin(env->store, &txn));
    if (tell_within(env, txn, all, ret_more) != ERR_OK) {
        recent_abort(env, txn);
        return ERR_UNAVAILABLE;
    }
    return recent_commit(env, txn);
}
