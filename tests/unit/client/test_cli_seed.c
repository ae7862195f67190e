/* seed against a service that has strangers in it, is overloaded, or is not there. */
#include "support/nats_server.h"
#include "support/runner.h"
#include "unit/client/peer.h"
#include "unit/client/run_cli.h"

#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/error.pb-c.h>

enum { IDS_MAX = 64 };

/* An organization's users are listed one a page. */
struct bench {
    struct nats_server server;
    struct peer *peer;
    struct cli_run run;
    char *there[4]; /* users of every organization; NULL: no more */
    bool exists;    /* does every organization? */
    bool moody;     /* EXHAUSTED is the first answer under each id */
    char ids[IDS_MAX][40];
    size_t n_ids;
    char asked[1024]; /* "acme.admin.get_policy;" for each that was answered well */
    char body[4096];  /* of the last ImportUser, with NULs made visible */
};

static const char file[] =
    "{organizations: {acme: {policy: {mode: required}, users: [{username: alice, password: "
    "known to all},\n {username: bob}]}, globex: {users: [{username: alice}]}}}\n";

static bool is_new_id(struct bench *bench, const char *id)
{
    for (size_t i = 0; i < bench->n_ids; i++)
        if (strcmp(bench->ids[i], id) == 0)
            return false;
    assert_true(bench->n_ids < IDS_MAX);
    snprintf(bench->ids[bench->n_ids++], sizeof bench->ids[0], "%s", id);
    return true;
}

static void refuse(struct peer_answer *answer, Twofold__V1__Error__Reason reason, const char *code)
{
    static Twofold__V1__Error error = TWOFOLD__V1__ERROR__INIT;

    error.reason = reason;
    error.message = "What the service says.";
    answer->reply = &error.base;
    answer->code = code;
    answer->text = "x";
}

/* The token is the number of the next one. */
static void list(const struct bench *bench, const struct peer_request *request,
                 struct peer_answer *answer)
{
    static Twofold__V1__ListUsersReply reply = TWOFOLD__V1__LIST_USERS_REPLY__INIT;
    static Twofold__V1__ListUsersReply__User user, *users[] = {&user};
    static char next[8];
    Twofold__V1__ListUsersRequest *asked =
        twofold__v1__list_users_request__unpack(NULL, request->n, request->data);
    long at = strtol(asked->page_token, NULL, 10);

    twofold__v1__list_users_reply__user__init(&user);
    user.username = bench->there[at];
    user.state = TWOFOLD__V1__SECOND_FACTOR__STATE__NOT_ENROLLED;
    reply.users = users;
    reply.n_users = bench->there[at] != NULL;
    snprintf(next, sizeof next, "%ld", at + 1);
    reply.next_page_token = bench->there[at] && bench->there[at + 1] ? next : "";
    answer->reply = &reply.base;
    twofold__v1__list_users_request__free_unpacked(asked, NULL);
}

static void keep_body(struct bench *bench, const struct peer_request *request)
{
    for (size_t i = 0; i < request->n && i < sizeof bench->body - 1; i++)
        bench->body[i] = request->data[i] ? (char)request->data[i] : '.';
}

static void answer(const struct peer_request *request, struct peer_answer *answer, void *ctx)
{
    static Twofold__V1__Policy policy = TWOFOLD__V1__POLICY__INIT;
    static Twofold__V1__GetPolicyReply shown = TWOFOLD__V1__GET_POLICY_REPLY__INIT;
    static Twofold__V1__PutPolicyReply put = TWOFOLD__V1__PUT_POLICY_REPLY__INIT;
    static Twofold__V1__ImportUserReply imported = TWOFOLD__V1__IMPORT_USER_REPLY__INIT;
    static Twofold__V1__DeleteUserReply deleted = TWOFOLD__V1__DELETE_USER_REPLY__INIT;
    struct bench *bench = ctx;
    size_t n = strlen(bench->asked);

    if (is_new_id(bench, request->request_id) && bench->moody) {
        refuse(answer, TWOFOLD__V1__ERROR__REASON__EXHAUSTED, "503");
        return;
    }
    snprintf(bench->asked + n, sizeof bench->asked - n, "%s;", request->subject + 11);
    policy.mode = TWOFOLD__V1__POLICY__MODE__OPTIONAL;
    shown.policy = &policy;
    answer->reply = &shown.base;
    if (strcmp(request->method, "admin.list_users") == 0)
        list(bench, request, answer);
    else if (strcmp(request->method, "admin.put_policy") == 0)
        answer->reply = &put.base;
    else if (strcmp(request->method, "admin.delete_user") == 0)
        answer->reply = &deleted.base;
    else if (strcmp(request->method, "admin.import_user") == 0)
        answer->reply = &imported.base, keep_body(bench, request);
    else if (!bench->exists)
        refuse(answer, TWOFOLD__V1__ERROR__REASON__NOT_FOUND, "404");
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

static void seed(struct bench *bench, const char *args)
{
    char command[128];

    snprintf(command, sizeof command, "seed -%s", args);
    run_cli(bench->server.url, command, file, &bench->run);
}

#define LOOK "acme.admin.get_policy;globex.admin.get_policy;"
#define LOOK_WELL                                  \
    "acme.admin.get_policy;acme.admin.list_users;" \
    "globex.admin.get_policy;globex.admin.list_users;"

static void all_are_looked_at_before_the_first_is_made(void **state)
{
    struct bench *bench = *state;

    seed(bench, "");
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out, "acme: policy set, 2 users created, 0 authenticators\n"
                                        "globex: policy set, 1 user created, 0 authenticators\n");
    assert_string_equal(bench->run.err, "");
    assert_string_equal(bench->asked,
                        LOOK "acme.admin.put_policy;acme.admin.import_user;acme.admin.import_user;"
                             "globex.admin.put_policy;globex.admin.import_user;");
}

