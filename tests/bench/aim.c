/*
 * A visit is a number: visit / users is the pass, and visit % users, scrambled, the user. Codes
 * are computed before the load begins, four bytes each; only where that is impossible, because
 * nobody knows when a visit will be due (a clock that runs faster), at the moment of sending.
 */
#include "bench/aim.h"

#include "core/otp.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_BYTES = 20, PERIOD_S = 30, AGAIN = 1 << 16, CODES = 1000000 };

struct aim {
    struct aim_options options;
    unsigned bits; /* of the scrambled range: the power of two that holds all users */
    uint64_t visit, step;
    struct aim_place first; /* of the prepared codes */
    uint32_t *codes;
    struct shot again[AGAIN]; /* a ring */
    unsigned again_from, again_to;
    uint64_t noise;
};

/* A bijection on the range, walked until it hits a user: the order is that of no tree. */
static uint32_t scramble(const struct aim *a, uint32_t i)
{
    const uint32_t mask = (uint32_t)((1ULL << a->bits) - 1);
    const unsigned half = a->bits / 2 + 1;

    do {
        for (unsigned round = 0; round < 3; round++) {
            i = (i * 0x9E3779B1U + 0x7F4A7C15U * (round + 1)) & mask;
            i ^= i >> half;
        }
    } while (i >= a->options.users);
    return i;
}

static const int64_t step_ns = 1000000000LL * PERIOD_S;

static int64_t clock_of(const struct aim *a, int64_t unix_ns)
{
    return a->options.epoch_ns + (unix_ns - a->options.epoch_ns) * a->options.speed;
}

static uint64_t step_at(const struct aim *a, int64_t unix_ns)
{
    return (uint64_t)(clock_of(a, unix_ns) / step_ns);
}

int64_t aim_step_left(const struct aim *a, int64_t unix_ns)
{
    return (step_ns - clock_of(a, unix_ns) % step_ns) / a->options.speed;
}

static uint32_t code_of(uint32_t user, uint64_t step)
{
    static const struct otp_params params = {
        .algorithm = MAC_SHA1, .digits = 6, .period_s = PERIOD_S};
    struct secret key = {.n = KEY_BYTES};
    struct otp_code code;
    uint32_t number = 0;

    for (unsigned j = 0; j < KEY_BYTES; j++)
        key.bytes[j] = (uint8_t)(user >> (j % 4 * 8)) ^ (uint8_t)(j * 37);
    if (otp_hotp(&params, &key, step, &code) != ERR_OK)
        abort();
    for (unsigned i = 0; i < params.digits; i++)
        number = number * 10 + (uint32_t)(code.text[i] - '0');
    return number;
}

/* The code of the I-th visit from the first one on. */
static uint32_t prepare(const struct aim *a, size_t i)
{
    const uint64_t visit = a->first.visit + i;

    return code_of(scramble(a, (uint32_t)(visit % a->options.users)),
                   a->first.step + visit / a->options.users);
}

struct aim *aim_new(const struct aim_options *options)
{
    struct aim *a = calloc(1, sizeof *a);
    uint64_t oldest;

    if (!a)
        return NULL;
    a->options = *options;
    a->noise = 0x2545F4914F6CDD1DU;
    while ((1ULL << a->bits) < options->users)
        a->bits++;
    oldest = step_at(a, options->now_ns) - 1;
    a->first = options->from;
    if (a->first.step < oldest)
        a->first = (struct aim_place){.step = oldest};
    a->step = a->first.step;
    a->visit = a->first.visit;
    a->codes = calloc(options->prepared + 1, sizeof *a->codes);
    for (size_t i = 0; a->codes && i < options->prepared; i++)
        a->codes[i] = prepare(a, i);
    return a;
}

/* A pass that is complete is one, not the beginning of the next: that one has another step. */
struct aim_place aim_place(const struct aim *a)
{
    const uint64_t passes = a->visit > 0 ? (a->visit - 1) / a->options.users : 0;

    return (struct aim_place){.step = a->step, .visit = a->visit - passes * a->options.users};
}

uint64_t aim_left(const struct aim *a, int64_t unix_ns)
{
    const uint64_t newest = step_at(a, unix_ns) + 1;

    if (a->step > newest)
        return 0;
    return (newest - a->step + 1) * a->options.users - aim_place(a).visit;
}

void aim_free(struct aim *a)
{
    if (!a)
        return;
    free(a->codes);
    free(a);
}

void aim_again(struct aim *a, const struct shot *s)
{
    if (a->again_to - a->again_from < AGAIN)
        a->again[a->again_to++ % AGAIN] = *s;
}

static uint32_t noise(struct aim *a)
{
    a->noise ^= a->noise << 13;
    a->noise ^= a->noise >> 7;
    a->noise ^= a->noise << 17;
    return (uint32_t)(a->noise >> 32);
}

/* Steps only go forward: a user's next code is always of a later step than the last one. A clock
 * that runs faster leaves no time for the step that is over. */
static bool step_on(struct aim *a, int64_t unix_ns)
{
    const uint64_t now = step_at(a, unix_ns), oldest = a->options.speed > 1 ? now : now - 1;

    if (a->visit > 0 && a->visit % a->options.users == 0) {
        if (a->step + 1 > now + 1)
            return false;
        a->step++;
    }
    if (a->step < oldest)
        a->step = oldest;
    return a->step <= now + 1;
}

static bool is_prepared(const struct aim *a)
{
    return a->visit - a->first.visit < a->options.prepared &&
           a->step - a->first.step == a->visit / a->options.users;
}

bool aim_next(struct aim *a, int64_t unix_ns, struct shot *ret)
{
    if (a->again_from != a->again_to) {
        *ret = a->again[a->again_from++ % AGAIN];
        return true;
    }
    if (!a->options.wrong && !step_on(a, unix_ns))
        return false;
    ret->user = scramble(a, (uint32_t)(a->visit % a->options.users));
    if (a->options.wrong)
        ret->code = noise(a) % CODES;
    else
        ret->code =
            is_prepared(a) ? a->codes[a->visit - a->first.visit] : code_of(ret->user, a->step);
    a->visit++;
    return true;
}
