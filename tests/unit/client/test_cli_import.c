/* import --file against a service that refuses, falls silent and is overloaded. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/error.pb-c.h>

enum { USERS_MAX = 1000 };

/* What the service does about a user's first requests; then it takes the user in. */
struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    int first; /* so many requests of each user get TROUBLE */
    int trouble;
    const char *trouble_code; /* NULL: no answer at all */
    unsigned asked[USERS_MAX];
    char ids[USERS_MAX][40];
    bool id_changed;
};

/* Users are "u" and a number. */
static int number_of(const struct peer_request *request)
{
    Twofold__V1__ImportUserRequest *asked =
        twofold__v1__import_user_request__unpack(NULL, request->n, request->data);
    int n = asked && asked->username[0] == 'u' ? (int)strtol(asked->username + 1, NULL, 10) : -1;

    if (asked)
        twofold__v1__import_user_request__free_unpacked(asked, NULL);
    return n < USERS_MAX ? n : -1;
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__ImportUserReply reply = TWOFOLD__V1__IMPORT_USER_REPLY__INIT;
    static Twofold__V1__Error error = TWOFOLD__V1__ERROR__INIT;
    struct bench *bench = ctx;
    int n = number_of(request);

    assert_string_equal(request->method, "admin.import_user");
    assert_true(n >= 0 && request->request_id);
    if (bench->asked[n] == 0)
        snprintf(bench->ids[n], sizeof bench->ids[n], "%s", request->request_id);
    bench->id_changed |= strcmp(bench->ids[n], request->request_id) != 0;
    answer->reply = &reply.base;
    if (bench->asked[n]++ >= (unsigned)bench->first)
        return;
    error.reason = (Twofold__V1__Error__Reason)bench->trouble;
    error.message = "What the service says.";
    answer->reply = &error.base;
    answer->code = bench->trouble_code;
    answer->text = "x";
    answer->silent = !bench->trouble_code;
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

static void import(struct bench *bench, const char *args, int users)
{
    char *input = calloc((size_t)users + 1, 32), command[128];

    for (int i = 0; i < users; i++)
        snprintf(input + strlen(input), 32, "{\"username\":\"u%d\"}\n", i);
    snprintf(command, sizeof command, "import --file -%s", args);
    run_cli(bench->server.url, command, input, &bench->run);
    free(input);
}

static void each_asked(const struct bench *bench, int users, unsigned times)
{
    for (int i = 0; i < users; i++)
        if (bench->asked[i] != times)
            fail_msg("u%d was asked %u times", i, bench->asked[i]);
}

static void overload_is_tried_again_under_the_same_id(void **state)
{
    struct bench *bench = *state;

    bench->first = 2;
    bench->trouble = TWOFOLD__V1__ERROR__REASON__EXHAUSTED;
    bench->trouble_code = "503";
    import(bench, "", 600);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "imported 600, already there 0, refused 0\n");
    each_asked(bench, 600, 3);
    assert_false(bench->id_changed);
}

static void silence_is_tried_again_under_the_same_id(void **state)
{
    struct bench *bench = *state;

    bench->first = 1;
    import(bench, " --timeout 1", 3);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "imported 3, already there 0, refused 0\n");
    each_asked(bench, 3, 2);
    assert_false(bench->id_changed);
}

static void who_is_there_is_no_refusal(void **state)
{
    struct bench *bench = *state;

    bench->first = 1;
    bench->trouble = TWOFOLD__V1__ERROR__REASON__CONFLICT;
    bench->trouble_code = "409";
    import(bench, " --json", 5);
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "{\"imported\":0,\"already_there\":5,\"refused\":0}\n");
    each_asked(bench, 5, 1);
}

static void refusals_are_named_up_to_twenty(void **state)
{
    struct bench *bench = *state;

    bench->first = 1;
    bench->trouble = TWOFOLD__V1__ERROR__REASON__VALIDATION;
    bench->trouble_code = "422";
    import(bench, "", 30);
    assert_int_equal(bench->run.code, 1);
    assert_string_equal(bench->run.out, "imported 0, already there 0, refused 30\n");
    assert_non_null(strstr(bench->run.err, "twofold: line 1: What the service says.\n"));
    assert_non_null(strstr(bench->run.err, "twofold: 10 more lines were refused; --errors FILE"));
    each_asked(bench, 30, 1);
}

/* It is the same for every line: nothing is gained by sending them all. */
static void an_unknown_organization_ends_it_at_once(void **state)
{
    struct bench *bench = *state;
    unsigned asked = 0;

    bench->first = 1000;
    bench->trouble = TWOFOLD__V1__ERROR__REASON__NOT_FOUND;
    bench->trouble_code = "404";
    import(bench, "", 1000);
    assert_int_equal(bench->run.code, 1);
    assert_non_null(strstr(bench->run.err, "What the service says."));
    for (int i = 0; i < 1000; i++)
        asked += bench->asked[i];
    assert_true(asked < 1000);
}

