/* What scripts rely on: exit codes, and which stream says what. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

#include <stdlib.h>
#include <twofold/v1/error.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    bool silent;
    Twofold__V1__Error error; /* with a reason: what is answered */
    const char *code;
};

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static const Twofold__V1__VerifyReply reply = TWOFOLD__V1__VERIFY_REPLY__INIT;
    const struct bench *bench = ctx;

    (void)request;
    answer->silent = bench->silent;
    answer->reply = bench->code ? &bench->error.base : &reply.base;
    answer->code = bench->code;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    twofold__v1__error__init(&bench->error);
    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "twofold.v1.acme.>", answer, bench);
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

static void yes_is_0(void **state)
{
    struct bench *bench = *state;

    run_cli(bench->server.url, "--org acme verify alice", "123456\n", &bench->run);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.err, "");
    assert_non_null(strstr(bench->run.out, "verified_at: never\n"));
}

static void a_refusal_is_1_and_says_what_to_do(void **state)
{
    static const struct {
        Twofold__V1__Error__Reason reason;
        const char *code;
        int64_t wait;
        int exit;
        const char *says;
    } cases[] = {
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, "403", 0, 1, "phone's clock"},
        {TWOFOLD__V1__ERROR__REASON__LOCKED, "429", 30, 1, "wait 30 s"},
        {TWOFOLD__V1__ERROR__REASON__SUSPENDED, "403", 0, 1, "twofold unlock"},
        {TWOFOLD__V1__ERROR__REASON__NOT_ENROLLED, "409", 0, 1, "twofold enroll"},
        {TWOFOLD__V1__ERROR__REASON__NOT_FOUND, "404", 0, 1, "twofold user list"},
        {TWOFOLD__V1__ERROR__REASON__INTERNAL, "500", 0, 1, "sentence"},
        {TWOFOLD__V1__ERROR__REASON__VALIDATION, "422", 0, 2, "sentence"},
        {(Twofold__V1__Error__Reason)999, "418", 0, 1, "sentence"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench->code = cases[i].code;
        bench->error.reason = cases[i].reason;
        bench->error.message = "A sentence.";
        bench->error.retry_after_seconds = cases[i].wait;
        run_cli(bench->server.url, "--org acme verify alice", "123456\n", &bench->run);
        assert_int_equal(bench->run.code, cases[i].exit);
        assert_non_null(strstr(bench->run.err, cases[i].says));
        assert_string_equal(bench->run.out, "");
    }
}

static void a_failure_says_what_the_next_one_costs(void **state)
{
    static const struct {
        Twofold__V1__Error__Reason reason;
        int32_t left;
        int64_t wait;
        const char *args, *says;
    } cases[] = {
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, 2, 0, "verify alice",
         "phone's clock\n  2 more tries before waiting starts\n"},
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, 1, 0, "verify alice",
         "phone's clock\n  1 more try before waiting starts\n"},
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, 0, 0, "verify alice",
         "phone's clock\n  the next failure starts a wait\n"},
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, 0, 60, "verify alice",
         "phone's clock\n  a wait of 60 s has begun; "},
        {TWOFOLD__V1__ERROR__REASON__CODE_REJECTED, 0, 60, "verify alice --recovery",
         "  a recovery code works once; take another one\n  a wait of 60 s has begun; "},
        {TWOFOLD__V1__ERROR__REASON__WRONG_CREDENTIALS, 0, 0, "login alice",
         ".\n  the next failure starts a wait\n"},
        {TWOFOLD__V1__ERROR__REASON__EXHAUSTED, 0, 1, "login alice",
         ".\n  wait 1 s, then try again\n"},
    };
    struct bench *bench = *state;

    bench->code = "403";
    bench->error.message = "A sentence.";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char args[64];

        bench->error.reason = cases[i].reason;
        bench->error.attempts_left = cases[i].left;
        bench->error.retry_after_seconds = cases[i].wait;
        snprintf(args, sizeof args, "--org acme %s", cases[i].args);
        run_cli(bench->server.url, args, "123456\n", &bench->run);
        assert_non_null(strstr(bench->run.err, cases[i].says));
    }
}

