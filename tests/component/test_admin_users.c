/* Admin: users put, listed, deleted, unlocked, reset. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/together.h"

#include <stdlib.h>

static bool put(struct service *s, const char *username, const char *password)
{
    Twofold__V1__PutUserRequest ask;
    struct answer a;
    bool created;

    twofold__v1__put_user_request__init(&ask);
    ask.username = (char *)(uintptr_t)username;
    ask.password = (char *)(uintptr_t)password;
    a = service_call(s, "admin.put_user", &ask.base);
    assert_int_equal(a.err, ERR_OK);
    created = ((Twofold__V1__PutUserReply *)a.reply)->created;
    answer_free(&a);
    return created;
}

static void put_user_creates_once_and_then_changes(void **state)
{
    struct service *s = *state;

    assert_true(put(s, "ada", PASSWORD));
    assert_false(put(s, "ada", "another horse"));
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
    EXPECT(ERR_OK,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", "another horse"}));
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    assert_true(put(s, "ada", PASSWORD));
}

/* Twice in one batch: one creates, the other changes; both last. */
static void put_user_twice_in_one_batch(void **state)
{
    struct service *s = *state;
    struct sent sent[2] = {{"admin.put_user", NULL, NULL, NULL},
                           {"admin.put_user", NULL, NULL, NULL}};
    struct got got[2];

    sent[0].fields = FIELDS({"username", "ada"}, {"password", PASSWORD});
    sent[1].fields = FIELDS({"username", "ada"}, {"password", PASSWORD});
    service_together(s, sent, 2, got);
    assert_int_equal(got[0].err, ERR_OK);
    assert_int_equal(got[1].err, ERR_OK);
    assert_false(bytes_equal(got[0].raw, got[1].raw));
    got_free(got, 2);
    free(service_token(s, "ada"));
}

static void delete_user_leaves_nothing_behind(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct enrolled e;
    struct user gone;
    char *token;

    service_enroll(s, "ada", &e);
    token = service_token(s, "ada");
    EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &e));
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    peek_user(s, "ada", &gone);
    assert_false(gone.exists);
    assert_int_equal(gone.n_authenticators + gone.n_tokens + gone.recovery.n, 0);
    app_code(&e.app, s, 0, code);
    for (int again = 0; again < 2; again++) {
        EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", token}));
        EXPECT(ERR_INVALID_TOKEN,
               ASK(s, "login.login", {"username", "ada"}, {"step_token", token}, {"code", code}));
        assert_int_equal(service_verify(s, "ada", code), ERR_NOT_ENROLLED);
        assert_int_equal(service_verify_recovery(s, "ada", e.codes[0]), ERR_NOT_ENROLLED);
        assert_int_equal(status(s, "ada").state, NOT_ENROLLED);
        service_put_user(s, "ada", PASSWORD); /* a namesake inherits nothing */
    }
    peek_user(s, "ada", &gone);
    assert_int_equal(gone.code_lockout.failures, 0);
    free(token);
}

