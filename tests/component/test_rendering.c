/* Rule 12, of pictures: QR codes are drawn elsewhere, by few, and Begin is judged when that is
 * done. */
#include "support/by_hand.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdio.h>
#include <stdlib.h>

/* Begin of TOKEN, with SECOND if it has a name; not run yet. */
static struct exchange *begin_arrives(struct service *s, const char *token, struct field second)
{
    return hand_in(s, "enrollment.begin",
                   (const struct field[]){{"step_token", token}, second, {NULL, NULL}});
}

static struct exchange *begin_runs(struct service *s, const char *token, struct field second)
{
    struct exchange *x = begin_arrives(s, token, second);

    hand_run(s, &x, 1);
    return x;
}

/* Collects and runs X, which waits, and frees it; how it ended. */
static enum err ends(struct service *s, struct exchange *x)
{
    enum err err;

    assert_false(exchange_answer(x).done);
    err = hand_finish(s, x);
    exchange_free(x);
    return err;
}

/* X, which was refused without waiting for anything, is freed; how. */
static enum err refused_at_once(struct service *s, struct exchange *x)
{
    enum err err = exchange_answer(x).err;

    assert_true(exchange_answer(x).done);
    assert_int_equal(dispatcher_waiting(s->dispatcher), 0);
    exchange_free(x);
    return err;
}

static void rule_12_no_code_waits_for_a_picture(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1], *token;
    struct exchange *batch[2];

    service_enroll(s, "ada", &e);
    service_put_user(s, "eve", PASSWORD);
    token = service_issue(s, "eve");
    batch[0] = begin_arrives(s, token, NO_SECOND);
    batch[1] =
        hand_in(s, "verification.verify",
                (const struct field[]){
                    {"username", "ada"}, {"code", app_code(&e.app, s, 0, code)}, {NULL, NULL}});
    hand_run(s, batch, 2);
    assert_false(exchange_answer(batch[0]).done);
    assert_true(exchange_answer(batch[1]).done);
    assert_int_equal(exchange_answer(batch[1]).err, ERR_OK);
    assert_int_equal(dispatcher_waiting(s->dispatcher), 1);
    assert_int_equal(status(s, "eve").state, NOT_ENROLLED);
    assert_int_equal(ends(s, batch[0]), ERR_OK);
    assert_int_equal(dispatcher_waiting(s->dispatcher), 0);
    assert_int_equal(status(s, "eve").state, PENDING);
    exchange_free(batch[1]);
    free(token);
}

/* The pictures of an answer show its URI, whose issuer is ISSUER. */
static void shows(const struct exchange *x, const char *issuer)
{
    struct outgoing o = exchange_answer(x);
    Twofold__V1__BeginReply *reply = twofold__v1__begin_reply__unpack(NULL, o.body.n, o.body.p);
    auto_qr_drawing same = {.err = ERR_OK};
    char want[ISSUER_MAX + 16];

    assert_int_equal(o.err, ERR_OK);
    assert_non_null(reply);
    snprintf(want, sizeof want, "&issuer=%s&", issuer);
    assert_non_null(strstr(reply->otpauth_uri, want));
    snprintf(same.text, sizeof same.text, "%s", reply->otpauth_uri);
    qr_draw(&same);
    assert_string_equal(reply->qr_svg, same.svg);
    assert_int_equal(reply->qr_png.len, same.n_png);
    assert_memory_equal(reply->qr_png.data, same.png, same.n_png);
    twofold__v1__begin_reply__free_unpacked(reply, NULL);
}

/* What is shown is what is begun, under the policy of that moment. */
static void rule_12_a_policy_changed_while_a_picture_was_drawn(void **state)
{
    Twofold__V1__Policy policy = TWOFOLD__V1__POLICY__INIT;
    struct service *s = *state;
    char issuer[] = "Elsewhere", *token;
    struct exchange *x;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    for (int i = 0; i < 2; i++) {
        x = begin_runs(s, token, NO_SECOND);
        assert_ptr_equal(hand_collect(s), x); /* drawn, but the change comes first */
        if (i == 1) {
            policy.issuer = issuer;
            service_policy(s, &policy, "issuer");
        }
        hand_run(s, &x, 1);
        shows(x, i == 0 ? "Twofold" : issuer);
        exchange_free(x);
    }
    free(token);
}

/* The token dies with the password that it came from. */
static void rule_12_a_token_that_died_while_a_picture_was_drawn(void **state)
{
    struct service *s = *state;
    char *token;
    struct exchange *x;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    x = begin_runs(s, token, NO_SECOND);
    assert_ptr_equal(hand_collect(s), x);
    service_put_user(s, "ada", "another horse");
    hand_run(s, &x, 1);
    assert_int_equal(exchange_answer(x).err, ERR_INVALID_TOKEN);
    exchange_free(x);
    assert_int_equal(status(s, "ada").state, NOT_ENROLLED);
    free(token);
}

