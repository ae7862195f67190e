/*
 * The one comparison that the service exists for.
 *
 * A code is good for at most one use because acceptance is tied to a time step, and a step counts
 * only when it is newer than the last one that was accepted. That one number replaces a list of
 * used codes: it cannot overflow, cannot expire too early, and also refuses the older neighbours of
 * an accepted code, which somebody may have read over the user's shoulder.
 *
 * Every step of the window is computed whatever the outcome, and the outcome is gathered in masks,
 * so that the time taken does not say whether, where or how nearly a code matched.
 */
#include "core/otp.h"

#include <assert.h>

static const uint32_t power_of_ten[OTP_DIGITS_MAX + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

void otp_code_wipe(struct otp_code *c)
{
    wipe(c, sizeof *c);
}

static bool digits_usable(size_t n)
{
    return n == 6 || n == 8;
}

enum err otp_code_parse(const char *text, size_t n, struct otp_code *ret)
{
    if (!digits_usable(n))
        return ERR_VALIDATION;
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return ERR_VALIDATION;
    *ret = (struct otp_code){.digits = (unsigned)n};
    memcpy(ret->text, text, n);
    return ERR_OK;
}

/* Dynamic truncation, RFC 4226 section 5.3: 31 bits from where the last nibble points. */
static uint32_t truncate31(const uint8_t *mac, size_t n)
{
    const uint8_t *p = mac + (mac[n - 1] & 0x0f);

    return (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_digits(uint32_t number, unsigned digits, struct otp_code *ret)
{
    *ret = (struct otp_code){.digits = digits};
    number %= power_of_ten[digits];
    for (unsigned i = digits; i-- > 0; number /= 10)
        ret->text[i] = (char)('0' + number % 10);
}

struct otp_mac {
    size_t n;
    uint8_t bytes[MAC_BYTES_MAX];
};

static void otp_mac_wipe(struct otp_mac *m)
{
    wipe(m, sizeof *m);
}

enum err otp_hotp(const struct otp_params *params, const struct secret *key, uint64_t counter,
                  struct otp_code *ret)
{
    CLEANUP(otp_mac_wipe) struct otp_mac mac = {0};
    uint8_t moving[8];

    if (!digits_usable(params->digits))
        return ERR_INTERNAL;
    for (unsigned i = 0; i < sizeof moving; i++)
        moving[i] = (uint8_t)(counter >> (56 - 8 * i));
    TRY(mac_hmac(params->algorithm, secret_view(key), (struct bytes){moving, sizeof moving},
                 mac.bytes, &mac.n));
    write_digits(truncate31(mac.bytes, mac.n), params->digits, ret);
    return ERR_OK;
}

uint64_t otp_step(const struct otp_params *params, int64_t unix_s)
{
    assert(params->period_s > 0);
    return unix_s > 0 ? (uint64_t)unix_s / params->period_s : 0;
}

/* What the window loop has found, as masks: all ones or zero. */
struct matches {
    uint64_t any;
    uint64_t newest; /* step; steps are visited in rising order */
};

static enum err match_step(const struct otp_params *params, const struct secret *key,
                           const struct otp_code *offered, uint64_t step, struct matches *m)
{
    auto_otp_code expected = {0};
    bool same_digits;
    uint64_t hit;

    TRY(otp_hotp(params, key, step, &expected));
    same_digits = ct_equal(expected.text, offered->text, params->digits);
    /* Without a key (a damaged record) anyone could compute the code: it matches nothing. */
    hit = 0 - (uint64_t)(same_digits & (offered->digits == params->digits) & (key->n > 0));
    m->any |= hit;
    m->newest = (m->newest & ~hit) | (step & hit);
    return ERR_OK;
}

static enum otp_verdict judge(const struct matches *m, uint64_t last_step, uint64_t top)
{
    if (last_step > top)
        return OTP_CLOCK_BEHIND;
    if (!m->any)
        return OTP_MISMATCH;
    return m->newest > last_step ? OTP_MATCH : OTP_REPLAYED;
}

enum err otp_verify(const struct otp_params *params, const struct secret *key,
                    const struct otp_code *offered, const struct otp_window *window,
                    enum otp_verdict *ret_verdict, uint64_t *ret_step)
{
    struct matches m = {0};
    uint64_t now, bottom, top;

    if (params->period_s == 0 || window->skew_steps > SKEW_STEPS_MAX)
        return ERR_INTERNAL;
    now = otp_step(params, window->now_s);
    bottom = now > window->skew_steps ? now - window->skew_steps : 0;
    top = now + window->skew_steps;
    for (uint64_t step = bottom; step <= top; step++)
        TRY(match_step(params, key, offered, step, &m));

    *ret_verdict = judge(&m, window->last_step, top);
    *ret_step = *ret_verdict == OTP_MATCH ? m.newest : 0;
    return ERR_OK;
}
