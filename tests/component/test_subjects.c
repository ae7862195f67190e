/* Which subjects name a method of an organization, and which nothing. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/valid.h"

#include <stdlib.h>

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static enum err send_empty(struct service *s, const char *subject)
{
    struct answer a = service_send(s, subject, (struct bytes){.n = 0});
    enum err err = a.err;

    answer_free(&a);
    return err;
}

static const struct {
    const char *subject;
    enum err err;
} subjects[] = {
    /* Right up to the payload, which is empty. */
    {"twofold.v1.default.verification.verify", ERR_VALIDATION},
    {"twofold.v1.default.admin.get_policy", ERR_OK},
    /* Too few tokens, too many, empty ones, others. */
    {"", ERR_UNIMPLEMENTED},
    {"twofold", ERR_UNIMPLEMENTED},
    {"twofold.v1.", ERR_UNIMPLEMENTED},
    {"twofold.v1.default", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admin", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admin.", ERR_UNIMPLEMENTED},
    {"twofold.v1.default..get_policy", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admin.get_policy.", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admin.get_policy.more", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admin.get_polic", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admi.get_policy", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.administration.get_policy", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.login.get_policy", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.Admin.GetPolicy", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.*.get_policy", ERR_UNIMPLEMENTED},
    {"twofold.v1.default.admin.*", ERR_UNIMPLEMENTED},
    {"twofold.v2.default.admin.get_policy", ERR_UNIMPLEMENTED},
    {"Twofold.v1.default.admin.get_policy", ERR_UNIMPLEMENTED},
    {"twofold.audit.v1.default.admin.get_policy", ERR_UNIMPLEMENTED},
    /* Organizations: 1..64 of [A-Za-z0-9_-]. */
    {"twofold.v1.AZaz09_-.admin.get_policy", ERR_NOT_FOUND},
    {"twofold.v1.Default.admin.get_policy", ERR_NOT_FOUND},
    {"twofold.v1." SIXTY "abcd.admin.get_policy", ERR_NOT_FOUND},
    {"twofold.v1." SIXTY "abcde.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1..admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.*.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.>.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.de fault.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.default\n.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.d\xc3\xa9"
     "fault.admin.get_policy",
     ERR_VALIDATION},
    {"twofold.v1.\xff.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.a/b.admin.get_policy", ERR_VALIDATION},
    {"twofold.v1.default.more.admin.get_policy", ERR_UNIMPLEMENTED},
};

static void subjects_name_a_method_or_nothing(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        enum err err = send_empty(*state, subjects[i].subject);

        if (err != subjects[i].err)
            fail_msg("\"%s\" answered %s", subjects[i].subject, err_name(err));
    }
}

static void a_bad_organization_is_said_to_be_the_organization(void **state)
{
    struct answer a = service_send(*state, "twofold.v1.*.admin.get_policy", (struct bytes){.n = 0});

    assert_int_equal(a.error->n_violations, 1);
    assert_string_equal(a.error->violations[0]->field, "org");
    answer_free(&a);
}

static void an_unknown_org_is_not_found_for_every_method_but_put_policy(void **state)
{
    struct service *s = *state;
    size_t before = peek_events(s);
    struct org org;

    s->org = "nowhere";
    for (size_t i = 0; i < n_valid; i++)
        if (strcmp(valid[i].method, "admin.put_policy") != 0)
            EXPECT(ERR_NOT_FOUND, ask(s, valid[i].method, valid[i].fields));
    peek_org(s, "nowhere", &org);
    assert_false(org.exists);
    assert_int_equal(peek_events(s), before);
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    EXPECT(ERR_OK, ASK(s, "admin.get_policy", {NULL, NULL}));
    peek_org(s, "nowhere", &org);
    assert_true(org.exists);
}

/* Same names, another organization: another user. */
static void users_of_two_organizations_share_nothing(void **state)
{
    struct service *s = *state;
    struct enrolled e;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &e);
    s->org = "other";
    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    assert_int_equal(status(s, "ada").state, NOT_ENROLLED);
    assert_int_equal(service_verify(s, "ada", app_code(&e.app, s, 0, code)), ERR_NOT_ENROLLED);
    EXPECT(ERR_NOT_FOUND, ASK(s, "admin.unlock", {"username", "ada"}));
    EXPECT(ERR_WRONG_CREDENTIALS,
           ASK(s, "login.confirm_password", {"username", "ada"}, {"password", PASSWORD}));
    s->org = NULL;
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(subjects_name_a_method_or_nothing, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_bad_organization_is_said_to_be_the_organization, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(an_unknown_org_is_not_found_for_every_method_but_put_policy,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(users_of_two_organizations_share_nothing, set_up, tear_down),
};
RUN(tests)
