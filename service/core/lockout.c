#include "core/lockout.h"

/* One second doubled this often is over an hour. */
enum { DOUBLINGS_MAX = 12 };

int64_t lockout_wait_s(uint32_t failures, const struct policy *p)
{
    int64_t beyond = (int64_t)failures - p->max_failures;
    int64_t wait_s;

    if (beyond <= 0)
        return 0;
    if (beyond > DOUBLINGS_MAX)
        return WAIT_SECONDS_MAX;
    wait_s = (int64_t)p->lockout_seconds * (INT64_C(1) << (beyond - 1));
    return wait_s < WAIT_SECONDS_MAX ? wait_s : WAIT_SECONDS_MAX;
}

enum lockout_state lockout_check(const struct lockout *l, int64_t now_s, int64_t *ret_retry_after_s)
{
    *ret_retry_after_s = 0;
    if (l->failures >= CONSECUTIVE_FAILURES_MAX)
        return LOCKOUT_SUSPENDED;
    if (l->until_s <= now_s)
        return LOCKOUT_OPEN;
    *ret_retry_after_s = l->until_s - now_s;
    return LOCKOUT_WAITING;
}

enum lockout_state lockout_fail(struct lockout *l, const struct policy *p, int64_t now_s)
{
    int64_t wait_s;

    if (l->failures < CONSECUTIVE_FAILURES_MAX)
        l->failures++;
    wait_s = lockout_wait_s(l->failures, p);
    if (wait_s > 0)
        l->until_s = now_s + wait_s;
    return lockout_check(l, now_s, &wait_s);
}

void lockout_reset(struct lockout *l)
{
    *l = (struct lockout){0};
}

int32_t lockout_attempts_left(const struct lockout *l, const struct policy *p)
{
    int64_t left = (int64_t)p->max_failures - l->failures;

    return left > 0 ? (int32_t)left : 0;
}
