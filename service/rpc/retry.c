#include "rpc/retry.h"

#include "base/secret.h"

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
    return !call->ask.username || call->user->exists ||
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
    const struct bytes parts[] = {bytes_of_text(call_verb(call)), call->payload};
    struct bytes key = {0};

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

/* Is KEPT the answer to this request? ERR_CONFLICT when it is that to another content. */
static enum err match(struct rpc_call *call, const struct user_id *id, struct retry_answer *kept,
                      bool *ret_matches)
{
    uint8_t digest[SHA256_BYTES];
    enum err err;

    *ret_matches = false;
    if (strcmp(kept->request_id, call->request_id) != 0 || strcmp(kept->actor, call->actor) != 0)
        return ERR_OK;
    err = content_digest(call, kept->digest_key, digest);
    if (err == ERR_NOT_FOUND) /* the key was retired */
        return ERR_OK;
    TRY(err);
    *ret_matches = ct_equal(kept->digest, digest, sizeof digest);
    return *ret_matches ? ERR_OK : mismatch(call, id, kept);
}

static enum err find(struct rpc_call *call, const struct retry_answer **ret_kept)
{
    struct user_id id = owner(call);
    struct retry_answer *kept = arena_alloc(call->arena, sizeof *kept);
    bool found = false, matches = false;

    if (!kept)
        return ERR_EXHAUSTED;
    TRY(call->env->store->ops->load_retry(call->txn, &id, call->now_ms, call->arena, kept, &found));
    if (found)
        TRY(match(call, &id, kept, &matches));
    if (matches)
        *ret_kept = kept;
    return ERR_OK;
}

enum err retry_find(struct rpc_call *call, const struct retry_answer **ret_kept)
{
    *ret_kept = NULL;
    return keeps(call) ? find(call, ret_kept) : ERR_OK;
}

static enum err keep(struct rpc_call *call, enum err err, struct bytes reply)
{
    struct user_id id = owner(call);
    struct retry_answer answer = {
        .err = err, .reply = reply, .expires_ms = call->now_ms + RETRY_SECONDS * INT64_C(1000)};

    snprintf(answer.request_id, sizeof answer.request_id, "%s", call->request_id);
    snprintf(answer.actor, sizeof answer.actor, "%s", call->actor);
    answer.digest_key = keyring_active(call->env->keyring);
    TRY(content_digest(call, answer.digest_key, answer.digest));
    return call->env->store->ops->save_retry(call->txn, &id, &answer);
}

enum err retry_keep(struct rpc_call *call, enum err err, struct bytes reply)
{
    return keeps(call) && had_effect(call) ? keep(call, err, reply) : ERR_OK;
}
