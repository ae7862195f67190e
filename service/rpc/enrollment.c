/* Enrollment after Begin: recovery codes, and the end of both. */
#include "crypto/random.h"
#include "rpc/method.h"

#include <twofold/v1/enrollment.pb-c.h>

/* --- Recovery codes --- */

/* A new set for the user, and its codes as text in the arena: they exist nowhere else. */
static enum err fresh_recovery(struct rpc_call *call, struct recovery_set *ret, char ***ret_texts)
{
    uint8_t random[RECOVERY_RANDOM_BYTES];
    struct bytes pepper = {0};
    unsigned n = (unsigned)call->org.policy.recovery_code_count;

    ret->pepper = keyring_active(call->env->keyring);
    TRY(keyring_key(call->env->keyring, ret->pepper, KEY_RECOVERY, &pepper));
    TRY(random_bytes(ret->id, sizeof ret->id));
    *ret_texts = arena_alloc(call->arena, (n + 1) * sizeof **ret_texts);
    if (!*ret_texts)
        return ERR_EXHAUSTED;
    for (; ret->n < n; ret->n++) {
        auto_recovery_code code = {0};
        char *text = arena_alloc(call->arena, RECOVERY_TEXT_BYTES);

        if (!text)
            return ERR_EXHAUSTED;
        TRY(random_bytes(random, sizeof random));
        recovery_code_make(ret->n, random, &code);
        wipe(random, sizeof random);
        recovery_code_text(&code, text);
        (*ret_texts)[ret->n] = text;
        TRY(recovery_code_mac(pepper, call->org_name, call->ask.username, ret->id, &code,
                              ret->at[ret->n].mac));
    }
    return ERR_OK;
}

/* --- The other steps --- */

enum err rpc_confirm(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__ConfirmReply *out = (Twofold__V1__ConfirmReply *)reply;
    struct circumstances c = call_circumstances(call);
    bool gives_codes = confirm_wants_recovery(call->user);
    struct decision d = {.answer = ERR_OK};
    struct recovery_set recovery = {0};
    struct confirm_ask ask = {.token = call->ask.token_id,
                              .code = &call->ask.second,
                              .echo = &call->ask.secret,
                              .activate = call->ask.activate,
                              .recovery = &recovery};
    char **codes = NULL;

    TRY(fresh_recovery(call, &recovery, &codes));
    TRY(confirm_decide(call->user, &ask, &c, &d));
    TRY(call_settle(call, &d));
    /* Of this enrolment, though another authenticator be active: the codes shown are not good yet.
     */
    out->state = call->user->enrollment.state == ENROLLMENT_CONFIRMED
                     ? TWOFOLD__V1__SECOND_FACTOR__STATE__CONFIRMED
                     : call_factor_state(call);
    out->recovery_codes = codes;
    out->n_recovery_codes = gives_codes ? recovery.n : 0;
    return ERR_OK;
}

enum err rpc_complete(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    complete_decide(call->user, call->ask.token_id, &c, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__CompleteReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_cancel(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct decision d = {.answer = ERR_OK};

    cancel_decide(call->user, call->ask.token_id, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__CancelReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_disable(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    TRY(call_prepare_offered(call));
    TRY(disable_decide(call->user, call->ask.token_id, &call->ask.second, &c, &d));
    TRY(call_settle(call, &d));
    ((Twofold__V1__DisableReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_regenerate_recovery_codes(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__RegenerateRecoveryCodesReply *out =
        (Twofold__V1__RegenerateRecoveryCodesReply *)reply;
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};
    struct recovery_set recovery = {0};
    struct regenerate_ask ask = {
        .token = call->ask.token_id, .code = &call->ask.second, .recovery = &recovery};
    char **codes = NULL;

    TRY(fresh_recovery(call, &recovery, &codes));
    TRY(regenerate_decide(call->user, &ask, &c, &d));
    TRY(call_settle(call, &d));
    out->recovery_codes = codes;
    out->n_recovery_codes = recovery.n;
    return ERR_OK;
}