static void who_is_not_there_is_not_found(void **state)
{
    static const char *const methods[] = {"admin.delete_user", "admin.reset_second_factor",
                                          "admin.unlock", "admin.issue_step_token"};
    struct service *s = *state;
    size_t before = peek_events(s);
    struct user user;

    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        EXPECT(ERR_NOT_FOUND, ASK(s, methods[i], {"username", "nobody"}));
    EXPECT(ERR_NOT_FOUND,
           ASK(s, "admin.import_authenticator", {"username", "nobody"},
               {"otpauth_uri", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY"}));
    assert_int_equal(peek_events(s), before);
    peek_user(s, "nobody", &user);
    assert_false(user.exists);
}

/* --- ListUsers --- */

static Twofold__V1__ListUsersReply *list(struct service *s, int32_t size, const char *page_token,
                                         struct answer *ret)
{
    Twofold__V1__ListUsersRequest ask;

    twofold__v1__list_users_request__init(&ask);
    ask.page_size = size;
    ask.page_token = (char *)(uintptr_t)page_token;
    *ret = service_call(s, "admin.list_users", &ask.base);
    assert_int_equal(ret->err, ERR_OK);
    return (Twofold__V1__ListUsersReply *)ret->reply;
}

/* In the order that the bytes have. */
static const char *const listed[] = {" ",    "0",     "A", "Zoe",        "ada",
                                     "ada ", "ada.b", "b", "zo\xc3\xab", "\xf0\x9f\x94\x91"};

static void put_listed(struct service *s)
{
    for (size_t i = ARRAY_LEN(listed); i-- > 0;)
        service_put_user(s, listed[i], PASSWORD);
}

/* Pages of SIZE, each beginning where the last one ended. */
static void list_in_pages(struct service *s, int32_t size)
{
    char token[STEP_TOKEN_MAX] = "";
    size_t seen = 0;

    do {
        struct answer a;
        Twofold__V1__ListUsersReply *page = list(s, size, token, &a);

        assert_true(page->n_users > 0 && page->n_users <= (size_t)size);
        for (size_t i = 0; i < page->n_users; i++)
            assert_string_equal(page->users[i]->username, listed[seen++]);
        snprintf(token, sizeof token, "%s", page->next_page_token);
        answer_free(&a);
    } while (*token);
    assert_int_equal(seen, ARRAY_LEN(listed));
}

static void users_are_listed_in_byte_order_in_pages_of_any_size(void **state)
{
    struct service *s = *state;

    put_listed(s);
    s->org = "other"; /* whose users are none of theirs */
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    service_put_user(s, "intruder", PASSWORD);
    s->org = NULL;
    for (int32_t size = 1; size <= 11; size++)
        list_in_pages(s, size);
}

static void a_page_begins_where_it_should_whatever_happened_since(void **state)
{
    struct service *s = *state;
    struct answer first, second;
    const char *token;

    put_listed(s);
    token = list(s, 5, "", &first)->next_page_token;
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    service_restart(s);
    assert_string_equal(list(s, 5, token, &second)->users[0]->username, "ada ");
    answer_free(&first);
    answer_free(&second);
}

static void page_tokens_of_others_are_refused(void **state)
{
    struct service *s = *state;
    struct answer a;
    char *step_token;
    char token[STEP_TOKEN_MAX];

    put_listed(s);
    snprintf(token, sizeof token, "%s", list(s, 2, "", &a)->next_page_token);
    step_token = service_issue(s, "ada");
    EXPECT(ERR_VALIDATION, ASK(s, "admin.list_users", {"page_token", step_token}));
    EXPECT(ERR_INVALID_TOKEN, ASK(s, "enrollment.begin", {"step_token", token}));
    s->org = "other";
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    EXPECT(ERR_VALIDATION, ASK(s, "admin.list_users", {"page_token", token}));
    s->org = NULL;
    EXPECT(ERR_OK, ASK(s, "admin.list_users", {"page_token", token}));
    token[10] = token[10] == 'A' ? 'B' : 'A';
    EXPECT(ERR_VALIDATION, ASK(s, "admin.list_users", {"page_token", token}));
    answer_free(&a);
    free(step_token);
}

static void the_list_tells_each_state(void **state)
{
    struct service *s = *state;
    static const int states[] = {NOT_ENROLLED, PENDING, CONFIRMED, ACTIVE, SUSPENDED};
    static const char *const who[] = {"1", "2", "3", "4", "5"};
    struct enrolled e;
    struct answer a;
    struct told begun;
    Twofold__V1__ListUsersReply *page;

    for (size_t i = 0; i < 3; i++)
        service_put_user(s, who[i], PASSWORD);
    service_enroll(s, who[3], &e);
    service_enroll(s, who[4], &e);
    fail_codes(s, who[4], &e, 100);
    EXPECT(ERR_OK, begin(s, who[1], NO_SECOND));
    begun = EXPECT(ERR_OK, begin(s, who[2], NO_SECOND));
    EXPECT(ERR_OK, confirm(s, &begun, false));
    page = list(s, 0, "", &a);
    assert_int_equal(page->n_users, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(page->users[i]->state, states[i]);
        assert_int_equal(status(s, who[i]).state, states[i]);
    }
    answer_free(&a);
    service_advance(s, 600);
    page = list(s, 0, "", &a);
    assert_int_equal(page->users[1]->state, NOT_ENROLLED); /* its time is over */
    answer_free(&a);
}

/* --- Help --- */

static void reset_and_unlock_end_a_suspension(void **state)
{
    static const struct {
        const char *method;
        int state;
    } helps[] = {{"admin.unlock", ACTIVE}, {"admin.reset_second_factor", NOT_ENROLLED}};
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(helps); i++) {
        char code[OTP_DIGITS_MAX + 1];
        struct enrolled e;
        enum err then = helps[i].state == ACTIVE ? ERR_OK : ERR_NOT_ENROLLED;

        service_enroll(s, "ada", &e);
        fail_codes(s, "ada", &e, 100);
        service_advance(s, 100000);
        assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_SUSPENDED);
        assert_int_equal(EXPECT(ERR_OK, ASK(s, helps[i].method, {"username", "ada"})).state,
                         helps[i].state);
        assert_int_equal(service_verify(s, "ada", code), then);
        EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(put_user_creates_once_and_then_changes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(put_user_twice_in_one_batch, set_up, tear_down),
    cmocka_unit_test_setup_teardown(delete_user_leaves_nothing_behind, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_is_not_there_is_not_found, set_up, tear_down),
    cmocka_unit_test_setup_teardown(users_are_listed_in_byte_order_in_pages_of_any_size, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_page_begins_where_it_should_whatever_happened_since, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(page_tokens_of_others_are_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_list_tells_each_state, set_up, tear_down),
    cmocka_unit_test_setup_teardown(reset_and_unlock_end_a_suspension, set_up, tear_down),
};
RUN(tests)
