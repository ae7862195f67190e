/*
 * One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), and the match rule that makes a code
 * good for one use. Pure: time, key and history are arguments.
 */
#ifndef TWOFOLD_CORE_OTP_H
#define TWOFOLD_CORE_OTP_H

#include "base/limits.h"
#include "base/secret.h"
#include "crypto/mac.h"

/* Steps on each side of now: the most that a policy may accept, and those among which the step of a
 * rejected code is looked for. */
enum { SKEW_STEPS_MAX = 2, NEAR_STEPS = 10 };

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
    OTP_MISMATCH,     /* of no step that was looked at */
    OTP_REPLAYED,     /* of a step in the window that is not newer */
    OTP_CLOCK_BEHIND, /* the last accepted step lies beyond the window: nothing can match */
    OTP_OUTSIDE,      /* of a step near now, but not in the window */
};

struct otp_window {
    int64_t now_s;
    unsigned skew_steps; /* 0..2 each side: the window is [now - skew, now + skew] */
    uint64_t last_step;  /* last accepted step; 0: none yet */
};

/* A code that is offered for a key; all borrowed. */
struct otp_trial {
    const struct otp_params *params;
    const struct secret *key;
    const struct otp_code *offered;
    struct otp_window window;
};

struct otp_result {
    enum otp_verdict verdict;
    uint64_t step; /* with OTP_MATCH: the newest matching step; else 0 */
    int offset;    /* the code's step minus now's; 0 also where no step matched. Of several steps:
                      the newest with OTP_MATCH, else the one nearest to now (the newer of two) */
    uint32_t hits; /* steps that matched: bit NEAR_STEPS + offset */
};

/*
 * Compares the code with that of every step in the window: all are computed, each comparison is
 * constant-time, nothing leaves early. There is no step before step 0. A code of another length
 * than the parameters' is a mismatch at the same cost, and so is any code for an empty key.
 * ERR_INTERNAL for parameters or a skew out of bounds; RET is untouched then.
 */
NODISCARD enum err otp_verify(const struct otp_trial *t, struct otp_result *ret);

/*
 * For a code that is rejected: which step is it of? Adds to RESULT, which otp_verify gave for the
 * same trial, what the steps outside the window but within NEAR_STEPS of now say; the cost does not
 * depend on RESULT. Only OTP_MISMATCH can become another verdict, and only OTP_OUTSIDE.
 */
NODISCARD enum err otp_look_around(const struct otp_trial *t, struct otp_result *result);

#endif
