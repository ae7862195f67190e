#include "rpc/signed.h"

#include "crypto/sign.h"

enum err signed_make(const struct keyring *keyring, const char *prefix, struct bytes body,
                     struct arena *arena, struct signed_bytes *ret)
{
    size_t n_prefix = strlen(prefix);
    struct bytes message = {.n = n_prefix + body.n};
    struct sign_key *key;
    uint8_t *text = arena_alloc(arena, message.n), *signature = arena_alloc(arena, SIGNATURE_BYTES);

    if (!text || !signature)
        return ERR_EXHAUSTED;
    memcpy(text, prefix, n_prefix);
    memcpy(text + n_prefix, body.p, body.n);
    message.p = text;
    ret->key_id = keyring_active(keyring);
    TRY(keyring_sign_key(keyring, ret->key_id, KEY_SIGN, &key));
    TRY(sign_message(key, message, signature));
    ret->body = (struct bytes){.p = text + n_prefix, .n = body.n};
    ret->signature = (struct bytes){.p = signature, .n = SIGNATURE_BYTES};
    return ERR_OK;
}
