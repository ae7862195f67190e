/* What Login answers for every mode, state of enrolment, first factor and second factor. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

enum first { PASSWORD_GIVEN, ISSUED_TOKEN };
enum second { NOTHING, CODE, RECOVERY };

struct row {
    int mode;
    bool enrolled;
    enum first first;
    enum second second;
    int outcome;
    const char *amr;
};

static const struct row rows[] = {
    {DISABLED, false, PASSWORD_GIVEN, NOTHING, AUTHENTICATED, "pwd"},
    {DISABLED, false, PASSWORD_GIVEN, CODE, AUTHENTICATED, "pwd"},
    {DISABLED, false, PASSWORD_GIVEN, RECOVERY, AUTHENTICATED, "pwd"},
    {DISABLED, false, ISSUED_TOKEN, NOTHING, AUTHENTICATED, ""},
    {DISABLED, false, ISSUED_TOKEN, CODE, AUTHENTICATED, ""},
    {DISABLED, false, ISSUED_TOKEN, RECOVERY, AUTHENTICATED, ""},
    {DISABLED, true, PASSWORD_GIVEN, NOTHING, AUTHENTICATED, "pwd"},
    {DISABLED, true, PASSWORD_GIVEN, CODE, AUTHENTICATED, "pwd"},
    {DISABLED, true, PASSWORD_GIVEN, RECOVERY, AUTHENTICATED, "pwd"},
    {DISABLED, true, ISSUED_TOKEN, NOTHING, AUTHENTICATED, ""},
    {DISABLED, true, ISSUED_TOKEN, CODE, AUTHENTICATED, ""},
    {DISABLED, true, ISSUED_TOKEN, RECOVERY, AUTHENTICATED, ""},

    {OPTIONAL, false, PASSWORD_GIVEN, NOTHING, AUTHENTICATED, "pwd"},
    {OPTIONAL, false, PASSWORD_GIVEN, CODE, AUTHENTICATED, "pwd"},
    {OPTIONAL, false, PASSWORD_GIVEN, RECOVERY, AUTHENTICATED, "pwd"},
    {OPTIONAL, false, ISSUED_TOKEN, NOTHING, AUTHENTICATED, ""},
    {OPTIONAL, false, ISSUED_TOKEN, CODE, AUTHENTICATED, ""},
    {OPTIONAL, false, ISSUED_TOKEN, RECOVERY, AUTHENTICATED, ""},
    {OPTIONAL, true, PASSWORD_GIVEN, NOTHING, CODE_REQUIRED, ""},
    {OPTIONAL, true, PASSWORD_GIVEN, CODE, AUTHENTICATED, "pwd otp mfa"},
    {OPTIONAL, true, PASSWORD_GIVEN, RECOVERY, AUTHENTICATED, "pwd mfa"},
    {OPTIONAL, true, ISSUED_TOKEN, NOTHING, CODE_REQUIRED, ""},
    {OPTIONAL, true, ISSUED_TOKEN, CODE, AUTHENTICATED, "otp"},
    {OPTIONAL, true, ISSUED_TOKEN, RECOVERY, AUTHENTICATED, ""},

    {REQUIRED, false, PASSWORD_GIVEN, NOTHING, ENROLLMENT_REQUIRED, ""},
    {REQUIRED, false, PASSWORD_GIVEN, CODE, ENROLLMENT_REQUIRED, ""},
    {REQUIRED, false, PASSWORD_GIVEN, RECOVERY, ENROLLMENT_REQUIRED, ""},
    {REQUIRED, false, ISSUED_TOKEN, NOTHING, ENROLLMENT_REQUIRED, ""},
    {REQUIRED, false, ISSUED_TOKEN, CODE, ENROLLMENT_REQUIRED, ""},
    {REQUIRED, false, ISSUED_TOKEN, RECOVERY, ENROLLMENT_REQUIRED, ""},
    {REQUIRED, true, PASSWORD_GIVEN, NOTHING, CODE_REQUIRED, ""},
    {REQUIRED, true, PASSWORD_GIVEN, CODE, AUTHENTICATED, "pwd otp mfa"},
    {REQUIRED, true, PASSWORD_GIVEN, RECOVERY, AUTHENTICATED, "pwd mfa"},
    {REQUIRED, true, ISSUED_TOKEN, NOTHING, CODE_REQUIRED, ""},
    {REQUIRED, true, ISSUED_TOKEN, CODE, AUTHENTICATED, "otp"},
    {REQUIRED, true, ISSUED_TOKEN, RECOVERY, AUTHENTICATED, ""},
};

/* Three ways of not being enrolled; to Login they are one (attack A30). */
enum unfinished { NEVER, BEGUN, ONLY_CONFIRMED, UNFINISHED_KINDS };