static void violations_are_one_a_line_and_cannot_control_the_terminal(void **state)
{
    struct bench *bench = *state;
    Twofold__V1__Error__Violation one = TWOFOLD__V1__ERROR__VIOLATION__INIT, two = one;
    Twofold__V1__Error__Violation *both[] = {&one, &two};

    one.field = "username";
    one.rule = "1..254 bytes";
    two.field = "code";
    two.rule = "\x1b[2J\xc2\x9b";
    bench->code = "422";
    bench->error.reason = TWOFOLD__V1__ERROR__REASON__VALIDATION;
    bench->error.violations = both;
    bench->error.n_violations = 2;
    run_cli(bench->server.url, "--org acme verify alice", "123456\n", &bench->run);
    assert_int_equal(bench->run.code, 2);
    assert_non_null(strstr(bench->run.err, "  username: 1..254 bytes\n"));
    assert_non_null(strstr(bench->run.err, "  code: \\x1b[2J\\x9b\n"));
    bench->error.n_violations = 0;
}

static void no_answer_is_3(void **state)
{
    struct bench *bench = *state;

    bench->silent = true;
    run_cli(bench->server.url, "verify alice --org acme --timeout 1", "123456\n", &bench->run);
    assert_int_equal(bench->run.code, 3);
    assert_non_null(strstr(bench->run.err, "within 1000 ms"));

    run_cli(bench->server.url, "verify alice --org globex", "123456\n", &bench->run);
    assert_int_equal(bench->run.code, 3);
    assert_non_null(strstr(bench->run.err, "is twofoldd running"));
    assert_non_null(strstr(bench->run.err, "organization globex"));

    run_cli(bench->server.url, "ping", NULL, &bench->run);
    assert_int_equal(bench->run.code, 3);
}

static void no_server_is_3_and_keeps_the_password_of_the_url(void **state)
{
    static struct cli_run run;

    (void)state;
    run_cli("nats://app:hunter2@127.0.0.1:1", "status alice", NULL, &run);
    assert_int_equal(run.code, 3);
    assert_non_null(strstr(run.err, "at nats://127.0.0.1:1 "));
    assert_null(strstr(run.err, "hunter2"));
}

static void wrong_usage_is_2(void **state)
{
    static const char *const bad[] = {
        "",
        "nonsense",
        "user",
        "policy",
        "audit --json",
        "use --help",
        "user frobnicate",
        "user frobnicate --help",
        "verify",
        "verify alice 123456",
        "verify alice --label x",
        "ping --count 3",
        "status alice --timeout 4000",
        "policy set",
        "policy set nonsense=1",
        "policy set digits=six",
        "policy set mode",
        "policy set mode=mode_unspecified",
        "policy set disable_requires_code=yes",
        "policy set digits=6 digits=8",
        "--org a.b status alice",
        "audit tail --type a.b.c",
        "audit tail --follow --type a.b.c",
        "audit tail --since yesterday",
        "audit tail --stream A.B",
        "audit export --durable a.b",
        "audit export --out /",
        "audit export --user alice",
        "status alice --follow",
        "verify alice --org acme", /* and no code on standard input */
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run_cli(bench->server.url, bad[i], NULL, &bench->run);
        assert_int_equal(bench->run.code, 2);
        assert_true(bench->run.err[0] != '\0');
        assert_string_equal(bench->run.out, "");
    }
}

