/*
 * Admin.CheckpointAudit: how the trail of an organization ends. The answer is signed with the
 * caller's nonce in it, so that nobody who rules the bus can hand out an older one: it would hide
 * what was cut off since.
 */
#include "crypto/sign.h"
#include "rpc/checkpoint.h"
#include "rpc/signed.h"
#include "rpc/wire.h"

#include <twofold/v1/admin.pb-c.h>

#define SIGNED_PREFIX "twofold-anchor-1\n"

static enum err fill_keys(const struct rpc_call *call, Twofold__V1__CheckpointAuditReply *reply)
{
    uint32_t ids[KEYRING_KEYS_MAX];
    size_t n = keyring_ids(call->env->keyring, ids);
    Twofold__V1__CheckpointAuditReply__Key *keys = arena_alloc(call->arena, n * sizeof *keys);
    uint8_t(*public)[SIGN_PUBLIC_BYTES] = arena_alloc(call->arena, n * sizeof *public);
    struct bytes seed;

    reply->keys = arena_alloc(call->arena, n * sizeof *reply->keys);
    if (!keys || !public || !reply->keys)
        return ERR_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        if (keyring_key(call->env->keyring, ids[i], KEY_SIGN, &seed) != ERR_OK)
            continue; /* a retired one's pepper signs nothing */
        TRY(sign_public_key(seed.p, public[i]));
        twofold__v1__checkpoint_audit_reply__key__init(&keys[i]);
        keys[i].id = ids[i];
        keys[i].public_key = (ProtobufCBinaryData){.data = public[i], .len = SIGN_PUBLIC_BYTES};
        reply->keys[reply->n_keys++] = &keys[i];
    }
    return ERR_OK;
}

static enum err sign_reply(const struct rpc_call *call, Twofold__V1__CheckpointAuditReply *reply)
{
    Twofold__V1__AuditAnchor anchor = TWOFOLD__V1__AUDIT_ANCHOR__INIT;
    struct bytes encoded = {0};
    struct signed_bytes made;

    anchor.nonce = wire_borrow_bytes(call->ask.nonce);
    anchor.org = wire_borrow(call->org_name);
    anchor.sequence = reply->sequence;
    anchor.digest = reply->digest;
    anchor.time_unix_ms = call->now_ms;
    TRY(wire_encode(&anchor.base, call->arena, &encoded));
    TRY(signed_make(call->env->keyring, SIGNED_PREFIX, encoded, call->arena, &made));
    reply->key_id = made.key_id;
    reply->body = wire_borrow_bytes(made.body);
    reply->signature = wire_borrow_bytes(made.signature);
    return ERR_OK;
}

enum err rpc_checkpoint_audit(struct rpc_call *call, ProtobufCMessage *message)
{
    Twofold__V1__CheckpointAuditReply *reply = (Twofold__V1__CheckpointAuditReply *)message;
    const struct store_ops *ops = call->env->store->ops;
    struct outbox_state state;

    TRY(checkpoint_sign(call->env, call->txn, call->now_ms, CHECKPOINT_ALL));
    TRY(ops->load_org(call->txn, call->org_name, &call->org));
    TRY(ops->look_outbox(call->env->store, call->txn, &state));
    reply->sequence = call->org.chain.sequence;
    if (reply->sequence > 0)
        reply->digest = (ProtobufCBinaryData){.data = call->org.chain.digest, .len = SHA256_BYTES};
    reply->unsent = state.last - state.marks.taken.position;
    TRY(fill_keys(call, reply));
    return sign_reply(call, reply);
}
