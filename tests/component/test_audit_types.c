/*
 * Every type of event is told by something, and says what, how it ended and why. One row a cause:
 * what is done, and the last events that it must leave behind.
 */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include "core/audit.h"
#include "rpc/own_event.h"

#include <stdlib.h>

/* Somebody enrolled, at a moment when the code of the step is fresh. */
struct cast {
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1], wrong[OTP_DIGITS_MAX + 1];
};

static char *token_of(struct service *s)
{
    return service_issue(s, "ada");
}

static void creates(struct service *s, struct cast *c)
{
    (void)c;
    service_put_user(s, "eve", PASSWORD);
}

static void deletes(struct service *s, struct cast *c)
{
    (void)c;
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
}

static void changes_password(struct service *s, struct cast *c)
{
    (void)c;
    service_put_user(s, "ada", "another horse");
}

static void confirms_password(struct service *s, struct cast *c)
{
    (void)c;
    free(service_token(s, "ada"));
}

static void issues_token(struct service *s, struct cast *c)
{
    (void)c;
    free(token_of(s));
}

static void replaces(struct service *s, struct cast *c)
{
    struct told begun = EXPECT(ERR_OK, begin(s, "ada", BY_CODE(c->code)));

    EXPECT(ERR_OK, confirm(s, &begun, true));
}

static void cancels(struct service *s, struct cast *c)
{
    struct told begun = EXPECT(ERR_OK, begin(s, "ada", BY_CODE(c->code)));

    EXPECT(ERR_OK, ASK(s, "enrollment.cancel", {"step_token", begun.token}));
}

static void disables(struct service *s, struct cast *c)
{
    char *token = token_of(s);

    EXPECT(ERR_OK, ASK(s, "enrollment.disable", {"step_token", token}, {"code", c->code}));
    free(token);
}

static void resets(struct service *s, struct cast *c)
{
    (void)c;
    EXPECT(ERR_OK, ASK(s, "admin.reset_second_factor", {"username", "ada"}));
}

static void imports(struct service *s, struct cast *c)
{
    resets(s, c);
    EXPECT(ERR_OK, ASK(s, "admin.import_authenticator", {"username", "ada"},
                       {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
}

static void regenerates(struct service *s, struct cast *c)
{
    char *token = token_of(s);

    EXPECT(ERR_OK, ASK(s, "enrollment.regenerate_recovery_codes", {"step_token", token},
                       {"code", c->code}));
    free(token);
}

static void uses_recovery(struct service *s, struct cast *c)
{
    assert_int_equal(service_verify_recovery(s, "ada", c->e.codes[9]), ERR_OK);
}

static void runs_low(struct service *s, struct cast *c)
{
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(service_verify_recovery(s, "ada", c->e.codes[i]), ERR_OK);
}

static void verifies(struct service *s, struct cast *c)
{
    assert_int_equal(service_verify(s, "ada", c->code), ERR_OK);
}

static void verifies_wrongly(struct service *s, struct cast *c)
{
    assert_int_equal(service_verify(s, "ada", c->wrong), ERR_CODE_REJECTED);
}

static void logs_in(struct service *s, struct cast *c)
{
    EXPECT(ERR_OK,
           ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}, {"code", c->code}));
}

static void logs_in_wrongly(struct service *s, struct cast *c)
{
    EXPECT(ERR_WRONG_CREDENTIALS, ASK(s, "login.login", {"username", "ada"},
                                      {"password", "wrong horse"}, {"code", c->code}));
}

static void logs_in_as_nobody(struct service *s, struct cast *c)
{
    (void)c;
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.login", {"username", "nobody"}, {"password", PASSWORD}));
}

static void logs_in_halfway(struct service *s, struct cast *c)
{
    (void)c;
    EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", PASSWORD}));
}

static void must_enrol(struct service *s, struct cast *c)
{
    resets(s, c);
    set_policy(s, "mode", REQUIRED);
    logs_in_halfway(s, c);
}

static void locks(struct service *s, struct cast *c)
{
    fail_codes(s, "ada", &c->e, 6);
}

static void knocks_while_locked(struct service *s, struct cast *c)
{
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &c->e));
    assert_int_equal(service_verify(s, "ada", c->code), ERR_LOCKED);
}

