#include "rpc/retry.h"

#include "base/secret.h"
#include "rpc/route.h"

#include <stdio.h>
#include <string.h>

/*
 * Keyed by user, so that at most one answer a user is ever kept. The digest is keyed too: it covers
 * passwords and codes. A method of the organization has no user and is kept under the empty name.
 */

static bool keeps(const struct rpc_call *call)
{
    return *call->request_id && (call->method->traits & RPC_MUTATES);
}

static struct user_id owner(const struct rpc_call *call)
{
    return (struct user_id){.org = call->org_name,
                            .username = call->ask.username ? call->ask.username : ""};
}

static enum err content_digest(const struct rpc_call *call, uint8_t ret[static SHA256_BYTES])
{
    const struct keyring *keyring = call->env->keyring;
    char verb[2 * ROUTE_TOKEN_MAX + 2];
    struct bytes key = {0}, parts[2];

    route_verb(call->method, verb);
    parts[0] = bytes_of_text(verb);
    parts[1] = call->payload;
    TRY(keyring_key(keyring, keyring_active(keyring), KEY_RETRY, &key));
    return mac_parts(key, parts, ARRAY_LEN(parts), ret);
}

enum err retry_find(struct rpc_call *call, struct retry_answer *ret, bool *ret_found)
{
    struct user_id id = owner(call);
    uint8_t digest[SHA256_BYTES];

    *ret_found = false;
    if (!keeps(call))
        return ERR_OK;
    TRY(call->env->store->ops->load_retry(call->txn, &id, call->now_ms, call->arena, ret,
                                          ret_found));
    if (!*ret_found || strcmp(ret->request_id, call->request_id) != 0 ||
        strcmp(ret->actor, call->actor) != 0) {
        *ret_found = false;
        return ERR_OK;
    }
    TRY(content_digest(call, digest));
    return ct_equal(ret->digest, digest, sizeof digest) ? ERR_OK : ERR_CONFLICT;
}

enum err retry_keep(struct rpc_call *call, enum err err, struct bytes reply)
{
    struct user_id id = owner(call);
    struct retry_answer answer = {
        .err = err, .reply = reply, .expires_ms = call->now_ms + RETRY_SECONDS * INT64_C(1000)};

    if (!keeps(call))
        return ERR_OK;
    snprintf(answer.request_id, sizeof answer.request_id, "%s", call->request_id);
    snprintf(answer.actor, sizeof answer.actor, "%s", call->actor);
    TRY(content_digest(call, answer.digest));
    return call->env->store->ops->save_retry(call->txn, &id, &answer);
}
