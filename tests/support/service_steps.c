/* Steps that most tests begin with. */
#include "support/service.h"

#include "base/limits.h"
#include "core/base32.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void service_put_user(struct service *s, const char *username, const char *password)
{
    Twofold__V1__PutUserRequest put;

    twofold__v1__put_user_request__init(&put);
    put.username = (char *)(uintptr_t)username;
    put.password = (char *)(uintptr_t)password;
    service_expect(s, ERR_OK, "admin.put_user", &put.base);
}

char *service_token(struct service *s, const char *username)
{
    Twofold__V1__ConfirmPasswordRequest ask;
    static char password[] = PASSWORD;
    struct answer a;
    char *token;

    twofold__v1__confirm_password_request__init(&ask);
    ask.username = (char *)(uintptr_t)username;
    ask.password = password;
    a = service_call(s, "login.confirm_password", &ask.base);
    assert_int_equal(a.err, ERR_OK);
    token = strdup(((Twofold__V1__ConfirmPasswordReply *)a.reply)->step_token);
    answer_free(&a);
    return token;
}

char *service_issue(struct service *s, const char *username)
{
    Twofold__V1__IssueStepTokenRequest ask;
    struct answer a;
    char *token;

    twofold__v1__issue_step_token_request__init(&ask);
    ask.username = (char *)(uintptr_t)username;
    a = service_call(s, "admin.issue_step_token", &ask.base);
    assert_int_equal(a.err, ERR_OK);
    token = strdup(((Twofold__V1__IssueStepTokenReply *)a.reply)->step_token);
    answer_free(&a);
    return token;
}

const char *app_code(const struct app_authenticator *a, const struct service *s, int steps,
                     char text[static OTP_DIGITS_MAX + 1])
{
    uint64_t step = otp_step(&a->otp, s->now_ms / 1000) + (uint64_t)(int64_t)steps;
    struct otp_code code = {.digits = 0};

    assert_int_equal(otp_hotp(&a->otp, &a->key, step, &code), ERR_OK);
    memcpy(text, code.text, code.digits);
    text[code.digits] = '\0';
    return text;
}

const char *app_wrong_code(const struct app_authenticator *a, const struct service *s,
                           char text[static OTP_DIGITS_MAX + 1])
{
    for (unsigned guess = 0; guess < 1000; guess++) {
        bool right = false;

        snprintf(text, OTP_DIGITS_MAX + 1, "%0*u", (int)a->otp.digits, guess);
        for (int k = -NEAR_STEPS; k <= NEAR_STEPS; k++) {
            char code[OTP_DIGITS_MAX + 1];

            right |= strcmp(app_code(a, s, k, code), text) == 0;
        }
        if (!right)
            return text;
    }
    fail_msg("no wrong code found");
    return NULL;
}

void service_begin(struct service *s, const char *token, struct app_authenticator *ret)
{
    Twofold__V1__BeginRequest begin;
    Twofold__V1__BeginReply *reply;
    struct answer a;

    twofold__v1__begin_request__init(&begin);
    begin.step_token = (char *)(uintptr_t)token;
    a = service_call(s, "enrollment.begin", &begin.base);
    assert_int_equal(a.err, ERR_OK);
    reply = (Twofold__V1__BeginReply *)a.reply;
    assert_int_equal(base32_decode(reply->secret, strlen(reply->secret), &ret->key), ERR_OK);
    ret->otp.digits = (unsigned)reply->digits;
    ret->otp.period_s = (unsigned)reply->period;
    ret->otp.algorithm = strcmp(reply->algorithm, "SHA1") == 0     ? MAC_SHA1
                         : strcmp(reply->algorithm, "SHA256") == 0 ? MAC_SHA256
                                                                   : MAC_SHA512;
    answer_free(&a);
}

void service_enroll(struct service *s, const char *username, struct enrolled *ret)
{
    Twofold__V1__ConfirmRequest confirm;
    Twofold__V1__ConfirmReply *reply;
    char code[OTP_DIGITS_MAX + 1];
    struct answer a;

    twofold__v1__confirm_request__init(&confirm);
    service_put_user(s, username, PASSWORD);
    confirm.step_token = service_token(s, username);
    service_begin(s, confirm.step_token, &ret->app);
    confirm.code = (char *)(uintptr_t)app_code(&ret->app, s, 0, code);
    confirm.activate = true;
    a = service_call(s, "enrollment.confirm", &confirm.base);
    assert_int_equal(a.err, ERR_OK);
    reply = (Twofold__V1__ConfirmReply *)a.reply;
    assert_int_equal(reply->state, TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE);
    ret->n_codes = reply->n_recovery_codes;
    for (size_t i = 0; i < ret->n_codes; i++)
        snprintf(ret->codes[i], sizeof ret->codes[i], "%s", reply->recovery_codes[i]);
    answer_free(&a);
    free(confirm.step_token);
    service_advance(s, 2 * (int64_t)ret->app.otp.period_s);
}

enum err service_verify(struct service *s, const char *username, const char *code)
{
    Twofold__V1__VerifyRequest ask;
    struct answer a;
    enum err err;

    twofold__v1__verify_request__init(&ask);
    ask.username = (char *)(uintptr_t)username;
    ask.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_CODE;
    ask.code = (char *)(uintptr_t)code;
    a = service_call(s, "verification.verify", &ask.base);
    err = a.err;
    answer_free(&a);
    return err;
}

enum err service_verify_recovery(struct service *s, const char *username, const char *code)
{
    Twofold__V1__VerifyRequest ask;
    struct answer a;
    enum err err;

    twofold__v1__verify_request__init(&ask);
    ask.username = (char *)(uintptr_t)username;
    ask.second_factor_case = TWOFOLD__V1__VERIFY_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    ask.recovery_code = (char *)(uintptr_t)code;
    a = service_call(s, "verification.verify", &ask.base);
    err = a.err;
    answer_free(&a);
    return err;
}

void service_policy(struct service *s, const Twofold__V1__Policy *policy, const char *mask)
{
    Twofold__V1__PutPolicyRequest put;
    char names[256], *at[16], *rest = names;

    twofold__v1__put_policy_request__init(&put);
    snprintf(names, sizeof names, "%s", mask);
    put.policy = (Twofold__V1__Policy *)(uintptr_t)policy;
    put.update_mask = at;
    while (put.n_update_mask < ARRAY_LEN(at) && (at[put.n_update_mask] = strsep(&rest, ",")))
        put.n_update_mask++;
    service_expect(s, ERR_OK, "admin.put_policy", &put.base);
}