static void suspends(struct service *s, struct cast *c)
{
    fail_codes(s, "ada", &c->e, 100);
}

static void unlocks(struct service *s, struct cast *c)
{
    (void)c;
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
}

static void changes_policy(struct service *s, struct cast *c)
{
    (void)c;
    set_policy(s, "digits", 8);
}

static void starts(struct service *s, struct cast *c)
{
    (void)c;
    service_restart(s);
}

static void is_restored(struct service *s, struct cast *c)
{
    const struct own_event event = {
        .type = AUDIT_SERVICE_RESTORED, .org = "default", .instance = "test", .now_ms = s->now_ms};

    (void)c;
    assert_int_equal(own_event_write(s->store, &event), ERR_OK);
}

static void is_resent(struct service *s, struct cast *c)
{
    const struct own_event event = {.type = AUDIT_AUDIT_RESENT,
                                    .org = "default",
                                    .instance = "test",
                                    .now_ms = s->now_ms,
                                    .span = {.count = 3, .first_ms = 1, .last_ms = 2}};

    (void)c;
    assert_int_equal(own_event_write(s->store, &event), ERR_OK);
}

static void is_signed(struct service *s, struct cast *c)
{
    (void)c;
    service_restart_with(s, (struct audit_limits){.checkpoint_events = 500});
    assert_int_equal(dispatcher_end(s->dispatcher), ERR_OK);
}

static void is_dropped(struct service *s, struct cast *c)
{
    (void)c;
    service_restart_with(s, (struct audit_limits){.backlog_max = 1, .best_effort = true});
    service_tidy(s, 0);
}

enum { SUCCESS = 1, DENIED, CHALLENGED }; /* AuditEvent.Outcome */
enum { NO_METHOD, PASSWORD_M, STEP_TOKEN_M, TOTP_M, RECOVERY_M };

