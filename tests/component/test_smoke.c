/* The shortest way through: enrol, verify, be refused. */
#include "support/service.h"

#include "support/runner.h"

static void enroll_verify_replay(void **state)
{
    struct service s = {.folder = ""};
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1];

    (void)state;
    service_start(&s);
    service_enroll(&s, "alice", &e);
    assert_int_equal(e.n_codes, 10);
    assert_int_equal(service_verify(&s, "alice", app_code(&e.app, &s, 0, code)), ERR_OK);
    assert_int_equal(service_verify(&s, "alice", code), ERR_CODE_REJECTED);
    service_last_event(&s, "verification.failed", TWOFOLD__V1__AUDIT_EVENT__REASON__REPLAYED);
    assert_int_equal(service_verify_recovery(&s, "alice", e.codes[3]), ERR_OK);
    assert_int_equal(service_verify_recovery(&s, "alice", e.codes[3]), ERR_CODE_REJECTED);
    service_stop(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(enroll_verify_replay),
};
RUN(tests)
