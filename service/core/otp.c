/*
 * The one comparison that the service exists for.
 *
 * A code is good for at most one use because acceptance is tied to a time step, and a step counts
 * only when it is newer than the last one that was accepted. That one number replaces a list of
 * used codes: it cannot overflow, cannot expire too early, and also refuses the older neighbours of
 * an accepted code, which somebody may have read over the user's shoulder.
 *
 * Every step of the window is computed whatever the outcome, and the outcome is gathered in bits,
 * so that the time taken does not say whether, where or how nearly a code matched. Nor may it tell
 * a code of a step to come from a wrong one: who learned that would only have to wait. So every
 * code that is rejected pays for a look at the steps around the window, whatever was wrong with it.
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

static enum err hotp(const struct mac_key *key, unsigned digits, uint64_t counter,
                     struct otp_code *ret)
{
    CLEANUP(otp_mac_wipe) struct otp_mac mac = {0};
    uint8_t moving[8];

    for (unsigned i = 0; i < sizeof moving; i++)
        moving[i] = (uint8_t)(counter >> (56 - 8 * i));
    TRY(mac_under(key, (struct bytes){moving, sizeof moving}, mac.bytes, &mac.n));
    write_digits(truncate31(mac.bytes, mac.n), digits, ret);
    return ERR_OK;
}

enum err otp_hotp(const struct otp_params *params, const struct secret *key, uint64_t counter,
                  struct otp_code *ret)
{
    auto_mac_key *ready = NULL;

    if (!digits_usable(params->digits))
        return ERR_INTERNAL;
    TRY(mac_key_borrow(params->algorithm, secret_view(key), &ready));
    return hotp(ready, params->digits, counter, ret);
}

uint64_t otp_step(const struct otp_params *params, int64_t unix_s)
{
    assert(params->period_s > 0);
    return unix_s > 0 ? (uint64_t)unix_s / params->period_s : 0;
}

static bool usable(const struct otp_trial *t)
{
    return digits_usable(t->params->digits) && t->params->period_s > 0 &&
           t->window.skew_steps <= SKEW_STEPS_MAX;
}

/* A trial with what is the same for all of its steps. */
struct search {
    const struct otp_trial *t;
    struct mac_key *key; /* borrowed */
    uint64_t now;        /* step */
    uint32_t hits;
};

static void search_end(struct search *s)
{
    mac_key_return(s->key);
}
#define auto_search CLEANUP(search_end) struct search

static enum err search_begin(struct search *s)
{
    if (!usable(s->t))
        return ERR_INTERNAL;
    s->now = otp_step(s->t->params, s->t->window.now_s);
    return mac_key_borrow(s->t->params->algorithm, secret_view(s->t->key), &s->key);
}

/* Compares with the step OFFSET steps from now, if there is one. */
static enum err compare(struct search *s, int offset)
{
    const struct otp_trial *t = s->t;
    uint64_t back = offset < 0 ? (uint64_t)-offset : 0;
    auto_otp_code expected = {0};
    bool same_digits;

    if (back > s->now)
        return ERR_OK;
    TRY(hotp(s->key, t->params->digits, s->now + (uint64_t)offset, &expected));
    same_digits = ct_equal(expected.text, t->offered->text, t->params->digits);
    /* Without a key (a damaged record) anyone could compute the code: it matches nothing. */
    s->hits |= (uint32_t)(same_digits & (t->offered->digits == t->params->digits) & (t->key->n > 0))
               << (NEAR_STEPS + offset);
    return ERR_OK;
}

/* All ones if the step OFFSET steps from now matched, else zero. */
static int hit_at(uint32_t hits, int offset)
{
    return -(int)(hits >> (NEAR_STEPS + offset) & 1);
}

/* Of the hits REACH steps around now. A later one takes the place of an earlier one: from far to
 * near, and the newer of two. */
static int nearest(uint32_t hits, int reach)
{
    int offset = 0;

    for (int far = reach; far >= 0; far--) {
        int older = hit_at(hits, -far), newer = hit_at(hits, far);

        offset = (offset & ~older) | (-far & older);
        offset = (offset & ~newer) | (far & newer);
    }
    return offset;
}

static int newest(uint32_t hits, int reach)
{
    int offset = 0;

    for (int i = -reach; i <= reach; i++)
        offset = (offset & ~hit_at(hits, i)) | (i & hit_at(hits, i));
    return offset;
}

static enum otp_verdict judge(const struct otp_window *w, uint32_t hits, uint64_t now,
                              uint64_t newest_hit)
{
    if (w->last_step > now + w->skew_steps)
        return OTP_CLOCK_BEHIND;
    if (!hits)
        return OTP_MISMATCH;
    return newest_hit > w->last_step ? OTP_MATCH : OTP_REPLAYED;
}

enum err otp_verify(const struct otp_trial *t, struct otp_result *ret)
{
    struct otp_result r = {.verdict = OTP_MISMATCH};
    int skew = (int)t->window.skew_steps, top;
    auto_search s = {.t = t};

    TRY(search_begin(&s));
    for (int i = -skew; i <= skew; i++)
        TRY(compare(&s, i));
    r.hits = s.hits;
    top = newest(r.hits, skew);
    r.verdict = judge(&t->window, r.hits, s.now, s.now + (uint64_t)top);
    r.offset = r.verdict == OTP_MATCH ? top : nearest(r.hits, skew);
    r.step = r.verdict == OTP_MATCH ? s.now + (uint64_t)top : 0;
    *ret = r;
    return ERR_OK;
}

enum err otp_look_around(const struct otp_trial *t, struct otp_result *result)
{
    int skew = (int)t->window.skew_steps;
    auto_search s = {.t = t, .hits = result->hits};

    TRY(search_begin(&s));
    for (int i = skew + 1; i <= NEAR_STEPS; i++) {
        TRY(compare(&s, -i));
        TRY(compare(&s, i));
    }
    result->hits = s.hits;
    result->offset = nearest(s.hits, NEAR_STEPS);
    if (result->verdict == OTP_MISMATCH && s.hits)
        result->verdict = OTP_OUTSIDE;
    return ERR_OK;
}
