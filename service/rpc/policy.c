#include "rpc/policy.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)POLICY_DISABLED == (int)TWOFOLD__V1__POLICY__MODE__DISABLED, "");
_Static_assert((int)POLICY_REQUIRED == (int)TWOFOLD__V1__POLICY__MODE__REQUIRED, "");
_Static_assert((int)MAC_SHA1 + 1 == (int)TWOFOLD__V1__POLICY__ALGORITHM__SHA1, "");
_Static_assert((int)MAC_SHA512 + 1 == (int)TWOFOLD__V1__POLICY__ALGORITHM__SHA512, "");

enum err policy_fill(struct rpc_call *call, const struct policy *p, Twofold__V1__Policy **ret)
{
    Twofold__V1__Policy *out = arena_alloc(call->arena, sizeof *out);

    if (!out)
        return ERR_EXHAUSTED;
    twofold__v1__policy__init(out);
    out->mode = (Twofold__V1__Policy__Mode)p->mode;
    out->issuer = arena_text(call->arena, p->issuer, strlen(p->issuer));
    out->algorithm = (Twofold__V1__Policy__Algorithm)(p->otp.algorithm + 1);
    out->digits = (int32_t)p->otp.digits;
    out->period = (int32_t)p->otp.period_s;
#define X(name, least, most, fallback, rule) out->name = p->name;
    POLICY_NUMBERS(X)
#undef X
    out->disable_requires_code = p->disable_requires_code;
    *ret = out;
    return out->issuer ? ERR_OK : ERR_EXHAUSTED;
}

/* Is the field of NAME to be set? Named by the mask, or, without one, not zero. */
static bool is_set(const struct rpc_ask *ask, const char *name, bool not_zero)
{
    if (ask->update_mask.n == 0)
        return not_zero;
    for (size_t i = 0; i < ask->update_mask.n; i++)
        if (strcmp(ask->update_mask.at[i], name) == 0)
            return true;
    return false;
}

static void check_mask(const struct rpc_ask *ask, struct fault *fault)
{
    for (size_t i = 0; i < ask->update_mask.n; i++)
        if (!protobuf_c_message_descriptor_get_field_by_name(&twofold__v1__policy__descriptor,
                                                             ask->update_mask.at[i])) {
            fault_add(fault, "update_mask", "must name fields of policy");
            return;
        }
}

static void merge_issuer(const char *issuer, struct policy *p, struct fault *fault)
{
    if (strlen(issuer) > ISSUER_MAX)
        fault_add(fault, "issuer", "must be 1 to 64 bytes without colon or control characters");
    else
        snprintf(p->issuer, sizeof p->issuer, "%s", issuer);
}

static unsigned positive(int32_t v)
{
    return v > 0 ? (unsigned)v : 0;
}

enum err policy_merge(struct rpc_call *call, struct policy *policy)
{
    const struct rpc_ask *ask = &call->ask;
    const Twofold__V1__Policy *in = (const Twofold__V1__Policy *)ask->policy;
    struct policy next = *policy;
    Twofold__V1__Policy nothing;

    twofold__v1__policy__init(&nothing);
    if (!in)
        in = &nothing;
    check_mask(ask, &call->fault);
    if (is_set(ask, "mode", in->mode != 0))
        next.mode = (enum policy_mode)in->mode;
    if (is_set(ask, "issuer", *in->issuer != '\0'))
        merge_issuer(in->issuer, &next, &call->fault);
    if (is_set(ask, "algorithm", in->algorithm != 0))
        next.otp.algorithm = (enum mac_algorithm)((int)in->algorithm - 1);
    if (is_set(ask, "digits", in->digits != 0))
        next.otp.digits = positive(in->digits);
    if (is_set(ask, "period", in->period != 0))
        next.otp.period_s = positive(in->period);
#define X(name, least, most, fallback, rule) \
    if (is_set(ask, #name, in->name != 0))   \
        next.name = in->name;
    POLICY_NUMBERS(X)
#undef X
    if (is_set(ask, "disable_requires_code", in->disable_requires_code))
        next.disable_requires_code = in->disable_requires_code;
    policy_check(&next, &call->fault);
    if (call->fault.n > 0)
        return ERR_VALIDATION;
    *policy = next;
    return ERR_OK;
}
