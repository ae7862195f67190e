#include "rpc/housekeeping.h"

#include "base/log.h"
#include "rpc/audit_wire.h"
#include "rpc/checkpoint.h"
#include "rpc/retention.h"

#include <stdlib.h>

enum { ROUNDS_MAX = 8, REPEATS_TOLD = 500, REPEATS_AT_ONCE = 20000, PAGE_BYTES = 256 * 1024 };

/* ---- removing ---- */

static enum err remove_within(const struct rpc_env *env, struct store_txn *txn,
                              const struct outbox_taken *taken, struct retained *ret)
{
    int64_t now_ms = clock_unix_ms(&env->clock), next_ms = 0;

    TRY(retention_apply(env, txn, taken, now_ms, ret));
    return env->store->ops->sweep_retries(txn, now_ms, &next_ms);
}

static enum err remove_once(const struct rpc_env *env, const struct outbox_taken *taken,
                            struct retained *ret)
{
    const struct store_ops *ops = env->store->ops;
    struct store_txn *txn = NULL;

    TRY(ops->begin(env->store, &txn));
    if (remove_within(env, txn, taken, ret) != ERR_OK) {
        ops->abort(txn);
        return ERR_UNAVAILABLE;
    }
    return ops->commit(txn);
}

enum err housekeeping_remove(const struct rpc_env *env, const struct outbox_taken *taken,
                             bool *ret_full)
{
    struct retained retained = {.more = true};

    for (int i = 0; i < ROUNDS_MAX && retained.more; i++)
        TRY(remove_once(env, taken, &retained));
    *ret_full = retained.full;
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

    if (!audit_load_org(call))
        return ERR_OK;
    if (ops->load_user(call->txn, &id, &call->user) != ERR_OK) {
        log_at(LOG_ERROR, "a user's record is unreadable: repeated failures are not told",
               FIELD("org", call->org_name));
        return ERR_OK;
    }
    if (!call->user.exists)
        return tell_groups(call, repeats, id.username, NULL);
    TRY(tell_groups(call, repeats, id.username, &call->user.chain));
    return ops->save_user(call->txn, &id, &call->user);
}

static bool has_counted(const struct repeats *r)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->at[i].span.count > 0)
            return true;
    return false;
}

static enum err tell_one(const struct rpc_env *env, struct store_txn *txn, struct arena *arena,
                         int64_t now_ms, int *told)
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
    ++*told;
    return tell_repeats(&call, &repeats);
}

static enum err tell_all_repeats(const struct rpc_env *env, struct store_txn *txn, int64_t now_ms)
{
    struct arena *arena = arena_new(PAGE_BYTES);
    enum err err = arena ? ERR_OK : ERR_UNAVAILABLE;

    for (int i = 0, told = 0; i < REPEATS_AT_ONCE && told < REPEATS_TOLD && err == ERR_OK; i++)
        err = tell_one(env, txn, arena, now_ms, &told);
    arena_free(arena);
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
        *ret_due = llabs(now_ms - audit_time(first.event)) >= env->audit.checkpoint_ms;
    arena_free(arena);
    return err;
}

/* ---- telling ---- */

static enum err tell_within(const struct rpc_env *env, struct store_txn *txn, bool all)
{
    int64_t now_ms = clock_unix_ms(&env->clock);
    bool due = false;

    if (env->audit.failures > 0 && !env->audit_full)
        TRY(tell_all_repeats(env, txn, now_ms));
    if (env->audit.checkpoint_events == 0)
        return ERR_OK;
    TRY(checkpoint_due(env, txn, now_ms, &due));
    if (!due && !all)
        return ERR_OK;
    return checkpoint_sign(env, txn, now_ms, all ? CHECKPOINT_ALL : CHECKPOINT_SOME);
}

enum err housekeeping_tell(const struct rpc_env *env, bool all)
{
    const struct store_ops *ops = env->store->ops;
    struct store_txn *txn = NULL;

    TRY(ops->begin(env->store, &txn));
    if (tell_within(env, txn, all) != ERR_OK) {
        ops->abort(txn);
        return ERR_UNAVAILABLE;
    }
    return ops->commit(txn);
}
