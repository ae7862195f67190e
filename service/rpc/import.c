/* Import: authenticators and users that another system made. */
#include "core/import.h"

#include "crypto/random.h"
#include "rpc/method.h"

#include <stdio.h>
#include <twofold/v1/admin.pb-c.h>

static enum err make(const struct rpc_call *call, const struct otpauth *from,
                     struct authenticator *ret)
{
    TRY(random_uuid7(call->now_ms, ret->id));
    ret->key = from->key;
    ret->otp = from->params;
    ret->created_s = call_now_s(call);
    snprintf(ret->label, sizeof ret->label, "%s", from->issuer);
    return ERR_OK;
}

static enum err import_authenticator(struct rpc_call *call, struct authenticator *fresh)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    TRY(make(call, &call->ask.otpauth, fresh));
    import_decide(call->user, fresh, &c, &d);
    return call_settle(call, &d);
}

enum err rpc_import_authenticator(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct authenticator fresh = {0};
    enum err err = import_authenticator(call, &fresh);

    wipe(&fresh, sizeof fresh);
    TRY(err);
    ((Twofold__V1__ImportAuthenticatorReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

/* Which of them is wrong: a violation's strings are static. */
static const char *const uri_fields[AUTHENTICATORS_MAX] = {
    "otpauth_uris[0]", "otpauth_uris[1]", "otpauth_uris[2]", "otpauth_uris[3]", "otpauth_uris[4]",
    "otpauth_uris[5]", "otpauth_uris[6]", "otpauth_uris[7]", "otpauth_uris[8]", "otpauth_uris[9]"};

/* Makes authenticator I of the request; a malformed URI is a violation. */
static enum err take_uri(struct rpc_call *call, size_t i, struct authenticator *ret)
{
    const char *uri = call->ask.otpauth_uris.at[i], *rule = NULL;
    auto_otpauth parsed = {.issuer = ""};

    if (otpauth_parse(uri, strlen(uri), &parsed, &rule) == ERR_OK)
        return make(call, &parsed, ret);
    fault_add(&call->fault, uri_fields[i], rule);
    return ERR_OK;
}

/* All of them, in the arena, which wipes them. Of what is too many the core hears the number. */
static enum err take_uris(struct rpc_call *call, struct authenticator **ret_fresh)
{
    size_t sent = call->ask.otpauth_uris.n;
    size_t n = sent < AUTHENTICATORS_MAX ? sent : AUTHENTICATORS_MAX;
    struct authenticator *fresh = arena_alloc(call->arena, (n + 1) * sizeof *fresh);

    if (!fresh)
        return ERR_EXHAUSTED;
    for (size_t i = 0; i < n; i++)
        TRY(take_uri(call, i, &fresh[i]));
    *ret_fresh = fresh;
    return call->fault.n > 0 ? ERR_VALIDATION : ERR_OK;
}

enum err rpc_import_user(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};
    struct authenticator *fresh = NULL;

    TRY(take_uris(call, &fresh));
    import_user_decide(call->user,
                       &(struct import_user_ask){.password_phc = call->ask.password_hash,
                                                 .fresh = fresh,
                                                 .n_fresh = call->ask.otpauth_uris.n},
                       &c, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__ImportUserReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}
