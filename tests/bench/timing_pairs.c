#include "bench/timing_pairs.h"

#include "core/verify.h"
#include "support/peek.h"
#include "support/steps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEPT_PERCENT = 75, TIDY_EVERY = 256 };

/* --- The stand --- */

void stand_start(struct stand *s, unsigned scrypt_ln, uint64_t seed)
{
    *s = (struct stand){.service = {.scrypt_ln = scrypt_ln, .size_mb = 256}, .dice = {seed}};
    service_start(&s->service);
    service_enroll(&s->service, "known0", &s->enrolled);
    service_put_user(&s->service, "plain0", PASSWORD);
    peek_user(&s->service, "known0", &s->known);
    peek_user(&s->service, "nobody", &s->nobody);
}

void stand_stop(struct stand *s)
{
    service_stop(&s->service);
}

/* The same for either kind, so that it tells nothing. */
static void count_as(struct stand *s, struct lockout counted)
{
    s->known.password_lockout = s->known.code_lockout = counted;
    s->nobody.password_lockout = counted;
    poke_user(&s->service, "known0", &s->known);
    poke_user(&s->service, "nobody", &s->nobody);
    peek_user(&s->service, "known0", &s->known);
    if (++s->taken % TIDY_EVERY == 0)
        assert_int_equal(
            dispatcher_tidy(s->service.dispatcher, &(struct outbox_taken){.position = UINT64_MAX}),
            ERR_OK);
}

static void count_nothing(struct stand *s)
{
    count_as(s, (struct lockout){0});
}

static void make_both_wait(struct stand *s)
{
    count_as(s, (struct lockout){.failures = 6, .until_s = s->service.now_ms / 1000 + 3600});
}

/* --- Requests --- */

static int64_t time_request(struct service *s, const char *method, const struct field *fields)
{
    size_t n;
    uint8_t *packed = pack(s, method, fields, &n);
    char subject[80];
    struct incoming in = {.subject = subject,
                          .reply_to = "_INBOX.test",
                          .request_id = "",
                          .traceparent = "",
                          .actor = "",
                          .payload = {packed, n}};
    struct exchange *x, *next;
    int64_t begun;

    snprintf(subject, sizeof subject, "twofold.v1.default.%s", method);
    begun = clock_ns();
    next = x = exchange_new(s->dispatcher, &in);
    assert_non_null(x);
    do {
        if (next)
            assert_int_equal(dispatcher_run(s->dispatcher, &next, 1), ERR_OK);
        else
            sched_yield();
        next = dispatcher_collect(s->dispatcher);
    } while (!exchange_answer(x).done);
    begun = clock_ns() - begun;
    exchange_free(x);
    free(packed);
    return begun;
}

#define TIME(s, method, ...) \
    time_request(&(s)->service, method, (const struct field[]){__VA_ARGS__, {NULL, NULL}})

static int64_t login(struct stand *s, bool known)
{
    return TIME(s, "login.login", {"username", known ? "known0" : "nobody"},
                {"password", "wrong horse"});
}

static int64_t confirm_password(struct stand *s, bool known)
{
    return TIME(s, "login.confirm_password", {"username", known ? "known0" : "nobody"},
                {"password", "wrong horse"});
}

static int64_t verify_without_factor(struct stand *s, bool known)
{
    return TIME(s, "verification.verify", {"username", known ? "plain0" : "nobody"},
                {"code", "123456"});
}

/* --- Codes that are nearly right --- */

/* The right code of the moment with the digits of MASK wrong, the first digit being bit 0. */
static void spoil(const struct stand *s, unsigned mask, char text[static OTP_DIGITS_MAX + 1])
{
    app_code(&s->enrolled.app, &s->service, 0, text);
    for (unsigned i = 0; text[i]; i++)
        if (mask & 1U << i)
            text[i] = (char)('0' + (text[i] - '0' + 5) % 10);
}

enum { FIRST_DIGIT = 1, LAST_DIGIT = 1 << 5, ALL_DIGITS = (1 << 6) - 1 };

static int64_t verify_code(struct stand *s, const char *code)
{
    return TIME(s, "verification.verify", {"username", "known0"}, {"code", code});
}

static int64_t verify(struct stand *s, unsigned mask)
{
    char code[OTP_DIGITS_MAX + 1];

    spoil(s, mask, code);
    return verify_code(s, code);
}

static int64_t verify_first_or_last(struct stand *s, bool second)
{
    return verify(s, second ? LAST_DIGIT : FIRST_DIGIT);
}

static int64_t verify_all_or_last(struct stand *s, bool second)
{
    return verify(s, second ? LAST_DIGIT : ALL_DIGITS);
}

/* Wrong in each of the steps that are looked at, or the right code of a step that has yet to come:
 * whoever could tell the one from the other would only have to wait. */
static int64_t verify_wrong_or_early(struct stand *s, bool second)
{
    char wrong[OTP_DIGITS_MAX + 1], early[OTP_DIGITS_MAX + 1];

    app_wrong_code(&s->enrolled.app, &s->service, wrong);
    app_code(&s->enrolled.app, &s->service, 5, early);
    return verify_code(s, second ? early : wrong);
}

