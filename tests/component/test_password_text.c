/* Rule 12: which bytes are a password, and how it is kept. */
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static void rule_12_8_to_256_bytes(void **state)
{
    static const struct {
        size_t n;
        enum err err;
    } rows[] = {{0, ERR_VALIDATION}, {7, ERR_VALIDATION}, {8, ERR_OK},          {9, ERR_OK},
                {255, ERR_OK},       {256, ERR_OK},       {257, ERR_VALIDATION}};
    struct service *s = *state;
    char password[258];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct told t;

        memset(password, 'x', sizeof password);
        password[rows[i].n] = '\0';
        t = EXPECT(rows[i].err,
                   ASK(s, "admin.put_user", {"username", "ada"}, {"password", password}));
        assert_string_equal(t.field, rows[i].err == ERR_OK ? "" : "password");
        EXPECT(rows[i].err, ASK(s, "login.login", {"username", "ada"}, {"password", password}));
        EXPECT(rows[i].err,
               ASK(s, "login.confirm_password", {"username", "ada"}, {"password", password}));
        if (rows[i].n < 9 || rows[i].err != ERR_OK)
            continue;
        password[rows[i].n - 1] = 'y'; /* every byte counts, the last as well */
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.login", {"username", "ada"}, {"password", password}));
    }
}

/* No trimming, no folding, no normal form. */
static void rule_12_taken_as_they_are(void **state)
{
    static const struct {
        const char *password, *other;
    } rows[] = {
        {"caf\xc3\xa9 noir", "cafe\xcc\x81 noir"}, /* NFC, NFD */
        {"  padded  ", "padded"},
        {"  padded  ", "  padded "},
        {"Correct Horse", "correct horse"},
        {"tab\tand\nnewline", "tab and newline"},
        {"\xf0\x9f\x90\x8e\xf0\x9f\x94\x8b", "\xf0\x9f\x90\x8e\xf0\x9f\x94\x8c"},
        {"$scrypt$ln=1", "$scrypt$ln=2"},
    };
    struct service *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        service_put_user(s, "ada", rows[i].password);
        EXPECT(ERR_OK, ASK(s, "login.login", {"username", "ada"}, {"password", rows[i].password}));
        EXPECT(strlen(rows[i].other) < PASSWORD_MIN ? ERR_VALIDATION : ERR_WRONG_CREDENTIALS,
               ASK(s, "login.login", {"username", "ada"}, {"password", rows[i].other}));
    }
}

static void stored_phc(struct service *s, char ret[static PHC_MAX])
{
    struct store_txn *txn = NULL;
    struct user_id id = {.org = "default", .username = "ada"};
    struct user *u = calloc(1, sizeof *u);

    assert_non_null(u);
    assert_int_equal(s->store->ops->begin(s->store, &txn), ERR_OK);
    assert_int_equal(s->store->ops->load_user(txn, &id, u), ERR_OK);
    assert_int_equal(s->store->ops->open_password(txn, &id, u), ERR_OK);
    s->store->ops->abort(txn);
    memcpy(ret, u->password_phc, PHC_MAX);
    free(u);
}

/* The cost was raised: the next right password is hashed anew, and nobody notices. */
static void rule_12_rehash_when_the_cost_is_raised(void **state)
{
    static const char *const methods[] = {"login.login", "login.confirm_password"};
    struct service *s = *state;
    char before[PHC_MAX], after[PHC_MAX];
    char *token;

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        s->scrypt_ln = 4;
        service_restart(s);
        service_put_user(s, "ada", PASSWORD);
        token = service_issue(s, "ada");
        stored_phc(s, before);
        assert_non_null(strstr(before, "$scrypt$ln=4,"));
        s->scrypt_ln = 5;
        service_restart(s);
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, methods[i], {"username", "ada"}, {"password", "wrong horse"}));
        stored_phc(s, after);
        assert_string_equal(after, before);
        EXPECT(ERR_OK, ASK(s, methods[i], {"username", "ada"}, {"password", PASSWORD}));
        stored_phc(s, after);
        assert_non_null(strstr(after, "$scrypt$ln=5,"));
        EXPECT(ERR_OK, ASK(s, methods[i], {"username", "ada"}, {"password", PASSWORD}));
        EXPECT(ERR_OK,
               ASK(s, "enrollment.begin", {"step_token", token})); /* no credential changed */
        free(token);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(rule_12_8_to_256_bytes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_taken_as_they_are, set_up, tear_down),
    cmocka_unit_test_setup_teardown(rule_12_rehash_when_the_cost_is_raised, set_up, tear_down),
};
RUN(tests)
