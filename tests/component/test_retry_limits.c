/* Rule 9: for whom, for what and for how long a first answer is kept. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

/* Ada is enrolled, and CODE has just been accepted under the id "first". */
struct accepted {
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];
};

static struct got verify_as(struct service *s, const char *code, const char *id, const char *actor)
{
    return service_sent(s, &(struct sent){"verification.verify",
                                          FIELDS({"username", "ada"}, {"code", code}), id, actor});
}

static enum err answered(struct got got)
{
    enum err err = got.err;

    got_free(&got, 1);
    return err;
}

static void accept_first(struct service *s, struct accepted *a)
{
    service_enroll(s, "ada", &a->e);
    app_code(&a->e.app, s, 0, a->code);
    assert_int_equal(answered(verify_as(s, a->code, "first", "billing")), ERR_OK);
}

static void rule_09_other_content_under_the_id_is_a_conflict(void **state)
{
    struct service *s = *state;
    struct standing before, after;
    struct accepted a;
    char next[OTP_DIGITS_MAX + 1];

    accept_first(s, &a);
    peek_standing(s, "ada", &before);
    app_code(&a.e.app, s, 1, next);
    assert_int_equal(answered(verify_as(s, next, "first", "billing")), ERR_CONFLICT);
    assert_int_equal(
        answered(service_sent(
            s, &(struct sent){"verification.verify",
                              FIELDS({"username", "ada"}, {"code", a.code}, {"purpose", "other"}),
                              "first", "billing"})),
        ERR_CONFLICT);
    /* Another method with the same bytes. */
    assert_int_equal(
        answered(service_sent(s, &(struct sent){"admin.delete_user", FIELDS({"username", "ada"}),
                                                "first", "billing"})),
        ERR_CONFLICT);
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
    /* The first answer is still there, and the other code still good. */
    assert_int_equal(answered(verify_as(s, a.code, "first", "billing")), ERR_OK);
    assert_int_equal(answered(verify_as(s, next, "second", "billing")), ERR_OK);
}

/* Same id, same bytes, another method: what differs is only the verb. */
static void rule_09_the_method_is_part_of_the_content(void **state)
{
    struct service *s = *state;
    struct sent sent = {"admin.unlock", FIELDS({"username", "ada"}), "one", NULL};

    service_put_user(s, "ada", PASSWORD);
    assert_int_equal(answered(service_sent(s, &sent)), ERR_OK);
    sent.method = "admin.reset_second_factor";
    assert_int_equal(answered(service_sent(s, &sent)), ERR_CONFLICT);
}

static void rule_09_another_caller_is_not_told_the_first_answer(void **state)
{
    static const char *const others[] = {NULL, "Billing", "billing2", "bill"};
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct accepted a;

        accept_first(s, &a);
        assert_int_equal(answered(verify_as(s, a.code, "first", others[i])), ERR_CODE_REJECTED);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    }
}

static void rule_09_another_user_may_use_the_same_id(void **state)
{
    struct service *s = *state;
    struct sent ada = {"admin.put_user", FIELDS({"username", "ada"}, {"password", PASSWORD}), "x",
                       NULL};
    struct sent eve = {"admin.put_user", FIELDS({"username", "eve"}, {"password", PASSWORD}), "x",
                       NULL};

    assert_int_equal(answered(service_sent(s, &ada)), ERR_OK);
    assert_int_equal(answered(service_sent(s, &eve)), ERR_OK);
    assert_int_equal(status(s, "eve").state, NOT_ENROLLED);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "eve"}));
}

static void rule_09_after_thirty_seconds_it_is_a_new_request(void **state)
{
    struct service *s = *state;
    struct accepted a;

    accept_first(s, &a);
    s->now_ms += 29999;
    assert_int_equal(answered(verify_as(s, a.code, "first", "billing")), ERR_OK);
    s->now_ms += 1;
    assert_int_equal(answered(verify_as(s, a.code, "first", "billing")), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(REPLAYED));
}

