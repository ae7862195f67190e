/* Enrollment: new secrets, recovery codes, and the end of both. */
#include "core/base32.h"
#include "crypto/random.h"
#include "qr/qr.h"
#include "rpc/method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twofold/v1/enrollment.pb-c.h>

/* --- A fresh authenticator --- */

static enum err fresh_authenticator(struct rpc_call *call, struct authenticator *ret)
{
    TRY(random_uuid7(call->now_ms, ret->id));
    TRY(random_bytes(ret->key.bytes, OTP_SECRET_BYTES));
    ret->key.n = OTP_SECRET_BYTES;
    ret->otp = call->org.policy.otp;
    ret->created_s = call_now_s(call);
    snprintf(ret->label, sizeof ret->label, "%s", call->ask.label);
    return ERR_OK;
}

/* --- What Begin shows --- */

static enum err fill_qr(struct rpc_call *call, Twofold__V1__BeginReply *out)
{
    auto_qr *qr = NULL;
    char *svg = NULL;
    uint8_t *png = NULL;
    size_t n_svg = 0, n_png = 0;
    enum err err;

    TRY(qr_encode(out->otpauth_uri, &qr));
    err = qr_svg(qr, &svg, &n_svg);
    if (err == ERR_OK)
        err = qr_png(qr, &png, &n_png);
    if (err == ERR_OK) {
        out->qr_svg = arena_text(call->arena, svg, n_svg);
        out->qr_png.data = (uint8_t *)arena_text(call->arena, png, n_png);
        out->qr_png.len = n_png;
        err = out->qr_svg && out->qr_png.data ? ERR_OK : ERR_EXHAUSTED;
    }
    wipe(svg, n_svg);
    wipe(png, n_png);
    free(svg);
    free(png);
    return err;
}

static enum err fill_uri(struct rpc_call *call, const struct authenticator *a,
                         Twofold__V1__BeginReply *out)
{
    auto_otpauth o = {.params = a->otp, .key = a->key};

    snprintf(o.issuer, sizeof o.issuer, "%s", call->org.policy.issuer);
    snprintf(o.account, sizeof o.account, "%s", call->ask.username);
    out->otpauth_uri = arena_alloc(call->arena, OTPAUTH_URI_MAX);
    if (!out->otpauth_uri)
        return ERR_EXHAUSTED;
    if (otpauth_format(&o, out->otpauth_uri) != ERR_OK) {
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

/* Decided first, drawn next, saved last: a refused Begin draws nothing, and one that cannot be
 * shown is not begun. */
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
    TRY(begin_decide(&call->user, &ask, &c, &d));
    if (d.answer == ERR_OK)
        TRY(fill_begin(call, fresh, out));
    TRY(call_settle(call, &d));
    out->expires_at = call->user.enrollment.expires_s;
    return ERR_OK;
}

enum err rpc_begin(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct authenticator fresh = {0};
    enum err err = begin(call, &fresh, (Twofold__V1__BeginReply *)reply);

    wipe(&fresh, sizeof fresh);
    return err;
}

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
    bool gives_codes = confirm_wants_recovery(&call->user);
    struct decision d = {.answer = ERR_OK};
    struct recovery_set recovery = {0};
    struct confirm_ask ask = {.token = call->ask.token_id,
                              .code = &call->ask.second,
                              .echo = &call->ask.secret,
                              .activate = call->ask.activate,
                              .recovery = &recovery};
    char **codes = NULL;

    TRY(fresh_recovery(call, &recovery, &codes));
    TRY(confirm_decide(&call->user, &ask, &c, &d));
    TRY(call_settle(call, &d));
    /* Of this enrolment, though another authenticator be active: the codes shown are not good yet.
     */
    out->state = call->user.enrollment.state == ENROLLMENT_CONFIRMED
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

    complete_decide(&call->user, call->ask.token_id, &c, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__CompleteReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_cancel(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct decision d = {.answer = ERR_OK};

    cancel_decide(&call->user, call->ask.token_id, &d);
    TRY(call_settle(call, &d));
    ((Twofold__V1__CancelReply *)reply)->state = call_factor_state(call);
    return ERR_OK;
}

enum err rpc_disable(struct rpc_call *call, ProtobufCMessage *reply)
{
    struct circumstances c = call_circumstances(call);
    struct decision d = {.answer = ERR_OK};

    TRY(call_prepare_offered(call));
    TRY(disable_decide(&call->user, call->ask.token_id, &call->ask.second, &c, &d));
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
    TRY(regenerate_decide(&call->user, &ask, &c, &d));
    TRY(call_settle(call, &d));
    out->recovery_codes = codes;
    out->n_recovery_codes = recovery.n;
    return ERR_OK;
}
