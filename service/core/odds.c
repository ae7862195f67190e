#include "core/odds.h"

/*
 * RFC 4226 section 6 gives the odds as s * v / 10^digits: s codes are good at a time, v guesses are
 * looked at. s is a window of 2 * skew + 1 steps for each authenticator. Two things are a little
 * worse than the formula, and counted here. Truncation leaves 31 bits, which do not divide evenly
 * among the codes: the lower ones come up 2148 times in 2^31 where six digits promise 2147.5, and a
 * guesser may prefer them (appendix A). And codes tried side by side within one step are distinct,
 * so their chances add up; that is why v multiplies, instead of compounding.
 */

enum { DAY_S = 86400, DAYS_OF_A_YEAR = 365 };

static const double truncated_values = 2147483648.0; /* 2^31 */

static double at_most_certain(double probability)
{
    return probability < 1 ? probability : 1;
}

/* How often the likeliest code comes up among the truncated values. */
static double likeliest(unsigned digits)
{
    uint32_t codes = 1;

    for (unsigned i = 0; i < digits; i++)
        codes *= 10;
    return (double)(INT32_MAX / codes + 1);
}

static double odds_of_one(const struct policy *p)
{
    double good_at_a_time = (double)((2 * p->skew_steps + 1) * p->max_authenticators);

    return at_most_certain(good_at_a_time * likeliest(p->otp.digits) / truncated_values);
}

uint32_t odds_guesses_within(const struct policy *p, int64_t span_s)
{
    int64_t elapsed_s = 0;
    uint32_t failures = 0;

    while (failures < CONSECUTIVE_FAILURES_MAX && elapsed_s < span_s)
        elapsed_s += lockout_wait_s(++failures, p);
    return failures;
}

/* The wait that the last failure would start no longer matters. */
static int64_t whole_run_s(const struct policy *p)
{
    int64_t elapsed_s = 0;

    for (uint32_t failures = 1; failures < CONSECUTIVE_FAILURES_MAX; failures++)
        elapsed_s += lockout_wait_s(failures, p);
    return elapsed_s;
}

struct odds odds_of(const struct policy *p)
{
    double guess = odds_of_one(p);
    uint32_t day = odds_guesses_within(p, DAY_S);

    return (struct odds){
        .guesses_in_a_day = day,
        .guesses_in_all = CONSECUTIVE_FAILURES_MAX,
        .suspended_after_s = whole_run_s(p),
        .guess = guess,
        .day = at_most_certain(guess * day),
        .year = at_most_certain(guess * day * DAYS_OF_A_YEAR),
        .until_suspended = at_most_certain(guess * CONSECUTIVE_FAILURES_MAX),
    };
}

bool odds_password_suffices(const struct policy *p)
{
    return p->mode == POLICY_DISABLED || (p->mode == POLICY_OPTIONAL && !p->disable_requires_code);
}

double odds_of_a_guesser(const struct policy *p)
{
    return odds_password_suffices(p) ? 1 : odds_of(p).until_suspended;
}
