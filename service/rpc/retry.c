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

/* An answer to a name that is no user's has had no effect, except where passwords are counted:
 * those are as rare as hashes are slow, the others would let invented names fill the table. */
static bool had_effect(const struct rpc_call *call)
{
    return !call->ask.username || call->user.exists ||
           (call->method->traits & (RPC_CHECKS_PASSWORD | RPC_HASHES_PASSWORD));
}

static struct user_id owner(const struct rpc_call *call)
{
    return (struct user_id){.org = call->org_name,
                            .username = call->ask.username ? call->ask.username : ""};
}

/* Under the key that the kept answer names: keys may have been rotated since. */
static enum err content_digest(const struct rpc_call *call, uint32_t key_id,
                               uint8_t ret[static SHA256_BYTES])
{
    char verb[2 * ROUTE_TOKEN_MAX + 2];
    struct bytes key = {0}, parts[2];

    route_verb(call->method, verb);
    parts[0] = bytes_of_text(verb);
    parts[1] = call->payload;
    TRY(keyring_key(call->env->keyring, key_id, KEY_RETRY, &key));
    return mac_parts(key, parts, ARRAY_LEN(parts), ret);
}

/* Other content under a kept id: CONFLICT, and a few of those end the kept answer. Without that,
 * whoever knows an id could try passwords and codes against it, uncounted, until one content is the
 * right one and the first answer comes back. */
static enum err mismatch(struct rpc_call *call, const struct user_id *id, struct retry_answer *kept)
{
    if (kept->mismatches >= RETRY_MISMATCHES_MAX)
        return ERR_CONFLICT;
    kept->mismatches++;
    if (kept->mismatches == RETRY_MISMATCHES_MAX) {
        kept->err = ERR_CONFLICT;
        kept->reply = (struct bytes){0};
        wipe(kept->digest, sizeof kept->digest);
    }
    TRY(call->env->store->ops->save_retry(call->txn, id, kept));
    return ERR_CONFLICT;
}

enum err retry_find(struct rpc_call *call, struct retry_answer *ret, bool *ret_found)
{
    struct user_id id = owner(call);
    uint8_t digest[SHA256_BYTES];
    enum err err;

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
    err = content_digest(call, ret->digest_key, digest);
    if (err == ERR_NOT_FOUND) { /* the key was retired */
        *ret_found = false;
        return ERR_OK;
    }
    TRY(err);
    if (ct_equal(ret->digest, digest, sizeof digest))
        return ERR_OK;
    return mismatch(call, &id, ret);
}

enum err retry_keep(struct rpc_call *call, enum err err, struct bytes reply)
{
    struct user_id id = owner(call);
    struct retry_answer answer = {
        .err = err, .reply = reply, .expires_ms = call->now_ms + RETRY_SECONDS * INT64_C(1000)};

    if (!keeps(call) || !had_effect(call))
        return ERR_OK;
    snprintf(answer.request_id, sizeof answer.request_id, "%s", call->request_id);
    snprintf(answer.actor, sizeof answer.actor, "%s", call->actor);
    answer.digest_key = keyring_active(call->env->keyring);
    TRY(content_digest(call, answer.digest_key, answer.digest));
    return call->env->store->ops->save_retry(call->txn, &id, &answer);
}
