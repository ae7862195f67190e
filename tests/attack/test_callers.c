/* A12, A60, A72: what a caller says of itself, of the time, or into the audit trail. */
#include "support/contract.h"
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

/* Times are int64 in this contract; what lasts some seconds is int32. */
static void is_no_time(const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, unsigned depth)
{
    static const char *const words[] = {"time",  "now", "clock",    "unix",
                                        "stamp", "_at", "last_step"};

    (void)depth;
    if (field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64)
        fail_msg("%s.%s may be a time", type->name, field->name);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(field->name, words[i]))
            fail_msg("%s.%s may be a time", type->name, field->name);
}

static void rule_16_attack_A60_no_request_has_a_time(void **state)
{
    (void)state;
    contract_walk_requests(is_no_time);
}

/* A72: what a caller may choose is data, one field each, whatever it looks like. */
static void attack_A72_what_callers_choose_stays_in_its_field(void **state)
{
    static const char evil[] = "\",\"outcome\"=1,\"x\"=\"${jndi}<b>%n";
    struct service *s = *state;
    Twofold__V1__AuditEvent *event;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, evil, &e);
    EXPECT(ERR_CODE_REJECTED, ASK(s, "verification.verify", {"username", evil}, {"purpose", evil},
                                  {"code", app_wrong_code(&e.app, s, code)}));
    event = peek_last_event(s);
    assert_string_equal(event->username, evil);
    assert_string_equal(event->purpose, evil);
    assert_int_equal(event->outcome, TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED);
    twofold__v1__audit_event__free_unpacked(event, NULL);
}

/* A12: another address, id, trace and account with every guess, and the sixth is the last. */
static void attack_A12_claims_about_the_caller_change_no_limit(void **state)
{
    enum { GUESSES = 60 };
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1], address[32], id[32], actor[32], trace[64];
    unsigned evaluated = 0, locked = 0;

    service_enroll(s, "ada", &e);
    app_wrong_code(&e.app, s, code);
    s->traceparent = trace;
    for (int i = 0; i < GUESSES; i++) {
        struct got got;

        snprintf(address, sizeof address, "203.0.113.%d", i);
        snprintf(id, sizeof id, "id-%d", i);
        snprintf(actor, sizeof actor, "A%d/client-%d", i % 7, i);
        snprintf(trace, sizeof trace, "00-0af7651916cd43dd8448eb211c80%04x-b7ad6b716920%04x-01", i,
                 i);
        got = service_sent(
            s, &(struct sent){"verification.verify",
                              FIELDS({"username", "ada"}, {"code", code}, {"purpose", address}), id,
                              actor});
        evaluated += got.err == ERR_CODE_REJECTED;
        locked += got.err == ERR_LOCKED;
        got_free(&got, 1);
    }
    s->traceparent = NULL;
    assert_int_equal(evaluated, 6);
    assert_int_equal(locked, GUESSES - 6);
}

/* A72: what would end a line, or drive a terminal, gets into no event. */
static void attack_A72_control_characters_are_refused(void **state)
{
    static const char *const evil[] = {"a\r\nNats-Msg-Id: 1",
                                       "a\nb",
                                       "a\rb",
                                       "a\tb",
                                       "a\x1b[2Jb",
                                       "a\x08\x08"
                                       "b",
                                       "a\x7f"
                                       "b",
                                       "a\xc2\x85"
                                       "b",
                                       "a\xc2\x9b"
                                       "31m",
                                       "\x01"};
    struct service *s = *state;
    struct standing before, after;
    char *token;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    peek_standing(s, "ada", &before);
    for (size_t i = 0; i < ARRAY_LEN(evil); i++) {
        struct got got = service_sent(
            s, &(struct sent){"admin.unlock", FIELDS({"username", "ada"}), evil[i], NULL});

        assert_int_equal(got.err, ERR_VALIDATION);
        got_free(&got, 1);
        EXPECT(ERR_VALIDATION, ASK(s, "verification.verify", {"username", "ada"},
                                   {"code", "123456"}, {"purpose", evil[i]}));
        EXPECT(ERR_VALIDATION,
               ASK(s, "verification.verify", {"username", evil[i]}, {"code", "123456"}));
        EXPECT(ERR_VALIDATION,
               ASK(s, "enrollment.begin", {"step_token", token}, {"label", evil[i]}));
    }
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
    free(token);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rule_16_attack_A60_no_request_has_a_time),
    cmocka_unit_test_setup_teardown(attack_A72_what_callers_choose_stays_in_its_field, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A12_claims_about_the_caller_change_no_limit, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(attack_A72_control_characters_are_refused, set_up, tear_down),
};
RUN(tests)
