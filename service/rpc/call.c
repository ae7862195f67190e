#include "rpc/method.h"

#include "crypto/random.h"
#include "rpc/audit_wire.h"

#include <string.h>

struct rpc_call call_own(const struct rpc_env *env, struct store_txn *txn, struct arena *arena,
                         int64_t now_ms)
{
    return (struct rpc_call){.env = env,
                             .txn = txn,
                             .arena = arena,
                             .now_ms = now_ms,
                             .request_id = "",
                             .traceparent = "",
                             .actor = "",
                             .own_purpose = "",
                             .ask = {.purpose = ""}};
}

struct circumstances call_circumstances(const struct rpc_call *call)
{
    return (struct circumstances){.policy = &call->org.policy, .now_s = call_now_s(call)};
}

int call_factor_state(const struct rpc_call *call)
{
    return (int)user_factor_state(call->user, call_now_s(call));
}

const char *call_verb(const struct rpc_call *call)
{
    return call->own_purpose + sizeof OWN_PURPOSE - 1;
}

static enum err tell(struct rpc_call *call, const struct decision *d)
{
    call->fault.retry_after_s = d->retry_after_s;
    call->fault.attempts_left = d->attempts_left;
    if (d->answer == ERR_VALIDATION && d->field)
        fault_add(&call->fault, d->field, d->rule);
    return d->answer;
}

enum err call_settle(struct rpc_call *call, const struct decision *d)
{
    struct user_id id = call_user_id(call);
    struct audit_chain *chain = call->user->exists ? &call->user->chain : NULL;

    if (d->facts.n > 0) {
        TRY(audit_append(call, &d->facts, call->ask.username, chain));
        TRY(call->env->store->ops->save_user(call->txn, &id, call->user));
    }
    return tell(call, d);
}

enum err call_settle_erase(struct rpc_call *call, const struct decision *d)
{
    struct user_id id = call_user_id(call);

    TRY(audit_append(call, &d->facts, call->ask.username, &call->user->chain));
    TRY(call->env->store->ops->erase_user(call->txn, &id));
    return tell(call, d);
}

enum err call_settle_org(struct rpc_call *call, const struct decision *d)
{
    TRY(audit_append(call, &d->facts, NULL, &call->org.chain));
    TRY(call->env->store->ops->save_org(call->txn, call->org_name, &call->org));
    return tell(call, d);
}

/* A user without a set costs the same: a MAC is computed for a set that does not exist. */
enum err call_prepare_offered(struct rpc_call *call)
{
    const struct recovery_set *set = &call->user->recovery;
    uint32_t pepper_id = set->n ? set->pepper : keyring_active(call->env->keyring);
    struct bytes pepper = {0};

    if (call->ask.second.kind != OFFERED_RECOVERY_CODE)
        return ERR_OK;
    if (keyring_key(call->env->keyring, pepper_id, KEY_RECOVERY, &pepper) != ERR_OK)
        return ERR_UNAVAILABLE;
    return recovery_code_mac(pepper, call->org_name, call->ask.username, set->id,
                             &call->ask.second.recovery, call->ask.second.recovery_mac);
}

enum err call_token_grant(const struct rpc_call *call, struct token_grant *ret)
{
    TRY(random_bytes(ret->id, sizeof ret->id));
    ret->expires_s = call_now_s(call) + call->org.policy.step_token_ttl_seconds;
    return ERR_OK;
}
