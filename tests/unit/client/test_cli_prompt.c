/* Secrets: from a pipe in the order they are asked for, from a terminal without being shown. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/login.pb-c.h>

struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    int requests;
    char password[512], code[64];
};

static void note_login(struct bench *bench, const struct peer_request *request)
{
    Twofold__V1__LoginRequest *asked =
        twofold__v1__login_request__unpack(NULL, request->n, request->data);

    if (asked->first_factor_case == TWOFOLD__V1__LOGIN_REQUEST__FIRST_FACTOR_PASSWORD)
        snprintf(bench->password, sizeof bench->password, "%s", asked->password);
    if (asked->second_factor_case == TWOFOLD__V1__LOGIN_REQUEST__SECOND_FACTOR_CODE)
        snprintf(bench->code, sizeof bench->code, "%s", asked->code);
    twofold__v1__login_request__free_unpacked(asked, NULL);
}

static void note_put_user(struct bench *bench, const struct peer_request *request)
{
    Twofold__V1__PutUserRequest *asked =
        twofold__v1__put_user_request__unpack(NULL, request->n, request->data);

    snprintf(bench->password, sizeof bench->password, "%s", asked->password);
    twofold__v1__put_user_request__free_unpacked(asked, NULL);
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__LoginReply login = TWOFOLD__V1__LOGIN_REPLY__INIT;
    static Twofold__V1__PutUserReply put = TWOFOLD__V1__PUT_USER_REPLY__INIT;
    struct bench *bench = ctx;

    bench->requests++;
    login.outcome = TWOFOLD__V1__LOGIN_REPLY__OUTCOME__AUTHENTICATED;
    if (strcmp(request->method, "login.login") == 0) {
        note_login(bench, request);
        answer->reply = &login.base;
    } else {
        note_put_user(bench, request);
        answer->reply = &put.base;
    }
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    bench->server = nats_server_start(NULL);
    bench->peer = peer_start(bench->server.url, "twofold.v1.>", answer, bench);
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

static void a_pipe_gives_one_secret_a_line_in_order(void **state)
{
    static const char *const inputs[] = {"correct horse \n123456\n", "correct horse \r\n123456\r\n",
                                         "correct horse \n123456"};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        bench->password[0] = bench->code[0] = '\0';
        run_cli(bench->server.url, "login alice --code", inputs[i], &bench->run);
        assert_int_equal(bench->run.code, 0);
        assert_string_equal(bench->password, "correct horse ");
        assert_string_equal(bench->code, "123456");
        assert_string_equal(bench->run.err, "");
    }
}

static void missing_lines_are_not_empty_secrets(void **state)
{
    struct bench *bench = *state;

    run_cli(bench->server.url, "login alice --code", "correct horse\n", &bench->run);
    assert_int_equal(bench->run.code, 2);
    assert_non_null(strstr(bench->run.err, "Code: nothing was entered"));
    assert_int_equal(bench->requests, 0);
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    struct bench *bench = *state;
    char line[3000];

    memset(line, 'x', sizeof line);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = '\0';
    run_cli(bench->server.url, "user put alice", line, &bench->run);
    assert_int_equal(bench->run.code, 2);
    assert_int_equal(bench->requests, 0);
}

static void a_terminal_does_not_show_what_is_typed(void **state)
{
    struct bench *bench = *state;

    run_cli_on_terminal(bench->server.url, "login alice --code", "correct horse\n123456\n",
                        &bench->run);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "Password: "));
    assert_non_null(strstr(bench->run.out, "Code: "));
    assert_null(strstr(bench->run.out, "horse"));
    assert_null(strstr(bench->run.out, "123456"));
    assert_string_equal(bench->password, "correct horse");
    assert_string_equal(bench->code, "123456");
}

static void the_end_of_input_ends_the_prompts_line(void **state)
{
    struct bench *bench = *state;

    run_cli_on_terminal(bench->server.url, "login alice", "\x04\n", &bench->run);
    assert_int_equal(bench->run.code, 2);
    assert_non_null(strstr(bench->run.out, "Password: \r\ntwofold: Password: nothing was entered"));
    assert_int_equal(bench->requests, 0);
}

static void a_new_password_is_typed_twice_on_a_terminal(void **state)
{
    struct bench *bench = *state;

    run_cli_on_terminal(bench->server.url, "user put alice", "correct horse\ncorrect hrse\n",
                        &bench->run);
    assert_int_equal(bench->run.code, 2);
    assert_int_equal(bench->requests, 0);
    run_cli_on_terminal(bench->server.url, "user put alice", "correct horse\ncorrect horse\n",
                        &bench->run);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->password, "correct horse");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_pipe_gives_one_secret_a_line_in_order, set_up, tear_down),
    cmocka_unit_test_setup_teardown(missing_lines_are_not_empty_secrets, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_terminal_does_not_show_what_is_typed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_end_of_input_ends_the_prompts_line, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_new_password_is_typed_twice_on_a_terminal, set_up, tear_down),
};

RUN(tests)