/* The same questions to the core alone, where a nanosecond is not lost in the rest. */
static int64_t judge_code(struct stand *s, const char *code)
{
    const struct policy policy = policy_default();
    const struct circumstances c = {.policy = &policy, .now_s = s->service.now_ms / 1000};
    struct offered offered = {.kind = OFFERED_CODE};
    struct decision d = {.answer = ERR_OK};
    struct evidence e;
    int64_t begun;

    assert_int_equal(otp_code_parse(code, 6, &offered.code), ERR_OK);
    s->known.code_lockout = (struct lockout){0};
    begun = clock_ns();
    assert_int_equal(second_factor_judge(&s->known, &offered, &c, &d, &e), ERR_OK);
    begun = clock_ns() - begun;
    assert_int_equal(d.answer, ERR_CODE_REJECTED);
    return begun;
}

static int64_t judge(struct stand *s, unsigned mask)
{
    char code[OTP_DIGITS_MAX + 1];

    spoil(s, mask, code);
    return judge_code(s, code);
}

static int64_t judge_wrong_or_early(struct stand *s, bool second)
{
    char wrong[OTP_DIGITS_MAX + 1], early[OTP_DIGITS_MAX + 1];

    app_wrong_code(&s->enrolled.app, &s->service, wrong);
    app_code(&s->enrolled.app, &s->service, 5, early);
    return judge_code(s, second ? early : wrong);
}

static int64_t judge_first_or_last(struct stand *s, bool second)
{
    return judge(s, second ? LAST_DIGIT : FIRST_DIGIT);
}

static int64_t judge_all_or_last(struct stand *s, bool second)
{
    return judge(s, second ? LAST_DIGIT : ALL_DIGITS);
}

/* --- What the instrument must find --- */

static int64_t refused_or_hashed(struct stand *s, bool second)
{
    count_as(s, (struct lockout){.failures = second ? 0 : CONSECUTIVE_FAILURES_MAX});
    return login(s, true);
}

/* A verifier that computes one step more for one of the kinds. */
static int64_t one_step_more(struct stand *s, bool second)
{
    const struct otp_params *params = &s->enrolled.app.otp;
    uint64_t step = otp_step(params, s->service.now_ms / 1000);
    struct otp_code code;
    int64_t begun = clock_ns();

    for (uint64_t k = 0; k < (second ? 4 : 3); k++)
        assert_int_equal(otp_hotp(params, &s->enrolled.app.key, step + k, &code), ERR_OK);
    return clock_ns() - begun;
}

/* A verifier that compares digit by digit, and stops at the first that is wrong. */
static int64_t early_exit(struct stand *s, bool second)
{
    const struct otp_params *params = &s->enrolled.app.otp;
    uint64_t step = otp_step(params, s->service.now_ms / 1000);
    char text[OTP_DIGITS_MAX + 1];
    unsigned equal = 0;
    int64_t begun;

    spoil(s, second ? LAST_DIGIT : FIRST_DIGIT, text);
    begun = clock_ns();
    for (uint64_t k = step - 1; k <= step + 1; k++) {
        struct otp_code code;

        assert_int_equal(otp_hotp(params, &s->enrolled.app.key, k, &code), ERR_OK);
        for (volatile unsigned i = 0; i < 6 && code.text[i] == text[i]; i++)
            equal++;
    }
    begun = clock_ns() - begun;
    assert_true(equal < 18);
    return begun;
}

/* --- The pairs --- */

const struct timing_pair timing_pairs[] = {
    {PAIR_HASHES, "login: unknown name | wrong password", 5, count_nothing, login},
    {PAIR_HASHES, "confirm_password: unknown name | wrong password", 5, count_nothing,
     confirm_password},
    {PAIR_NAMES, "login in a wait: unknown name | known", 10, make_both_wait, login},
    {PAIR_NAMES, "verify: unknown name | user without a factor", 10, count_nothing,
     verify_without_factor},
    {PAIR_DIGITS, "verify: first digit wrong | last digit wrong", 0, count_nothing,
     verify_first_or_last},
    {PAIR_DIGITS, "verify: all digits wrong | last digit wrong", 0, count_nothing,
     verify_all_or_last},
    /* The event of the second names an authenticator, which takes 65 of 25000 ns. */
    {PAIR_DIGITS, "verify: wrong code | code of a step to come", 1, count_nothing,
     verify_wrong_or_early},
    {PAIR_DIGITS, "core: first digit wrong | last digit wrong", 0, NULL, judge_first_or_last},
    {PAIR_DIGITS, "core: all digits wrong | last digit wrong", 0, NULL, judge_all_or_last},
    {PAIR_DIGITS, "core: wrong code | code of a step to come", 0, NULL, judge_wrong_or_early},
    {PAIR_PLANTED, "planted: refused without a hash | hashed", 0, NULL, refused_or_hashed},
    {PAIR_PLANTED, "planted: three steps | four steps", 0, NULL, one_step_more},
    {PAIR_PLANTED_FINE, "planted: early exit, first digit | last digit", 0, NULL, early_exit},
};
const size_t n_timing_pairs = ARRAY_LEN(timing_pairs);

struct welch pair_measure(const struct timing_pair *p, struct stand *s, size_t n)
{
    struct samples samples = samples_new(n);
    struct welch w;

    while (samples.n[0] < n || samples.n[1] < n) {
        bool second = dice_roll(&s->dice) & 1;

        if (p->prepare)
            p->prepare(s);
        samples_add(&samples, second, (double)p->take(s, second));
    }
    w = welch_of(&samples, KEPT_PERCENT);
    samples_free(&samples);
    return w;
}
