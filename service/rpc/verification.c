/* Verification: verdicts for other services. */
#include "crypto/random.h"
#include "rpc/method.h"

#include <twofold/v1/verification.pb-c.h>

enum err rpc_verify(struct rpc_call *call, ProtobufCMessage *reply)
{
    static char otp[] = "otp";
    static char *amr[] = {otp};
    Twofold__V1__VerifyReply *out = (Twofold__V1__VerifyReply *)reply;
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};
    struct evidence evidence;

    TRY(call_prepare_offered(call));
    TRY(verify_decide(call->user, &call->ask.second, &c, &d, &evidence));
    TRY(call_settle(call, &d));
    if (evidence.method == BY_TOTP) {
        out->method = TWOFOLD__V1__SECOND_FACTOR__METHOD__TOTP;
        out->amr = amr;
        out->n_amr = 1;
    } else {
        /* RFC 8176 registers no value for recovery codes: none is claimed. */
        out->method = TWOFOLD__V1__SECOND_FACTOR__METHOD__RECOVERY_CODE;
    }
    out->recovery_codes_left = user_recovery_left(call->user);
    out->verified_at = call_now_s(call);
    return ERR_OK;
}

static enum err fill_authenticator(struct rpc_call *call, const struct authenticator *a,
                                   Twofold__V1__GetStatusReply__Authenticator **ret)
{
    Twofold__V1__GetStatusReply__Authenticator *out = arena_alloc(call->arena, sizeof *out);
    char id[UUID_TEXT_BYTES];

    if (!out)
        return ERR_EXHAUSTED;
    twofold__v1__get_status_reply__authenticator__init(out);
    uuid_text(a->id, id);
    out->id = arena_text(call->arena, id, strlen(id));
    out->label = arena_text(call->arena, a->label, strlen(a->label));
    out->created_at = a->created_s;
    out->last_used_at = a->last_used_s;
    *ret = out;
    return out->id && out->label ? ERR_OK : ERR_EXHAUSTED;
}

enum err rpc_get_status(struct rpc_call *call, ProtobufCMessage *reply)
{
    Twofold__V1__GetStatusReply *out = (Twofold__V1__GetStatusReply *)reply;
    const struct user *u = call->user;
    int64_t now_s = call_now_s(call);

    out->state = call_factor_state(call);
    out->mode = (Twofold__V1__Policy__Mode)call->org.policy.mode;
    out->recovery_codes_left = user_recovery_left(u);
    (void)lockout_check(&u->code_lockout, now_s, &out->retry_after_seconds);
    out->authenticators =
        arena_alloc(call->arena, (u->n_authenticators + 1) * sizeof *out->authenticators);
    if (!out->authenticators)
        return ERR_EXHAUSTED;
    for (; out->n_authenticators < u->n_authenticators; out->n_authenticators++)
        TRY(fill_authenticator(call, &u->authenticators[out->n_authenticators],
                               &out->authenticators[out->n_authenticators]));
    return ERR_OK;
}
