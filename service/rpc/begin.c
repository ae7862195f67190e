#include "rpc/begin.h"

#include "core/base32.h"
#include "crypto/random.h"

#include <stdio.h>
#include <string.h>
#include <twofold/v1/enrollment.pb-c.h>

/*
 * A picture takes as long as a hundred verifications, so it is drawn elsewhere, before anything is
 * decided: a key is drawn for it, and thrown away if the request is refused then. It is not drawn
 * after the decision, for a right code that is known and not yet written down would be a free
 * guess to whoever can tell that it takes longer, or fills the pool.
 *
 * Meanwhile the policy may change. What is shown is made of the policy as it is at the decision; a
 * picture of something else is drawn anew, there and then, since that is rare.
 */

/* --- Before --- */

/* A waiting time costs the service nothing. */
static bool may_be_judged(const struct rpc_call *call)
{
    const struct offered *second = &call->ask.second;
    const struct lockout *lockout = second->kind == OFFERED_RECOVERY_CODE
                                        ? &call->user->recovery_lockout
                                        : &call->user->code_lockout;
    int64_t retry_after_s;

    if (call->user->n_authenticators == 0 || second->kind == OFFERED_NONE)
        return call->user->n_authenticators == 0 && second->kind == OFFERED_NONE;
    return lockout_check(lockout, call_now_s(call), &retry_after_s) == LOCKOUT_OPEN;
}

bool begin_waits(struct rpc_call *call)
{
    const char *username = call->ask.username;

    return call->method->traits & RPC_SHOWS_QR && !call->job &&
           call->org.policy.mode != POLICY_DISABLED &&
           user_find_token(call->user, call->ask.token_id) && may_be_judged(call) &&
           otpauth_name_valid(username, strlen(username));
}

static enum err format_uri(const struct rpc_call *call, const struct secret *key,
                           char ret_uri[static OTPAUTH_URI_MAX])
{
    auto_otpauth o = {.params = call->org.policy.otp, .key = *key};

    snprintf(o.issuer, sizeof o.issuer, "%s", call->org.policy.issuer);
    snprintf(o.account, sizeof o.account, "%s", call->ask.username);
    return otpauth_format(&o, ret_uri);
}

static enum err fresh_key(struct secret *ret)
{
    TRY(random_bytes(ret->bytes, OTP_SECRET_BYTES));
    ret->n = OTP_SECRET_BYTES;
    return ERR_OK;
}

enum err begin_prepare(const struct rpc_call *call, struct rendering *ret)
{
    TRY(fresh_key(&ret->key));
    return format_uri(call, &ret->key, ret->drawing.text);
}

/* --- A fresh authenticator --- */

static enum err fresh_authenticator(struct rpc_call *call, struct authenticator *ret)
{
    TRY(random_uuid7(call->now_ms, ret->id));
    if (call->job)
        ret->key = call->job->render.key;
    else
        TRY(fresh_key(&ret->key));
    ret->otp = call->org.policy.otp;
    ret->created_s = call_now_s(call);
    snprintf(ret->label, sizeof ret->label, "%s", call->ask.label);
    return ERR_OK;
}

/* --- What Begin shows --- */

/* The picture of URI, which was drawn already or is drawn into ANEW. */
static const struct qr_drawing *drawing_of(const struct rpc_call *call, const char *uri,
                                           struct qr_drawing *anew)
{
    const struct qr_drawing *drawn = call->job ? &call->job->render.drawing : NULL;
    size_t n = strlen(uri);

    if (drawn && strlen(drawn->text) == n && ct_equal(drawn->text, uri, n))
        return drawn;
    memcpy(anew->text, uri, n + 1);
    qr_draw(anew);
    return anew;
}

static enum err fill_qr(struct rpc_call *call, Twofold__V1__BeginReply *out)
{
    auto_qr_drawing anew = {.err = ERR_OK};
    const struct qr_drawing *d = drawing_of(call, out->otpauth_uri, &anew);

    TRY(d->err);
    out->qr_svg = arena_text(call->arena, d->svg, d->n_svg);
    out->qr_png.data = (uint8_t *)arena_text(call->arena, d->png, d->n_png);
    out->qr_png.len = d->n_png;
    return out->qr_svg && out->qr_png.data ? ERR_OK : ERR_EXHAUSTED;
}

static enum err fill_uri(struct rpc_call *call, const struct authenticator *a,
                         Twofold__V1__BeginReply *out)
{
    out->otpauth_uri = arena_alloc(call->arena, OTPAUTH_URI_MAX);
    if (!out->otpauth_uri)
        return ERR_EXHAUSTED;
    if (format_uri(call, &a->key, out->otpauth_uri) != ERR_OK) {
        fault_add(&call->fault, "username", "must have no colon to be shown in an authenticator");
        return ERR_VALIDATION;
    }
    return ERR_OK;
}

static enum err fill_begin(struct rpc_call *call, const struct authenticator *a,
                           Twofold__V1__BeginReply *out)
{
    static const char *const algorithms[] = {
        [MAC_SHA1] = "SHA1", [MAC_SHA256] = "SHA256", [MAC_SHA512] = "SHA512"};
    const char *algorithm = algorithms[a->otp.algorithm];

    TRY(fill_qr(call, out));
    out->secret = arena_alloc(call->arena, BASE32_CHARS(SECRET_MAX) + 1);
    out->algorithm = arena_text(call->arena, algorithm, strlen(algorithm));
    if (!out->secret || !out->algorithm)
        return ERR_EXHAUSTED;
    base32_encode(secret_view(&a->key), out->secret);
    out->digits = (int32_t)a->otp.digits;
    out->period = (int32_t)a->otp.period_s;
    return ERR_OK;
}

/* Decided first, shown next, saved last: one that cannot be shown is not begun. */
static enum err begin(struct rpc_call *call, struct authenticator *fresh,
                      Twofold__V1__BeginReply *out)
{
    struct circumstances c = call_circumstances(call);
    struct begin_ask ask = {
        .token = call->ask.token_id, .second = &call->ask.second, .fresh = fresh};
    struct decision d = {.answer = ERR_OK};

    TRY(fresh_authenticator(call, fresh));
    TRY(fill_uri(call, fresh, out));
    TRY(call_prepare_offered(call));
    TRY(begin_decide(call->user, &ask, &c, &d));
    if (d.answer == ERR_OK)
        TRY(fill_begin(call, fresh, out));
    TRY(call_settle(call, &d));
    out->expires_at = call->user->enrollment.expires_s;
    return ERR_OK;
}

enum err rpc_begin(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct authenticator fresh = {0};
    enum err err = begin(call, &fresh, (Twofold__V1__BeginReply *)reply);

    wipe(&fresh, sizeof fresh);
    return err;
}
