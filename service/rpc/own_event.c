#include "rpc/own_event.h"

#include "rpc/method.h"

/* As if a request had come: an event's bytes are made in one place. */
static enum err settle(const struct rpc_env *env, const struct own_event *e, struct arena *arena,
                       struct store_txn *txn)
{
    struct decision d = {.answer = ERR_OK};
    struct rpc_call call = call_own(env, txn, arena, e->now_ms);

    call.org_name = e->org;
    TRY(env->store->ops->load_org(txn, e->org, &call.org));
    if (!call.org.exists && !e->makes_org)
        return ERR_NOT_FOUND;
    call.org.exists = true;
    audit_add(&d.facts,
              (struct audit_fact){.type = e->type, .outcome = AUDIT_SUCCESS, .span = e->span});
    return call_settle_org(&call, &d);
}

enum err own_event_write(struct store *store, const struct own_event *e)
{
    const struct rpc_env env = {.store = store, .instance = e->instance, .keyring = e->keyring};
    struct arena *arena = arena_new(REQUEST_ARENA_BYTES);
    struct store_txn *txn = NULL;
    enum err err = arena ? store->ops->begin(store, &txn) : ERR_UNAVAILABLE;

    if (err == ERR_OK)
        err = settle(&env, e, arena, txn);
    if (err == ERR_OK)
        err = store->ops->commit(txn);
    else
        store->ops->abort(txn);
    arena_free(arena);
    return err;
}
