#include "support/factors.h"

struct told wrong_factor(struct service *s, const struct enrolled *e, size_t factor)
{
    char code[OTP_DIGITS_MAX + 1];

    switch (factor) {
    case 0:
        return ASK(s, "login.confirm_password", {"username", "ada"}, {"password", "wrong horse"});
    case 1:
        return ASK(s, "verification.verify", {"username", "ada"},
                   {"code", app_wrong_code(&e->app, s, code)});
    default:
        return ASK(s, "verification.verify", {"username", "ada"},
                   {"recovery_code", WRONG_RECOVERY});
    }
}

struct told right_factor(struct service *s, const struct enrolled *e, size_t factor)
{
    char code[OTP_DIGITS_MAX + 1];

    switch (factor) {
    case 0:
        return ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD});
    case 1:
        return ASK(s, "verification.verify", {"username", "ada"},
                   {"code", app_code(&e->app, s, 0, code)});
    default:
        return ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", e->codes[0]});
    }
}
