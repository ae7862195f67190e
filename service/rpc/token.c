#include "rpc/token.h"

#include "crypto/base64.h"

/* Both kinds are base64 of a sealed blob whose context is the organization. */

static enum err seal_text(struct rpc_call *call, enum key_purpose purpose, struct bytes plain,
                          const char **ret_text)
{
    struct bytes context = bytes_of_text(call->org_name);
    size_t n = plain.n + SEALED_OVERHEAD;
    uint8_t *sealed = arena_alloc(call->arena, n);
    char *text = arena_alloc(call->arena, BASE64_LENGTH(n) + 1);

    if (!sealed || !text)
        return ERR_EXHAUSTED;
    TRY(keyring_seal(call->env->keyring, purpose, &context, 1, plain, sealed));
    base64_encode((struct bytes){.p = sealed, .n = n}, text);
    *ret_text = text;
    return ERR_OK;
}

static enum err unseal_text(struct rpc_call *call, enum key_purpose purpose, const char *text,
                            struct bytes *ret_plain)
{
    struct bytes context = bytes_of_text(call->org_name), encoded = bytes_of_text(text);
    size_t n = encoded.n / 4 * 3 + encoded.n % 4 * 3 / 4;
    uint8_t *sealed = arena_alloc(call->arena, n + 1), *plain = arena_alloc(call->arena, n + 1);

    if (!sealed || !plain)
        return ERR_EXHAUSTED;
    if (n <= SEALED_OVERHEAD || !base64_decode(encoded, sealed, n))
        return ERR_INVALID_TOKEN;
    TRY(keyring_unseal(call->env->keyring, purpose, &context, 1,
                       (struct bytes){.p = sealed, .n = n}, plain));
    *ret_plain = (struct bytes){.p = plain, .n = n - SEALED_OVERHEAD};
    return ERR_OK;
}

enum err token_seal(struct rpc_call *call, const uint8_t id[static TOKEN_ID_BYTES],
                    const char **ret_text)
{
    struct bytes username = bytes_of_text(call->ask.username);
    uint8_t plain[TOKEN_ID_BYTES + USERNAME_MAX];

    memcpy(plain, id, TOKEN_ID_BYTES);
    memcpy(plain + TOKEN_ID_BYTES, username.p, username.n);
    return seal_text(call, KEY_TOKEN, (struct bytes){.p = plain, .n = TOKEN_ID_BYTES + username.n},
                     ret_text);
}

enum err token_open(struct rpc_call *call)
{
    struct bytes plain = {0};
    char *username;

    TRY(unseal_text(call, KEY_TOKEN, call->ask.step_token, &plain));
    if (plain.n <= TOKEN_ID_BYTES || plain.n > TOKEN_ID_BYTES + USERNAME_MAX)
        return ERR_INVALID_TOKEN;
    username = arena_text(call->arena, plain.p + TOKEN_ID_BYTES, plain.n - TOKEN_ID_BYTES);
    if (!username)
        return ERR_EXHAUSTED;
    /* Where the request names a user as well, the token must be that user's. */
    if (call->ask.username &&
        !bytes_equal(bytes_of_text(username), bytes_of_text(call->ask.username)))
        return ERR_INVALID_TOKEN;
    call->ask.username = username;
    memcpy(call->ask.token_id, plain.p, TOKEN_ID_BYTES);
    return ERR_OK;
}

enum err page_token_seal(struct rpc_call *call, const char *last, const char **ret_text)
{
    return seal_text(call, KEY_PAGE, bytes_of_text(last), ret_text);
}

enum err page_token_open(struct rpc_call *call, const char **ret_last)
{
    struct bytes plain = {0};
    enum err err;

    *ret_last = "";
    if (!*call->ask.page_token)
        return ERR_OK;
    err = unseal_text(call, KEY_PAGE, call->ask.page_token, &plain);
    if (err == ERR_INVALID_TOKEN) {
        fault_add(&call->fault, "page_token", "must be a next_page_token of this organization");
        return ERR_VALIDATION;
    }
    TRY(err);
    *ret_last = arena_text(call->arena, plain.p, plain.n);
    return *ret_last ? ERR_OK : ERR_EXHAUSTED;
}
