#include "ask.h"

#include <stdbool.h>
#include <time.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

enum { PAUSE_MS = 50 };

static int64_t read_clock(clockid_t clock, int64_t parts)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * parts + t.tv_nsec / (1000000000 / parts);
}

int64_t clock_unix_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

void pause_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static enum twofold_status try_once(const struct ask *ask, int64_t timeout_ms, struct ask_end *end)
{
    Twofold__V1__VerifyRequest request = TWOFOLD__V1__VERIFY_REQUEST__INIT;
    struct twofold_call call = {.service = &twofold__v1__verification__descriptor,
                                .method = "Verify",
                                .request = &request.base,
                                .request_id = ask->request_id,
                                .timeout_ms = timeout_ms,
                                .try_ms = ask->try_ms};
    ProtobufCMessage *reply = NULL;
    enum twofold_status status;

    request.username = ask->username;
    request.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    request.code = ask->code;
    status = twofold_client_call(ask->client, &call, &reply, &end->error);
    end->verdict = ASK_STRANGE;
    if (status == TWOFOLD_OK) {
        const Twofold__V1__VerifyReply *r = (const Twofold__V1__VerifyReply *)(const void *)reply;

        end->verified_at = r->verified_at;
        if (r->method == TWOFOLD__V1__SECOND_FACTOR__METHOD__TOTP)
            end->verdict = ASK_ACCEPTED;
    } else if (end->error.reason == TWOFOLD__V1__ERROR__REASON__CODE_REJECTED) {
        end->verdict = ASK_REJECTED;
    }
    twofold_reply_free(reply);
    return status;
}

/* Nobody has judged the code, or nobody could say how. */
static bool is_open(const struct twofold_error *error)
{
    switch (error->status) {
    case TWOFOLD_TIMEOUT:
    case TWOFOLD_NO_RESPONDERS:
    case TWOFOLD_DISCONNECTED:
    case TWOFOLD_EXHAUSTED:
        return true;
    case TWOFOLD_REFUSED:
        return error->reason == TWOFOLD__V1__ERROR__REASON__EXHAUSTED ||
               error->reason == TWOFOLD__V1__ERROR__REASON__UNAVAILABLE;
    case TWOFOLD_OK:
    case TWOFOLD_USAGE:
    case TWOFOLD_PROTOCOL:
        return false;
    }
    return false;
}

void ask_until_answered(const struct ask *ask, struct ask_end *ret_end)
{
    const int64_t began_us = clock_monotonic_us();
    int64_t left_ms = ASK_BOUND_MS;
    struct ask_end end = {.sent_ms = clock_unix_ms()};
    enum twofold_status status = TWOFOLD_TIMEOUT;

    do {
        if (end.tries > 0 && status != TWOFOLD_TIMEOUT)
            pause_ms(PAUSE_MS);
        status = try_once(ask, left_ms < ask->timeout_ms ? left_ms : ask->timeout_ms, &end);
        if (end.tries++ == 0) {
            end.first = status;
            end.first_ended_ms = clock_unix_ms();
        }
        left_ms = ASK_BOUND_MS - (clock_monotonic_us() - began_us) / 1000;
    } while (is_open(&end.error) && left_ms > 0);
    if (is_open(&end.error))
        end.verdict = ASK_NOTHING;
    end.answered_ms = clock_unix_ms();
    end.took_us = clock_monotonic_us() - began_us;
    *ret_end = end;
}
