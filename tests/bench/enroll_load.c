/*
 * For bench.mjs: enrolments a second. Takes the authenticators of users that `rotate_load fill`
 * made away, and then enrols them all anew, as a portal would: step token, secret and QR code,
 * first code, active. A number of callers at once, one call after the other each.
 *
 *     enroll_load URL USERS CALLERS       prints {"per_second":N,"enrolled":N,"failed":N}
 */
#include "core/base32.h"
#include "core/otp.h"

#include <twofold/client.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAME_BYTES = 16, CALLERS_MAX = 256, TIMEOUT_MS = 30000 };

struct task {
    struct twofold_client *client;
    unsigned users;
    bool (*act)(struct twofold_client *client, char *name);
    atomic_uint next, done, failed;
};

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "enroll_load: %s: %s\n", what, why);
    return 1;
}

static bool call(struct twofold_client *client, const struct twofold_call *call,
                 ProtobufCMessage **ret)
{
    struct twofold_error error;

    if (twofold_client_call(client, call, ret, &error) == TWOFOLD_OK)
        return true;
    fprintf(stderr, "enroll_load: %s: %s %s\n", call->method, twofold_status_name(error.status),
            error.message);
    return false;
}

static bool reset(struct twofold_client *client, char *name)
{
    Twofold__V1__ResetSecondFactorRequest request = TWOFOLD__V1__RESET_SECOND_FACTOR_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    bool ok;

    request.username = name;
    ok = call(client,
              &(struct twofold_call){.service = &twofold__v1__admin__descriptor,
                                     .method = "ResetSecondFactor",
                                     .request = &request.base,
                                     .timeout_ms = TIMEOUT_MS},
              &reply);
    twofold_reply_free(reply);
    return ok;
}

static bool issue(struct twofold_client *client, char *name, ProtobufCMessage **ret)
{
    Twofold__V1__IssueStepTokenRequest request = TWOFOLD__V1__ISSUE_STEP_TOKEN_REQUEST__INIT;

    request.username = name;
    return call(client,
                &(struct twofold_call){.service = &twofold__v1__admin__descriptor,
                                       .method = "IssueStepToken",
                                       .request = &request.base,
                                       .timeout_ms = TIMEOUT_MS},
                ret);
}

static bool begin(struct twofold_client *client, char *token, ProtobufCMessage **ret)
{
    Twofold__V1__BeginRequest request = TWOFOLD__V1__BEGIN_REQUEST__INIT;
    char label[] = "phone";

    request.step_token = token;
    request.label = label;
    return call(client,
                &(struct twofold_call){.service = &twofold__v1__enrollment__descriptor,
                                       .method = "Begin",
                                       .request = &request.base,
                                       .timeout_ms = TIMEOUT_MS},
                ret);
}

static bool confirm(struct twofold_client *client, char *token, const char *secret)
{
    static const struct otp_params params = {.algorithm = MAC_SHA1, .digits = 6, .period_s = 30};
    Twofold__V1__ConfirmRequest request = TWOFOLD__V1__CONFIRM_REQUEST__INIT;
    char text[OTP_DIGITS_MAX + 1] = "";
    ProtobufCMessage *reply = NULL;
    struct otp_code code;
    struct secret key;
    bool ok;

    if (base32_decode(secret, strlen(secret), &key) != ERR_OK ||
        otp_hotp(&params, &key, otp_step(&params, time(NULL)), &code) != ERR_OK)
        return false;
    memcpy(text, code.text, code.digits);
    request.step_token = token;
    request.code = text;
    request.activate = true;
    ok = call(client,
              &(struct twofold_call){.service = &twofold__v1__enrollment__descriptor,
                                     .method = "Confirm",
                                     .request = &request.base,
                                     .timeout_ms = TIMEOUT_MS},
              &reply);
    ok = ok &&
         ((Twofold__V1__ConfirmReply *)reply)->state == TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
    twofold_reply_free(reply);
    return ok;
}

static bool enroll(struct twofold_client *client, char *name)
{
    ProtobufCMessage *token = NULL, *begun = NULL;
    bool ok = issue(client, name, &token);
    char *text = ok ? ((Twofold__V1__IssueStepTokenReply *)token)->step_token : NULL;

    ok = ok && begin(client, text, &begun) &&
         confirm(client, text, ((Twofold__V1__BeginReply *)begun)->secret);
    twofold_reply_free(token);
    twofold_reply_free(begun);
    return ok;
}

static void *caller(void *ctx)
{
    struct task *t = ctx;
    char name[NAME_BYTES];
    unsigned i;

    while ((i = atomic_fetch_add(&t->next, 1)) < t->users) {
        snprintf(name, sizeof name, "user%07u", i);
        atomic_fetch_add(t->act(t->client, name) ? &t->done : &t->failed, 1);
    }
    return NULL;
}

/* Seconds that it took; negative when threads ran out. */
static double everybody(struct task *t, unsigned callers)
{
    pthread_t threads[CALLERS_MAX];
    struct timespec from, to;
    unsigned n = 0;

    clock_gettime(CLOCK_MONOTONIC, &from);
    while (n < callers && pthread_create(&threads[n], NULL, caller, t) == 0)
        n++;
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (n < callers)
        return -1;
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
    struct twofold_client_options options = {.url = argc > 1 ? argv[1] : NULL};
    struct twofold_client *client = NULL;
    struct twofold_error error;
    struct task resets = {.act = reset}, enrolments = {.act = enroll};
    unsigned callers;
    double seconds;

    if (argc != 4)
        return failed("usage", "URL USERS CALLERS");
    resets.users = enrolments.users = (unsigned)strtoul(argv[2], NULL, 10);
    callers = (unsigned)strtoul(argv[3], NULL, 10);
    if (callers == 0 || callers > CALLERS_MAX)
        return failed("usage", "1..256 callers");
    if (twofold_client_connect(&options, &client, &error) != TWOFOLD_OK)
        return failed(argv[1], error.message);
    resets.client = enrolments.client = client;
    if (everybody(&resets, callers) < 0 || resets.failed > 0)
        return failed("reset", "not everybody");
    seconds = everybody(&enrolments, callers);
    twofold_client_close(client);
    printf("{\"per_second\":%.1f,\"enrolled\":%u,\"failed\":%u}\n",
           seconds > 0 ? enrolments.done / seconds : 0, enrolments.done, enrolments.failed);
    return enrolments.failed == 0 && enrolments.done > 0 ? 0 : 1;
}
