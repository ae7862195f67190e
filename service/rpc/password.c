#include "rpc/password.h"

#include <string.h>

/*
 * An unknown user, and one whose password cannot be checked, is hashed against a decoy of the
 * current cost: the same work, the same answer, the same counting. The counter is
 * asked before the hash, so that a locked user costs nothing, and again after it, so that guesses
 * that were hashed side by side are not all looked at.
 */

static bool has_job(const struct rpc_call *call)
{
    return call->ask.password.n > 0 &&
           (call->method->traits & (RPC_CHECKS_PASSWORD | RPC_HASHES_PASSWORD));
}

/* What the hash of this call is to be checked against; "": a new hash is wanted. Of a user whose
 * password is open. */
static const char *target_of(const struct rpc_call *call)
{
    if (call->method->traits & RPC_HASHES_PASSWORD)
        return "";
    return call->user->exists && *call->user->password_phc ? call->user->password_phc
                                                           : call->env->decoy_phc;
}

static enum err open_target(const struct rpc_call *call)
{
    struct user_id id = call_user_id(call);

    if (call->method->traits & RPC_HASHES_PASSWORD)
        return ERR_OK;
    return call->env->store->ops->open_password(call->txn, &id, call->user);
}

/* A hash of an older password, checked while another took its place, proves nothing. */
static bool is_hashed(const struct rpc_call *call)
{
    return call->job && strcmp(call->job->hash.phc, target_of(call)) == 0;
}

static enum err judge(struct rpc_call *call)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    password_judge(call->user, call->job->hash.matches, &c, AUDIT_LOGIN_FAILED, &d);
    if (d.answer != ERR_OK)
        return call_settle(call, &d);
    if (*call->job->hash.new_phc)
        user_set_password(call->user, call->job->hash.new_phc);
    return ERR_OK;
}

enum err password_stage(struct rpc_call *call, bool *ret_wait)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    *ret_wait = false;
    if (!has_job(call))
        return ERR_OK;
    if ((call->method->traits & RPC_CHECKS_PASSWORD) &&
        !password_admits(call->user, &c, AUDIT_LOGIN_FAILED, &d))
        return call_settle(call, &d);
    TRY(open_target(call));
    if (!is_hashed(call)) {
        *ret_wait = true;
        return ERR_OK;
    }
    TRY(call->job->hash.err);
    return call->method->traits & RPC_CHECKS_PASSWORD ? judge(call) : ERR_OK;
}

void password_prepare(const struct rpc_call *call, struct password_job *ret)
{
    const char *target = target_of(call);

    ret->n_password = call->ask.password.n;
    memcpy(ret->password, call->ask.password.p, ret->n_password);
    memcpy(ret->phc, target, strlen(target) + 1);
}