static void rule_09_a_restart_forgets_no_answer(void **state)
{
    struct service *s = *state;
    struct accepted a;

    accept_first(s, &a);
    service_restart(s);
    assert_int_equal(answered(verify_as(s, a.code, "first", "billing")), ERR_OK);
    assert_int_equal(answered(verify_as(s, a.code, "other", "billing")), ERR_CODE_REJECTED);
}

static void rule_09_the_answer_is_erased_after_thirty_seconds(void **state)
{
    struct service *s = *state;
    int64_t kept_ms;
    struct accepted a;

    accept_first(s, &a);
    kept_ms = s->now_ms;
    s->now_ms += 29999;
    assert_int_equal(dispatcher_tidy(s->dispatcher, &(struct outbox_taken){0}), ERR_OK);
    assert_true(peek_retry(s, "ada", kept_ms));
    s->now_ms += 1;
    assert_int_equal(dispatcher_tidy(s->dispatcher, &(struct outbox_taken){0}), ERR_OK);
    assert_false(peek_retry(s, "ada", kept_ms));
}

static void rule_09_one_answer_is_kept_for_a_user(void **state)
{
    struct service *s = *state;
    struct accepted a;

    accept_first(s, &a);
    assert_int_equal(
        answered(service_sent(
            s, &(struct sent){"admin.unlock", FIELDS({"username", "ada"}), "second", "billing"})),
        ERR_OK);
    assert_int_equal(answered(verify_as(s, a.code, "first", "billing")), ERR_CODE_REJECTED);
}

static void rule_09_reading_is_not_kept(void **state)
{
    static const char *const readers[] = {"verification.get_status"};
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        assert_int_equal(
            answered(service_sent(
                s, &(struct sent){readers[i], FIELDS({"username", "ada"}), "read", NULL})),
            ERR_OK);
    assert_false(peek_retry(s, "ada", s->now_ms));
}

enum { COPIES = 8 };

static void send_copies(struct sent *copies, const char *method, const struct field *fields)
{
    for (size_t i = 0; i < COPIES; i++)
        copies[i] = (struct sent){.method = method, .fields = fields, .request_id = "copy"};
}

static void all_the_same(const struct got *got)
{
    assert_int_equal(got[0].err, ERR_OK);
    for (size_t i = 1; i < COPIES; i++)
        assert_true(got_same(&got[0], &got[i]));
}

static void rule_09_copies_in_one_batch_are_one_request(void **state)
{
    struct service *s = *state;
    struct sent copies[COPIES];
    struct got got[COPIES];
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    size_t before;

    service_enroll(s, "ada", &e);
    app_code(&e.app, s, 0, code);
    send_copies(copies, "verification.verify", FIELDS({"username", "ada"}, {"code", code}));
    before = peek_events(s);
    service_together(s, copies, COPIES, got);
    all_the_same(got);
    assert_int_equal(peek_events(s), before + 1);
    got_free(got, COPIES);
}

/* All of them are hashed, one is judged. */
static void rule_09_copies_with_a_password_are_one_request(void **state)
{
    struct service *s = *state;
    struct sent copies[COPIES];
    struct got got[COPIES];
    struct user user;

    service_put_user(s, "ada", PASSWORD);
    send_copies(copies, "login.confirm_password",
                FIELDS({"username", "ada"}, {"password", PASSWORD}));
    service_together(s, copies, COPIES, got);
    all_the_same(got);
    peek_user(s, "ada", &user);
    assert_int_equal(user.n_tokens, 1);
    got_free(got, COPIES);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_09_other_content_under_the_id_is_a_conflict, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_09_the_method_is_part_of_the_content, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_another_caller_is_not_told_the_first_answer, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_09_another_user_may_use_the_same_id, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_after_thirty_seconds_it_is_a_new_request, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_09_a_restart_forgets_no_answer, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_the_answer_is_erased_after_thirty_seconds, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_09_one_answer_is_kept_for_a_user, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_reading_is_not_kept, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_copies_in_one_batch_are_one_request, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_09_copies_with_a_password_are_one_request, set_up,
                                    tear_down),
};
RUN(tests)
