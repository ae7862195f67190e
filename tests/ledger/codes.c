#include "codes.h"

#include "core/otp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The service looks 10 steps around; retries may take one step, and so may the wait before them. */
enum { AROUND_STEPS = 13 };

static const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30};

/* splitmix64 */
uint64_t dice_roll(struct dice *d, uint64_t sides)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % sides;
}

int64_t step_of_now(void)
{
    return (int64_t)otp_step(&params, time(NULL));
}

static void show(const struct secret *key, int64_t step, char ret[static CODE_BYTES])
{
    struct otp_code code;

    if (otp_hotp(&params, key, (uint64_t)step, &code) != ERR_OK)
        abort();
    memcpy(ret, code.text, CODE_BYTES - 1);
    ret[CODE_BYTES - 1] = '\0';
}

/* Is CODE shown near now, at another step than BUT? */
static bool shown(const struct secret *key, const char *code, int64_t but)
{
    int64_t now = step_of_now();
    bool found = false;

    for (int64_t step = now - AROUND_STEPS; step <= now + AROUND_STEPS; step++) {
        char other[CODE_BYTES];

        show(key, step, other);
        found = found || (step != but && strcmp(code, other) == 0);
    }
    return found;
}

bool code_of(const struct secret *key, int64_t step, char ret[static CODE_BYTES])
{
    show(key, step, ret);
    return !shown(key, ret, step);
}

void code_wrong(const struct secret *key, struct dice *d, char ret[static CODE_BYTES])
{
    do
        snprintf(ret, CODE_BYTES, "%06u", (unsigned)dice_roll(d, 1000000));
    while (shown(key, ret, -1));
}
