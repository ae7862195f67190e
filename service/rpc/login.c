/* Login: the first factor alone, and whole logins. */
#include "rpc/token.h"

#include <twofold/v1/login.pb-c.h>

enum err rpc_confirm_password(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__ConfirmPasswordReply *out = (Twofold__V1__ConfirmPasswordReply *)reply;
    struct decision d = {.answer = ERR_OK};
    struct token_grant grant;
    const char *text = NULL;

    TRY(call_token_grant(call, &grant));
    confirm_password_decide(call->user, &grant, &d);
    TRY(call_settle(call, &d));
    TRY(token_seal(call, grant.id, &text));
    out->step_token = arena_text(call->arena, text, strlen(text));
    out->expires_at = grant.expires_s;
    return out->step_token ? ERR_OK : ERR_EXHAUSTED;
}

static enum err fill_amr(struct rpc_call *call, unsigned amr, Twofold__V1__LoginReply *out)
{
    static const struct {
        unsigned bit;
        const char *value;
    } values[] = {{AMR_PWD, "pwd"}, {AMR_OTP, "otp"}, {AMR_MFA, "mfa"}};

    out->amr = arena_alloc(call->arena, ARRAY_LEN(values) * sizeof *out->amr);
    if (!out->amr)
        return ERR_EXHAUSTED;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (amr & values[i].bit)
            out->amr[out->n_amr++] = arena_text(call->arena, values[i].value, 3);
    return ERR_OK;
}

/* A token that came is carried on as it is; a new one is sealed. */
static enum err fill_token(struct rpc_call *call, const struct login_result *result,
                           Twofold__V1__LoginReply *out)
{
    const char *text = call->ask.step_token;

    if (!result->token)
        return ERR_OK;
    if (result->token_is_new)
        TRY(token_seal(call, result->token->id, &text));
    out->step_token = arena_text(call->arena, text, strlen(text));
    out->expires_at = result->token->expires_s;
    return out->step_token ? ERR_OK : ERR_EXHAUSTED;
}

enum err rpc_login(struct rpc_call *call, ProtobufCMessage *reply)
{
    static char authenticator[] = "authenticator";
    Twofold__V1__LoginReply *out = (Twofold__V1__LoginReply *)reply;
    struct circumstances c = call_circumstances(call);
    struct login_ask ask = {.token = call->ask.step_token ? call->ask.token_id : NULL,
                            .second = &call->ask.second};
    struct decision d = {.answer = ERR_OK};
    struct login_result result;

    TRY(call_prepare_offered(call));
    TRY(call_token_grant(call, &ask.grant));
    TRY(login_decide(call->user, &ask, &c, &d, &result));
    TRY(call_settle(call, &d));
    out->outcome = (Twofold__V1__LoginReply__Outcome)result.outcome;
    if (result.outcome != LOGIN_AUTHENTICATED || result.used_second)
        out->auth_type = authenticator;
    out->recovery_codes_left = user_recovery_left(call->user);
    TRY(fill_amr(call, result.amr, out));
    return fill_token(call, &result, out);
}