static void nobody_there_ends_it_at_once(void **state)
{
    struct bench *bench = *state;

    peer_stop(bench->peer);
    import(bench, "", 10);
    bench->peer = peer_start(bench->server.url, "twofold.v1.>", answer, bench);
    assert_int_equal(bench->run.code, 3);
    assert_non_null(strstr(bench->run.err, "nobody serves"));
}

/* Nothing but UNAVAILABLE, for twelve times the timeout. */
static void trouble_without_end_is_given_up(void **state)
{
    struct bench *bench = *state;

    bench->first = 1000000;
    bench->trouble = TWOFOLD__V1__ERROR__REASON__UNAVAILABLE;
    bench->trouble_code = "503";
    import(bench, " --timeout 1", 2);
    assert_int_equal(bench->run.code, 1);
    assert_string_equal(bench->run.out, "imported 0, already there 0, refused 0\n");
    assert_non_null(strstr(bench->run.err, "trying again: What the service says."));
    assert_non_null(strstr(bench->run.err, "given up; 2 lines that were sent are not decided"));
}

static void broken_lines_are_refused_here_and_lose_nothing_else(void **state)
{
    struct bench *bench = *state;

    run_cli(bench->server.url, "import --file -",
            "{\"username\":\"u0\"}\nsecret words\n\n{\"username\":\"u1\"}", &bench->run);
    assert_int_equal(bench->run.code, 1);
    assert_string_equal(bench->run.out, "imported 2, already there 0, refused 1\n");
    assert_non_null(strstr(bench->run.err, "twofold: line 2: is no JSON object\n"));
    assert_null(strstr(bench->run.err, "secret"));
    each_asked(bench, 2, 1);
}

static void a_dry_run_needs_no_bus(void **state)
{
    struct cli_run *run = calloc(1, sizeof *run);

    (void)state;
    run_cli("nats://127.0.0.1:1", "import --dry-run --file -", "{\"username\":\"u0\"}\n{}\n", run);
    assert_int_equal(run->code, 1);
    assert_string_equal(run->out, "would send 1, refused 1\n");
    free(run);
}

static void wrong_usage_is_said(void **state)
{
    static const char *const args[] = {"import",
                                       "import ada --file -",
                                       "import ada --dry-run",
                                       "import ada --errors x",
                                       "import --file /nowhere/at/all",
                                       "import --dry-run --file - --errors /nowhere/at/all"};
    struct cli_run *run = calloc(1, sizeof *run);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(args); i++) {
        run_cli("nats://127.0.0.1:1", args[i], NULL, run);
        if (run->code != 2)
            fail_msg("%s ended with %d: %s", args[i], run->code, run->err);
    }
    free(run);
}

/* Three pauses of a tenth of a second and more: time enough for a bar. */
static void a_terminal_shows_how_far_it_is_and_how_long_it_takes(void **state)
{
    char path[] = "/tmp/twofold-import.XXXXXX", args[64];
    struct bench *bench = *state;
    FILE *file = fdopen(mkstemp(path), "w");

    assert_non_null(file);
    for (int i = 0; i < 600; i++)
        fprintf(file, "{\"username\":\"u%d\"}\n", i);
    fclose(file);
    bench->first = 3;
    bench->trouble = TWOFOLD__V1__ERROR__REASON__EXHAUSTED;
    bench->trouble_code = "503";
    snprintf(args, sizeof args, "import --file %s", path);
    bench->run.columns = 120;
    run_cli_on_terminal(bench->server.url, args, "", &bench->run);
    remove(path);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->run.out, "[#"));
    assert_non_null(strstr(bench->run.out, " users, "));
    assert_non_null(strstr(bench->run.out, "/s, 0:0"));
    assert_non_null(strstr(bench->run.out, " left\x1b[K"));
    assert_non_null(strstr(bench->run.out, "\r\x1b[Kimported 600, already there 0, refused 0"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(overload_is_tried_again_under_the_same_id, set_up, tear_down),
    cmocka_unit_test_setup_teardown(silence_is_tried_again_under_the_same_id, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_is_there_is_no_refusal, set_up, tear_down),
    cmocka_unit_test_setup_teardown(refusals_are_named_up_to_twenty, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_unknown_organization_ends_it_at_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nobody_there_ends_it_at_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(trouble_without_end_is_given_up, set_up, tear_down),
    cmocka_unit_test_setup_teardown(broken_lines_are_refused_here_and_lose_nothing_else, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_terminal_shows_how_far_it_is_and_how_long_it_takes, set_up,
                                    tear_down),
    cmocka_unit_test(a_dry_run_needs_no_bus),
    cmocka_unit_test(wrong_usage_is_said),
};
RUN(tests)
