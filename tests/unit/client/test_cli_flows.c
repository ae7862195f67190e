/* Commands of several steps, against a script of what the service is asked and what it answers. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/audit.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

enum { STEPS_MAX = 8 };

/* One request that must come, as its bytes, and its answer. */
struct step {
    const char *method;
    const ProtobufCMessage *request, *reply;
    const char *code; /* with it the reply is an Error */
};

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    const struct step *steps;
    int at;
    bool strayed; /* something else was asked */
};

static bool is_as_scripted(const struct step *step, const struct peer_request *request)
{
    uint8_t wanted[4096];

    return strcmp(step->method, request->method) == 0 && request->request_id &&
           protobuf_c_message_get_packed_size(step->request) == request->n &&
           protobuf_c_message_pack(step->request, wanted) == request->n &&
           memcmp(wanted, request->data, request->n) == 0;
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    struct bench *bench = ctx;
    const struct step *step = &bench->steps[bench->at];

    if (!step->method || !is_as_scripted(step, request)) {
        bench->strayed = true;
        answer->code = "500";
        return;
    }
    answer->reply = step->reply;
    answer->code = step->code;
    bench->at++;
}

static void run(struct bench *bench, const struct step *steps, const char *args, const char *input)
{
    bench->steps = steps;
    bench->at = 0;
    run_cli(bench->server.url, args, input, &bench->run);
    assert_false(bench->strayed);
    assert_null(steps[bench->at].method); /* all were asked */
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "twofold.v1.default.>", answer, bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    peer_stop(bench->peer);
    nats_server_stop(&bench->server);
    free(bench);
    return 0;
}

static Twofold__V1__ConfirmPasswordRequest password_request = {
    PROTOBUF_C_MESSAGE_INIT(&twofold__v1__confirm_password_request__descriptor), "alice",
    "pass word"};
static Twofold__V1__ConfirmPasswordReply password_reply = {
    PROTOBUF_C_MESSAGE_INIT(&twofold__v1__confirm_password_reply__descriptor), "tok", 99};

static void enroll_goes_all_the_way(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__BeginRequest begin = TWOFOLD__V1__BEGIN_REQUEST__INIT, again;
    Twofold__V1__BeginReply begun = TWOFOLD__V1__BEGIN_REPLY__INIT;
    Twofold__V1__Error enrolled = TWOFOLD__V1__ERROR__INIT;
    Twofold__V1__ConfirmRequest confirm = TWOFOLD__V1__CONFIRM_REQUEST__INIT;
    Twofold__V1__ConfirmReply confirmed = TWOFOLD__V1__CONFIRM_REPLY__INIT;
    Twofold__V1__CompleteRequest complete = TWOFOLD__V1__COMPLETE_REQUEST__INIT;
    Twofold__V1__CompleteReply completed = TWOFOLD__V1__COMPLETE_REPLY__INIT;
    char *codes[] = {"1ABCD-EFGHJ", "2KMNP-QRSTV"};
    const struct step steps[] = {
        {"login.confirm_password", &password_request.base, &password_reply.base, NULL},
        {"enrollment.begin", &begin.base, &enrolled.base, "409"},
        {"enrollment.begin", &again.base, &begun.base, NULL},
        {"enrollment.confirm", &confirm.base, &confirmed.base, NULL},
        {"enrollment.complete", &complete.base, &completed.base, NULL},
        {0},
    };

    enrolled.reason = TWOFOLD__V1__ERROR__REASON__ALREADY_ENROLLED;
    begin.step_token = confirm.step_token = complete.step_token = "tok";
    begin.label = "phone";
    again = begin;
    again.second_factor_case = TWOFOLD__V1__BEGIN_REQUEST__SECOND_FACTOR_CODE;
    again.code = "111111";
    begun.secret = "ABCDEFGHIJ";
    begun.otpauth_uri = "otpauth://totp/Twofold:alice?secret=ABCDEFGHIJ";
    confirm.code = "222222";
    confirmed.n_recovery_codes = 2;
    confirmed.recovery_codes = codes;
    completed.state = TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
    run(bench, steps, "enroll alice --label phone", "pass word\n111111\n222222\n");
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "\x1b[38;5;16;48;5;231m"));
    assert_non_null(strstr(bench->run.out, "Secret: ABCD EFGH IJ\n"));
    assert_non_null(strstr(bench->run.out, begun.otpauth_uri));
    assert_non_null(strstr(bench->run.out, "1ABCD-EFGHJ\n"));
    assert_non_null(strstr(bench->run.out, "2KMNP-QRSTV\n"));
    assert_non_null(strstr(bench->run.out, "state: ACTIVE\n"));
}

static void login_asks_for_the_code_when_it_is_needed(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__LoginRequest first = TWOFOLD__V1__LOGIN_REQUEST__INIT, second = first;
    Twofold__V1__LoginReply challenge = TWOFOLD__V1__LOGIN_REPLY__INIT, done = challenge;
    const struct step steps[] = {
        {"login.login", &first.base, &challenge.base, NULL},
        {"login.login", &second.base, &done.base, NULL},
        {0},
    };

    first.username = second.username = "alice";
    first.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    first.password = "pass word";
    challenge.outcome = TWOFOLD__V1__LOGIN_REPLY__OUTCOME__CODE_REQUIRED;
    challenge.step_token = "tok2";
    second.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_STEP_TOKEN;
    second.step_token = "tok2";
    second.second_factor_case = TWOFOLD__V1__LOGIN_REQUEST__SECOND_FACTOR_CODE;
    second.code = "123456";
    done.outcome = TWOFOLD__V1__LOGIN_REPLY__OUTCOME__AUTHENTICATED;
    run(bench, steps, "login alice", "pass word\n123456\n");
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "outcome: AUTHENTICATED\n"));
}