static struct told log_in(struct service *s, const char *username, const struct row *row,
                          struct field second)
{
    char *token = row->first == ISSUED_TOKEN ? service_issue(s, username) : NULL;
    struct told t =
        EXPECT(ERR_OK, ASK(s, "login.login", {"username", username},
                           {"password", token ? NULL : PASSWORD}, {"step_token", token}, second));

    free(token);
    return t;
}

static void check(const struct row *row, const struct told *t)
{
    bool asked = row->outcome != AUTHENTICATED;
    bool used = row->enrolled && row->mode != DISABLED && row->second != NOTHING;

    if (t->outcome != row->outcome || strcmp(t->amr, row->amr) != 0)
        fail_msg("row %td: outcome %d, amr \"%s\"", row - rows, t->outcome, t->amr);
    assert_string_equal(t->auth_type, asked || used ? "authenticator" : "");
    assert_int_equal(*t->token != '\0', asked);
    assert_int_equal(t->expires_at != 0, asked);
    assert_int_equal(t->recovery_left, row->enrolled ? 10 - (used && row->second == RECOVERY) : 0);
}

static struct field second_of(const struct row *row, const char *code, const char *recovery)
{
    switch (row->second) {
    case NOTHING:
        return NO_SECOND;
    case CODE:
        return BY_CODE(code);
    case RECOVERY:
        return BY_RECOVERY(recovery);
    }
    return NO_SECOND;
}

static void log_in_enrolled(struct service *s, const struct row *row, const char *username)
{
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told t;

    service_enroll(s, username, &e);
    set_policy(s, "mode", row->mode);
    app_code(&e.app, s, 0, code);
    t = log_in(s, username, row, second_of(row, code, e.codes[0]));
    check(row, &t);
}

static void log_in_unfinished(struct service *s, const struct row *row, const char *username,
                              enum unfinished how)
{
    char code[OTP_DIGITS_MAX + 1] = "000000";
    struct told begun = {.err = ERR_OK}, t;

    service_put_user(s, username, PASSWORD);
    if (how != NEVER)
        begun = EXPECT(ERR_OK, begin(s, username, NO_SECOND));
    if (how == ONLY_CONFIRMED)
        EXPECT(ERR_OK, confirm(s, &begun, false));
    service_advance(s, 30);
    if (how != NEVER)
        app_code(&begun.app, s, 0, code);
    set_policy(s, "mode", row->mode);
    t = log_in(s, username, row, second_of(row, code, WRONG_RECOVERY));
    check(row, &t);
}

static void every_combination(void **state)
{
    struct service *s = *state;
    char username[32];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int how = NEVER; how < UNFINISHED_KINDS; how++) {
            set_policy(s, "mode", OPTIONAL);
            snprintf(username, sizeof username, "user-%zu-%d", i, how);
            if (rows[i].enrolled)
                log_in_enrolled(s, &rows[i], username);
            else
                log_in_unfinished(s, &rows[i], username, (enum unfinished)how);
        }
}

/* Two steps: the token of CODE_REQUIRED stands for the password, until it has let somebody in. */
static void a_login_in_two_steps(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told first, t;

    service_enroll(s, "ada", &e);
    first = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"step_token", first.token}));
    assert_int_equal(t.outcome, CODE_REQUIRED);
    assert_string_equal(t.token, first.token);
    assert_int_equal(t.expires_at, first.expires_at);
    EXPECT(ERR_CODE_REJECTED,
           ASK(s, "login.login", {"username", "ada"}, {"step_token", first.token},
               {"code", app_wrong_code(&e.app, s, code)}));
    t = EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"step_token", first.token},
                           {"code", app_code(&e.app, s, 0, code)}));
    assert_string_equal(t.amr, "pwd otp mfa");
    EXPECT(ERR_INVALID_TOKEN,
           ASK(s, "login.login", {"username", "ada"}, {"step_token", first.token},
               {"code", app_code(&e.app, s, 1, code)}));
}

/* RFC 8176: what Verify claims. */
static void verify_names_its_method(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];
    struct told t;

    service_enroll(s, "ada", &e);
    t = EXPECT(ERR_OK, ASK(s, "verification.verify", {"username", "ada"},
                           {"code", app_code(&e.app, s, 0, code)}));
    assert_int_equal(t.method, TWOFOLD__V1__SECOND_FACTOR__METHOD__TOTP);
    assert_string_equal(t.amr, "otp");
    t = EXPECT(ERR_OK,
               ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", e.codes[0]}));
    assert_int_equal(t.method, TWOFOLD__V1__SECOND_FACTOR__METHOD__RECOVERY_CODE);
    assert_string_equal(t.amr, "");
    assert_int_equal(t.recovery_left, 9);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_combination, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_login_in_two_steps, set_up, tear_down),
    cmocka_unit_test_setup_teardown(verify_names_its_method, set_up, tear_down),
};
RUN(tests)