static void rule_12_what_is_refused_anyway_is_not_drawn(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char code[OTP_DIGITS_MAX + 1], *token, *colon;
    struct field right;

    service_put_user(s, "a:b", PASSWORD);
    colon = service_issue(s, "a:b");
    assert_int_equal(refused_at_once(s, begin_runs(s, colon, NO_SECOND)), ERR_VALIDATION);
    service_enroll(s, "ada", &e);
    set_policy(s, "max_authenticators", 2);
    token = service_issue(s, "ada");
    right = BY_CODE(app_code(&e.app, s, 0, code));
    assert_int_equal(refused_at_once(s, begin_runs(s, token, NO_SECOND)), ERR_VALIDATION);
    for (int i = 0; i < 6; i++)
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
    assert_int_equal(refused_at_once(s, begin_runs(s, token, right)), ERR_LOCKED);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    set_policy(s, "mode", DISABLED);
    assert_int_equal(refused_at_once(s, begin_runs(s, token, right)), ERR_POLICY_FORBIDS);
    set_policy(s, "mode", OPTIONAL);
    service_put_user(s, "ada", "another horse");
    assert_int_equal(refused_at_once(s, begin_runs(s, token, right)), ERR_INVALID_TOKEN);
    free(token);
    free(colon);
}

/* Whether a code is right is decided, counted and told in one moment: a picture drawn for right
 * codes alone would tell it before. */
static void rule_12_a_picture_says_nothing_of_the_code(void **state)
{
    struct service *s = *state;
    struct enrolled e = {.n_codes = 0};
    char right[OTP_DIGITS_MAX + 1], wrong[OTP_DIGITS_MAX + 1], *token;
    struct exchange *x;

    service_enroll(s, "ada", &e);
    token = service_issue(s, "ada");
    x = begin_runs(s, token, BY_CODE(app_wrong_code(&e.app, s, wrong)));
    service_last_event(s, "token.issued", REASON(REASON_UNSPECIFIED));
    assert_int_equal(ends(s, x), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(WRONG_CODE));
    x = begin_runs(s, token, BY_CODE(app_code(&e.app, s, 0, right)));
    service_last_event(s, "verification.failed", REASON(WRONG_CODE));
    assert_int_equal(service_verify(s, "ada", right), ERR_OK);
    assert_int_equal(ends(s, x), ERR_CODE_REJECTED);
    service_last_event(s, "verification.failed", REASON(REPLAYED));
    free(token);
}

/* Neither one name nor one organization takes all that can be drawn. */
static void rule_12_few_pictures_for_one_name(void **state)
{
    enum { FLOOD = 3 * RENDERS_PER_USER };
    struct service *s = *state;
    struct exchange *flood[FLOOD];
    unsigned refused = 0;
    char *token;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    for (size_t i = 0; i < FLOOD; i++)
        flood[i] = begin_arrives(s, token, NO_SECOND);
    hand_run(s, flood, FLOOD);
    for (size_t i = 0; i < FLOOD; i++)
        refused += exchange_answer(flood[i]).done && exchange_answer(flood[i]).err == ERR_EXHAUSTED;
    assert_int_equal(refused, FLOOD - RENDERS_PER_USER);
    for (size_t i = 0; i < FLOOD; i++) {
        (void)hand_finish(s, flood[i]);
        exchange_free(flood[i]);
    }
    free(token);
}

static void rule_12_an_organization_has_half_of_the_pictures(void **state)
{
    enum { FLOOD = RENDERS_MAX / 2 + 8 };
    static struct exchange *flood[FLOOD];
    struct service *s = *state;
    unsigned refused = 0;

    for (unsigned i = 0; i < FLOOD; i++) {
        char name[16], *token;

        snprintf(name, sizeof name, "user%u", i);
        service_put_user(s, name, PASSWORD);
        token = service_issue(s, name);
        flood[i] = begin_arrives(s, token, NO_SECOND);
        free(token);
    }
    hand_run(s, flood, FLOOD);
    for (size_t i = 0; i < FLOOD; i++) {
        refused += exchange_answer(flood[i]).done && exchange_answer(flood[i]).err == ERR_EXHAUSTED;
        (void)hand_finish(s, flood[i]);
        exchange_free(flood[i]);
    }
    assert_int_equal(refused, 8);
}

/* Rule 9: retries that come while the first is being drawn show the same secret, and are not more
 * pictures of that name. */
static void rule_09_a_retry_while_a_picture_is_drawn(void **state)
{
    enum { SAME = RENDERS_PER_USER + 2 };
    struct service *s = *state;
    struct sent sent[SAME];
    struct got got[SAME];
    char *token;

    service_put_user(s, "ada", PASSWORD);
    token = service_issue(s, "ada");
    sent[0] = (struct sent){.method = "enrollment.begin",
                            .fields = FIELDS({"step_token", token}),
                            .request_id = "once"};
    for (size_t i = 1; i < SAME; i++)
        sent[i] = sent[0];
    service_together(s, sent, SAME, got);
    assert_int_equal(got[0].err, ERR_OK);
    for (size_t i = 1; i < SAME; i++)
        assert_true(got_same(&got[0], &got[i]));
    got_free(got, SAME);
    free(token);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_12_no_code_waits_for_a_picture, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_policy_changed_while_a_picture_was_drawn, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_token_that_died_while_a_picture_was_drawn, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_12_what_is_refused_anyway_is_not_drawn, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_a_picture_says_nothing_of_the_code, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_few_pictures_for_one_name, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_an_organization_has_half_of_the_pictures, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(rule_09_a_retry_while_a_picture_is_drawn, set_up, tear_down),
};
RUN(tests)
