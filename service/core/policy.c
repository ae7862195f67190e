#include "core/policy.h"

#include "core/otpauth.h"

struct policy policy_default(void)
{
    return (struct policy){
        .mode = POLICY_OPTIONAL,
        .issuer = "Twofold",
        .otp = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30},
#define X(name, least, most, fallback, rule) .name = (fallback),
        POLICY_NUMBERS(X)
#undef X
            .disable_requires_code = true,
    };
}

static bool mode_known(enum policy_mode mode)
{
    switch (mode) {
    case POLICY_DISABLED:
    case POLICY_OPTIONAL:
    case POLICY_REQUIRED:
        return true;
    }
    return false;
}

static bool algorithm_known(enum mac_algorithm algorithm)
{
    switch (algorithm) {
    case MAC_SHA1:
    case MAC_SHA256:
    case MAC_SHA512:
        return true;
    }
    return false;
}

static void require(struct fault *f, bool holds, const char *field, const char *rule)
{
    if (!holds)
        fault_add(f, field, rule);
}

void policy_check(const struct policy *p, struct fault *f)
{
    size_t n_issuer = strnlen(p->issuer, sizeof p->issuer);

    require(f, mode_known(p->mode), "mode", "must be DISABLED, OPTIONAL or REQUIRED");
    require(f, n_issuer <= ISSUER_MAX && otpauth_name_valid(p->issuer, n_issuer), "issuer",
            "must be 1 to 64 bytes of UTF-8 without a colon or control characters");
    require(f, algorithm_known(p->otp.algorithm), "algorithm", "must be SHA1, SHA256 or SHA512");
    require(f, p->otp.digits == 6 || p->otp.digits == 8, "digits", "must be 6 or 8");
    require(f, p->otp.period_s == 30 || p->otp.period_s == 60, "period", "must be 30 or 60");
#define X(name, least, most, fallback, rule) \
    require(f, p->name >= (least) && p->name <= (most), #name, rule);
    POLICY_NUMBERS(X)
#undef X
}
