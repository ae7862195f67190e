/* What an event says beside who, what and why: under which key and policy, and how far a code's
 * step lay from the service's. */
#include "support/runner.h"
#include "support/trail.h"

#include <stdlib.h>

static void key_and_policy_are_named(void **state)
{
    struct service *s = *state;
    Twofold__V1__AuditEvent *e;

    service_put_user(s, "ada", PASSWORD);
    e = peek_last_event(s);
    assert_int_equal(e->key_id, keyring_active(s->keyring));
    assert_int_equal(e->policy_version, 0);
    twofold__v1__audit_event__free_unpacked(e, NULL);
    set_policy(s, "max_failures", 3);
    set_policy(s, "max_failures", 4);
    e = peek_last_event(s);
    assert_string_equal(e->type, "policy.changed");
    assert_int_equal(e->policy_version, 2);
    twofold__v1__audit_event__free_unpacked(e, NULL);
    service_put_user(s, "ada", PASSWORD);
    e = peek_last_event(s);
    assert_int_equal(e->policy_version, 2);
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

static void assert_last(struct service *s, const char *type, Twofold__V1__AuditEvent__Reason reason,
                        int offset)
{
    Twofold__V1__AuditEvent *e = peek_last_event(s);

    assert_string_equal(e->type, type);
    assert_int_equal(e->reason, reason);
    assert_int_equal(e->step_offset, offset);
    assert_true(*e->authenticator_id || reason == REASON(WRONG_CODE));
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

static void the_offset_of_a_code_is_told(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled ada;

    service_enroll(s, "ada", &ada);
    service_advance(s, 600);
    assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, -1, code)), ERR_OK);
    assert_last(s, "verification.succeeded", REASON(REASON_UNSPECIFIED), -1);
    assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
    assert_last(s, "verification.failed", REASON(REPLAYED), -1);
    assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, 4, code)), ERR_CODE_REJECTED);
    assert_last(s, "verification.failed", REASON(OUTSIDE_WINDOW), 4);
    assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, -7, code)), ERR_CODE_REJECTED);
    assert_last(s, "verification.failed", REASON(OUTSIDE_WINDOW), -7);
    assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, -40, code)), ERR_CODE_REJECTED);
    assert_last(s, "verification.failed", REASON(WRONG_CODE), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(key_and_policy_are_named, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_offset_of_a_code_is_told, set_up, tear_down),
};

RUN(tests)