/* Only what it is hashed to crosses the bus. */
static void a_password_stays_here(void **state)
{
    static const char one[] =
        "{organizations: {a: {users: [{username: u, password: known to all}]}}}";
    struct bench *bench = *state;

    run_cli(bench->server.url, "seed -", one, &bench->run);
    assert_int_equal(bench->run.code, 0);
    assert_non_null(strstr(bench->body, "$scrypt$ln=14,r=8,p=5$"));
    assert_null(strstr(bench->body, "known to all"));
}

/* The last page as well; and globex, whose only user is a stranger. */
static void strangers_end_it_before_anything_is_changed(void **state)
{
    struct bench *bench = *state;

    bench->exists = true;
    bench->there[0] = "alice";
    bench->there[1] = "bob";
    seed(bench, "");
    assert_int_equal(bench->run.code, 2);
    assert_string_equal(bench->run.out, "");
    assert_null(strstr(bench->run.err, "organization acme"));
    assert_non_null(
        strstr(bench->run.err, "organization globex has 1 user who is not in the file"));
    assert_string_equal(bench->asked, "acme.admin.get_policy;acme.admin.list_users;"
                                      "acme.admin.list_users;globex.admin.get_policy;"
                                      "globex.admin.list_users;globex.admin.list_users;");
}

static void the_flag_lets_them_be(void **state)
{
    struct bench *bench = *state;

    bench->exists = true;
    bench->there[0] = "zoe";
    seed(bench, " --i-know-these-are-test-secrets");
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->run.out,
                        "acme: policy set, 2 users created, 0 authenticators\n"
                        "globex: policy untouched, 1 user created, 0 authenticators\n");
    assert_string_equal(bench->asked, LOOK_WELL
                        "acme.admin.put_policy;acme.admin.import_user;acme.admin.import_user;"
                        "globex.admin.import_user;");
}

static void who_is_there_is_not_touched(void **state)
{
    struct bench *bench = *state;

    bench->exists = true;
    bench->there[0] = "alice";
    seed(bench, " --json");
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->asked, LOOK_WELL "acme.admin.put_policy;acme.admin.import_user;");
    assert_non_null(strstr(bench->run.out, "\"organization\":\"globex\",\"policy\":\"untouched\","
                                           "\"created\":0,\"replaced\":0,\"there_already\":1,"));
}

static void replace_deletes_who_is_there_and_nobody_else(void **state)
{
    struct bench *bench = *state;

    bench->exists = true;
    bench->there[0] = "alice";
    seed(bench, " --replace");
    assert_int_equal(bench->run.code, 0);
    assert_string_equal(bench->asked, LOOK_WELL
                        "acme.admin.put_policy;acme.admin.delete_user;acme.admin.import_user;"
                        "acme.admin.import_user;globex.admin.delete_user;"
                        "globex.admin.import_user;");
    assert_non_null(strstr(bench->run.out, "acme: policy set, 1 user created, 1 replaced,"));
}

static void overload_is_tried_again_under_the_same_id(void **state)
{
    struct bench *bench = *state;

    bench->moody = true;
    seed(bench, "");
    assert_int_equal(bench->run.code, 0);
    assert_int_equal(bench->n_ids, 7);
    assert_string_equal(bench->run.out, "acme: policy set, 2 users created, 0 authenticators\n"
                                        "globex: policy set, 1 user created, 0 authenticators\n");
}

static void nobody_there_ends_it_at_once(void **state)
{
    struct bench *bench = *state;

    peer_stop(bench->peer);
    seed(bench, "");
    bench->peer = peer_start(bench->server.url, "twofold.v1.>", answer, bench);
    assert_int_equal(bench->run.code, 3);
    assert_non_null(strstr(bench->run.err, "organization acme"));
    assert_non_null(strstr(bench->run.err, "nobody serves"));
}

static void a_mistake_ends_it_before_anything_is_asked(void **state)
{
    struct bench *bench = *state;

    run_cli(bench->server.url, "seed -", "organizations: {acme: {users: [{}]}}", &bench->run);
    assert_int_equal(bench->run.code, 2);
    assert_string_equal(bench->run.err, "standard input:1:32: username: is required\n"
                                        "twofold: nothing was sent\n");
    assert_string_equal(bench->asked, "");
}

static void what_cannot_be_read_is_said(void **state)
{
    static const char *const args[] = {"seed", "seed /nowhere/at/all", "seed /", "seed - -",
                                       "seed - --file x"};
    struct cli_run *run = calloc(1, sizeof *run);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(args); i++) {
        run_cli("nats://127.0.0.1:1", args[i], NULL, run);
        if (run->code != 2 || run->err[0] == '\0')
            fail_msg("%s ended with %d: %s", args[i], run->code, run->err);
    }
    run_cli("nats://127.0.0.1:1", "seed --dry-run /dev/zero", NULL, run);
    assert_int_equal(run->code, 2);
    assert_non_null(strstr(run->err, "/dev/zero is larger than 16 MiB"));
    free(run);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(all_are_looked_at_before_the_first_is_made, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_password_stays_here, set_up, tear_down),
    cmocka_unit_test_setup_teardown(strangers_end_it_before_anything_is_changed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_flag_lets_them_be, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_is_there_is_not_touched, set_up, tear_down),
    cmocka_unit_test_setup_teardown(replace_deletes_who_is_there_and_nobody_else, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(overload_is_tried_again_under_the_same_id, set_up, tear_down),
    cmocka_unit_test_setup_teardown(nobody_there_ends_it_at_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_mistake_ends_it_before_anything_is_asked, set_up, tear_down),
    cmocka_unit_test(what_cannot_be_read_is_said),
};
RUN(tests)
