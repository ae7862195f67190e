/*
 * One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), and the match rule that makes a code
 * good for one use. Pure: time, key and history are arguments.
 */
#ifndef TWOFOLD_CORE_OTP_H
#define TWOFOLD_CORE_OTP_H

#include "base/limits.h"
#include "base/secret.h"
#include "crypto/mac.h"

enum { SKEW_STEPS_MAX = 2 };

struct otp_params {
    enum mac_algorithm algorithm;
    unsigned digits;   /* 6 or 8 */
    unsigned period_s; /* 30 or 60 */
};

/* A code is text: exactly `digits` ASCII digits, never a number. */
struct otp_code {
    unsigned digits;
    char text[OTP_DIGITS_MAX];
};

void otp_code_wipe(struct otp_code *c);
#define auto_otp_code CLEANUP(otp_code_wipe) struct otp_code

/* Takes exactly 6 or 8 ASCII digits, nothing around them; ERR_VALIDATION for anything else. */
NODISCARD enum err otp_code_parse(const char *text, size_t n, struct otp_code *ret);

/* HOTP of COUNTER (RFC 4226 section 5.3): PARAMS->digits digits into RET. */
NODISCARD enum err otp_hotp(const struct otp_params *params, const struct secret *key,
                            uint64_t counter, struct otp_code *ret);

/* The time step of UNIX_S (RFC 6238 section 4.2), 64 bits wide; 0 before 1970. */
uint64_t otp_step(const struct otp_params *params, int64_t unix_s);

enum otp_verdict {
    OTP_MATCH,        /* of a step in the window, newer than the last accepted one */
    OTP_MISMATCH,     /* of no step in the window */
    OTP_REPLAYED,     /* of a step in the window that is not newer */
    OTP_CLOCK_BEHIND, /* the last accepted step lies beyond the window: nothing can match */
};

struct otp_window {
    int64_t now_s;
    unsigned skew_steps; /* 0..2 each side */
    uint64_t last_step;  /* last accepted step; 0: none yet */
};

/*
 * Compares OFFERED with the code of every step in [now - skew, now + skew]: all are computed, each
 * comparison is constant-time, nothing leaves early. RET_STEP is the newest matching step with
 * OTP_MATCH, else 0. A code of another length than PARAMS->digits is a mismatch at the same cost,
 * and so is any code for an empty KEY. ERR_INTERNAL for params or a skew out of bounds.
 */
NODISCARD enum err otp_verify(const struct otp_params *params, const struct secret *key,
                              const struct otp_code *offered, const struct otp_window *window,
                              enum otp_verdict *ret_verdict, uint64_t *ret_step);

#endif