static const struct row {
    void (*happens)(struct service *s, struct cast *c);
    const char *type; /* "|" before it: an event before the last */
    int outcome, reason, method;
    bool authenticator;
} rows[] = {
    {creates, "user.created", SUCCESS, WHY_NONE, NO_METHOD, false},
    {deletes, "user.deleted", SUCCESS, WHY_NONE, NO_METHOD, false},
    {changes_password, "password.changed", SUCCESS, WHY_NONE, NO_METHOD, false},
    {confirms_password, "password.confirmed", SUCCESS, WHY_NONE, PASSWORD_M, false},
    {issues_token, "token.issued", SUCCESS, WHY_NONE, NO_METHOD, false},
    {cancels, "|enrollment.begun", SUCCESS, WHY_NONE, NO_METHOD, true},
    {cancels, "enrollment.cancelled", SUCCESS, WHY_NONE, NO_METHOD, true},
    {replaces, "|enrollment.confirmed", SUCCESS, WHY_NONE, TOTP_M, true},
    {replaces, "enrollment.completed", SUCCESS, WHY_NONE, NO_METHOD, true},
    {disables, "|verification.succeeded", SUCCESS, WHY_NONE, TOTP_M, true},
    {disables, "factor.disabled", SUCCESS, WHY_NONE, NO_METHOD, false},
    {resets, "factor.reset", SUCCESS, WHY_NONE, NO_METHOD, false},
    {imports, "factor.imported", SUCCESS, WHY_NONE, NO_METHOD, true},
    {regenerates, "recovery.regenerated", SUCCESS, WHY_NONE, NO_METHOD, false},
    {uses_recovery, "|verification.succeeded", SUCCESS, WHY_NONE, RECOVERY_M, false},
    {uses_recovery, "recovery.used", SUCCESS, WHY_NONE, RECOVERY_M, false},
    {runs_low, "recovery.low", SUCCESS, WHY_NONE, RECOVERY_M, false},
    {verifies, "verification.succeeded", SUCCESS, WHY_NONE, TOTP_M, true},
    {verifies_wrongly, "verification.failed", DENIED, WHY_WRONG_CODE, TOTP_M, false},
    {logs_in, "login.succeeded", SUCCESS, WHY_NONE, TOTP_M, true},
    {logs_in_wrongly, "login.failed", DENIED, WHY_WRONG_PASSWORD, PASSWORD_M, false},
    {logs_in_as_nobody, "login.failed", DENIED, WHY_UNKNOWN_USER, PASSWORD_M, false},
    {logs_in_halfway, "login.code_required", CHALLENGED, WHY_NONE, PASSWORD_M, false},
    {must_enrol, "login.enrollment_required", CHALLENGED, WHY_NONE, PASSWORD_M, false},
    {locks, "|verification.failed", DENIED, WHY_WRONG_CODE, TOTP_M, false},
    {locks, "account.locked", DENIED, WHY_WRONG_CODE, TOTP_M, false},
    {knocks_while_locked, "verification.failed", DENIED, WHY_LOCKED, TOTP_M, false},
    {suspends, "account.suspended", DENIED, WHY_WRONG_CODE, TOTP_M, false},
    {unlocks, "account.unlocked", SUCCESS, WHY_NONE, NO_METHOD, false},
    {changes_policy, "policy.changed", SUCCESS, WHY_NONE, NO_METHOD, false},
    {starts, "service.started", SUCCESS, WHY_NONE, NO_METHOD, false},
    {is_restored, "service.restored", SUCCESS, WHY_NONE, NO_METHOD, false},
    {is_resent, "audit.resent", SUCCESS, WHY_NONE, NO_METHOD, false},
    {is_signed, "audit.checkpoint", SUCCESS, WHY_NONE, NO_METHOD, false},
    {is_dropped, "audit.dropped", SUCCESS, WHY_NONE, NO_METHOD, false},
};

static void check(struct service *s, const struct row *row)
{
    static Twofold__V1__AuditEvent *events[1024];
    size_t n = service_events(s, events, ARRAY_LEN(events));
    const Twofold__V1__AuditEvent *e = events[n - 1 - (row->type[0] == '|')];

    assert_string_equal(e->type, row->type + (row->type[0] == '|'));
    if ((int)e->outcome != row->outcome || (int)e->reason != row->reason ||
        (int)e->method != row->method || (*e->authenticator_id != '\0') != row->authenticator)
        fail_msg("%s: outcome %d, reason %d, method %d, \"%s\"", e->type, (int)e->outcome,
                 (int)e->reason, (int)e->method, e->authenticator_id);
    assert_string_equal(e->org, "default");
    for (size_t i = 0; i < n; i++)
        twofold__v1__audit_event__free_unpacked(events[i], NULL);
}

static void each_cause_tells_its_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct service s = {.folder = ""};
        struct cast c;

        service_start(&s);
        service_enroll(&s, "ada", &c.e);
        app_code(&c.e.app, &s, 0, c.code);
        app_wrong_code(&c.e.app, &s, c.wrong);
        rows[i].happens(&s, &c);
        check(&s, &rows[i]);
        service_stop(&s);
    }
}

/* The table above leaves out no type. */
static void no_type_is_without_a_cause(void **state)
{
    (void)state;
    for (enum audit_type t = 0; t < AUDIT_TYPES; t++) {
        bool told = false;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            told |= strcmp(rows[i].type + (rows[i].type[0] == '|'), audit_type_text(t)) == 0;
        if (!told)
            fail_msg("nothing tells %s", audit_type_text(t));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_cause_tells_its_event),
    cmocka_unit_test(no_type_is_without_a_cause),
};
RUN(tests)