/* Only AUTHENTICATED is a yes. */
static void other_outcomes_of_a_login_are_no(void **state)
{
    static const int outcomes[] = {0, 2, 3, 77};
    struct bench *bench = *state;
    Twofold__V1__LoginRequest request = TWOFOLD__V1__LOGIN_REQUEST__INIT;
    Twofold__V1__LoginReply reply = TWOFOLD__V1__LOGIN_REPLY__INIT;
    const struct step steps[] = {{"login.login", &request.base, &reply.base, NULL}, {0}};

    request.username = "alice";
    request.first_factor_case = TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD;
    request.password = "pass word";
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        reply.outcome = (Twofold__V1__LoginReply__Outcome)outcomes[i];
        run(bench, steps, "login alice", "pass word\n");
        assert_int_not_equal(bench->run.code, 0);
    }
}

static void policy_set_names_what_it_sets(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__PutPolicyRequest request = TWOFOLD__V1__PUT_POLICY_REQUEST__INIT;
    Twofold__V1__PutPolicyReply reply = TWOFOLD__V1__PUT_POLICY_REPLY__INIT;
    Twofold__V1__Policy policy = TWOFOLD__V1__POLICY__INIT;
    char *mask[] = {"mode", "recovery_code_count", "issuer", "disable_requires_code"};
    const struct step steps[] = {{"admin.put_policy", &request.base, &reply.base, NULL}, {0}};

    policy.mode = TWOFOLD__V1__POLICY__MODE__REQUIRED;
    policy.issuer = "Acme=1";
    request.policy = reply.policy = &policy;
    request.update_mask = mask;
    request.n_update_mask = 4;
    run(bench, steps,
        "policy set mode=required recovery_code_count=0 issuer=Acme=1 disable_requires_code=false",
        NULL);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "mode: REQUIRED\n"));
    assert_non_null(strstr(bench->run.out, "recovery_code_count: 0\n"));
}

static void user_list_turns_the_pages(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__ListUsersRequest first = TWOFOLD__V1__LIST_USERS_REQUEST__INIT, second = first;
    Twofold__V1__ListUsersReply one = TWOFOLD__V1__LIST_USERS_REPLY__INIT, two = one;
    Twofold__V1__ListUsersReply__User alice = TWOFOLD__V1__LIST_USERS_REPLY__USER__INIT,
                                      bob = alice;
    Twofold__V1__ListUsersReply__User *alices[] = {&alice}, *bobs[] = {&bob};
    const struct step steps[] = {
        {"admin.list_users", &first.base, &one.base, NULL},
        {"admin.list_users", &second.base, &two.base, NULL},
        {0},
    };

    alice.username = "alice";
    alice.state = TWOFOLD__V1__SECOND_FACTOR__STATE__ACTIVE;
    bob.username = "bob\x1b";
    bob.state = TWOFOLD__V1__SECOND_FACTOR__STATE__PENDING;
    one.users = alices;
    two.users = bobs;
    one.n_users = two.n_users = 1;
    one.next_page_token = second.page_token = "p2";
    run(bench, steps, "user list", NULL);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "alice\tACTIVE\nbob\\x1b\tPENDING\n");
}

static void disable_sends_what_is_entered(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__DisableRequest request = TWOFOLD__V1__DISABLE_REQUEST__INIT;
    Twofold__V1__DisableReply reply = TWOFOLD__V1__DISABLE_REPLY__INIT;
    const struct step steps[] = {
        {"login.confirm_password", &password_request.base, &password_reply.base, NULL},
        {"enrollment.disable", &request.base, &reply.base, NULL},
        {0},
    };

    reply.state = TWOFOLD__V1__SECOND_FACTOR__STATE__NOT_ENROLLED;
    request.step_token = "tok";
    run(bench, steps, "disable alice", "pass word\n\n"); /* the policy wants no code */
    assert_int_equal(bench->run.code, 0);
    request.second_factor_case = TWOFOLD__V1__DISABLE_REQUEST__SECOND_FACTOR_RECOVERY_CODE;
    request.recovery_code = "1ABCD";
    run(bench, steps, "disable alice --recovery", "pass word\n1ABCD\n");
    assert_non_null(strstr(bench->run.out, "state: NOT_ENROLLED\n"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(enroll_goes_all_the_way, set_up, tear_down),
    cmocka_unit_test_setup_teardown(login_asks_for_the_code_when_it_is_needed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(other_outcomes_of_a_login_are_no, set_up, tear_down),
    cmocka_unit_test_setup_teardown(policy_set_names_what_it_sets, set_up, tear_down),
    cmocka_unit_test_setup_teardown(user_list_turns_the_pages, set_up, tear_down),
    cmocka_unit_test_setup_teardown(disable_sends_what_is_entered, set_up, tear_down),
};

RUN(tests)