static void wrong_usage_says_what_is_wrong(void **state)
{
    static const char *const cases[][2] = {
        {"policy set step_token_ttl_seconds=99999999999", "step_token_ttl_seconds is too large"},
        {"policy set step_token_ttl_seconds=99999999999999999999", "is too large"},
        {"policy set digits=-99999999999", "digits is too small"},
        {"policy set digits=6x", "must be a whole number"},
        {"policy set mode=banana", "mode must be disabled, optional or required\n"},
        {"policy set algorithm=md5", "algorithm must be sha1, sha256 or sha512\n"},
        {"policy set mode=required,digits=6",
         "disabled, optional or required; one FIELD=VALUE an argument\n"},
        {"policy set digits=6,mode=required", "one FIELD=VALUE an argument"},
        {"verify alice 123456", "verify USER; passwords and codes are never arguments: they are "
                                "asked for\n"},
        {"user put alice pw", "never arguments: they are asked for\n"},
        {"verify", "usage: twofold verify USER\n"},
        {"user delete alice bob", "usage: twofold user delete USER\n"},
        {"ping now", "usage: twofold ping\n"},
        {"ping --timeout 99999999999", "is too large"},
        {"ping --nats http://127.0.0.1:4222", "nats:// or tls://"},
        {"ping --inbox-prefix _INBOX_app", "answers nowhere else"},
        {"ping --creds /no", "/no: No such file"},
        {"ping --tls-ca /no", "/no: No such file"},
        {"user", "user put USER"},
        {"policy", "policy set FIELD=VALUE..."},
        {"audit", "audit tail"},
        {"user frobnicate", "there is no command user frobnicate"},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_cli(bench->server.url, cases[i][0], NULL, &bench->run);
        assert_int_equal(bench->run.code, 2);
        assert_non_null(strstr(bench->run.err, cases[i][1]));
        assert_string_equal(bench->run.out, "");
    }
}

static void help_and_version_are_0(void **state)
{
    static const char *const asked[][2] = {
        {"--help", "policy set FIELD=VALUE..."},
        {"--version", "twofold 0.1.0\n"},
        {"verify --help", "--purpose"},
        {"policy set --help", "skew_steps"},
        {"--help audit tail", "--count"},
        {"-h", "user put USER"},
        {"user --help", "user list"},
        {"policy -h", "policy show"},
        {"--help audit", "audit tail"},
        {"verify -h", "--purpose"},
        {"audit export --help", "--durable NAME"},
        {"ping --help", "_INBOX or below it"},
        {"ping --help", "Usage: twofold ping\n"},
    };
    static struct cli_run run;

    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        run_cli("nats://127.0.0.1:1", asked[i][0], NULL, &run);
        assert_int_equal(run.code, 0);
        assert_non_null(strstr(run.out, asked[i][1]));
        assert_string_equal(run.err, "");
    }
}

static void json_errors_are_on_standard_output(void **state)
{
    struct bench *bench = *state;

    bench->code = "429";
    bench->error.reason = TWOFOLD__V1__ERROR__REASON__LOCKED;
    bench->error.message = "wait";
    bench->error.retry_after_seconds = 30;
    run_cli(bench->server.url, "verify alice --json --org acme", "123456\n", &bench->run);
    assert_int_equal(bench->run.code, 1);
    assert_string_equal(bench->run.out,
                        "{\"error\":{\"status\":\"REFUSED\",\"reason\":\"LOCKED\",\"code\":429,"
                        "\"retry_after_seconds\":30,\"attempts_left\":0,\"violations\":[],"
                        "\"message\":\"wait\"}}\n");
    run_cli(bench->server.url, "status alice --json --org globex", NULL, &bench->run);
    assert_int_equal(bench->run.code, 3);
    assert_non_null(strstr(bench->run.out, "\"status\":\"NO_RESPONDERS\""));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(yes_is_0, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_refusal_is_1_and_says_what_to_do, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_failure_says_what_the_next_one_costs, set_up, tear_down),
    cmocka_unit_test_setup_teardown(violations_are_one_a_line_and_cannot_control_the_terminal,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(no_answer_is_3, set_up, tear_down),
    cmocka_unit_test(no_server_is_3_and_keeps_the_password_of_the_url),
    cmocka_unit_test_setup_teardown(wrong_usage_is_2, set_up, tear_down),
    cmocka_unit_test_setup_teardown(wrong_usage_says_what_is_wrong, set_up, tear_down),
    cmocka_unit_test(help_and_version_are_0),
    cmocka_unit_test_setup_teardown(json_errors_are_on_standard_output, set_up, tear_down),
};

RUN(tests)
