/* An organization's policy: what is asked of its users. One row a setting. */
#ifndef TWOFOLD_CORE_POLICY_H
#define TWOFOLD_CORE_POLICY_H

#include "base/limits.h"
#include "core/otp.h"

enum policy_mode {
    POLICY_DISABLED = 1, /* asks nobody for a code and lets nobody enrol */
    POLICY_OPTIONAL,     /* asks those who enrolled */
    POLICY_REQUIRED,     /* those who did not must enrol before they get in */
};

/* Numbers: field (the name in the contract), least, most, default, what it must be. */
#define POLICY_NUMBERS(X)                                                \
    X(skew_steps, 0, 2, 1, "must be 0 to 2")                             \
    X(max_failures, 1, 10, 5, "must be 1 to 10")                         \
    X(lockout_seconds, 1, WAIT_SECONDS_MAX, 30, "must be 1 to 3600")     \
    X(enrollment_ttl_seconds, 60, 86400, 600, "must be 60 to 86400")     \
    X(step_token_ttl_seconds, 30, 3600, 300, "must be 30 to 3600")       \
    X(recovery_code_count, 0, RECOVERY_CODES_MAX, 10, "must be 0 to 16") \
    X(max_authenticators, 1, AUTHENTICATORS_MAX, 1, "must be 1 to 10")

struct policy {
    enum policy_mode mode;
    char issuer[ISSUER_MAX + 1];
    struct otp_params otp;
#define X(name, least, most, fallback, rule) int32_t name;
    POLICY_NUMBERS(X)
#undef X
    bool disable_requires_code;
};

/* What holds until somebody decides otherwise. */
struct policy policy_default(void);

/* Adds a violation to F for every field that is out of bounds. */
void policy_check(const struct policy *p, struct fault *f);

#endif
