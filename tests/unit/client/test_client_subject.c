#include "subject.h"

#include "support/runner.h"

#include <twofold/v1/admin.pb-c.h>
#include <twofold/v1/enrollment.pb-c.h>
#include <twofold/v1/login.pb-c.h>
#include <twofold/v1/verification.pb-c.h>

static const ProtobufCServiceDescriptor *const services[] = {
    &twofold__v1__admin__descriptor, &twofold__v1__enrollment__descriptor,
    &twofold__v1__login__descriptor, &twofold__v1__verification__descriptor};

/* The contract, written out by hand. */
static const char *const subjects[] = {
    "twofold.v1.acme.admin.put_user",
    "twofold.v1.acme.admin.delete_user",
    "twofold.v1.acme.admin.list_users",
    "twofold.v1.acme.admin.reset_second_factor",
    "twofold.v1.acme.admin.unlock",
    "twofold.v1.acme.admin.get_policy",
    "twofold.v1.acme.admin.put_policy",
    "twofold.v1.acme.admin.issue_step_token",
    "twofold.v1.acme.admin.import_authenticator",
    "twofold.v1.acme.admin.import_user",
    "twofold.v1.acme.admin.checkpoint_audit",
    "twofold.v1.acme.enrollment.begin",
    "twofold.v1.acme.enrollment.confirm",
    "twofold.v1.acme.enrollment.complete",
    "twofold.v1.acme.enrollment.cancel",
    "twofold.v1.acme.enrollment.disable",
    "twofold.v1.acme.enrollment.regenerate_recovery_codes",
    "twofold.v1.acme.login.confirm_password",
    "twofold.v1.acme.login.login",
    "twofold.v1.acme.verification.verify",
    "twofold.v1.acme.verification.get_status",
};

static void every_method_has_its_subject(void **state)
{
    char subject[SUBJECT_SIZE];
    size_t at = 0;

    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(services); s++)
        for (unsigned m = 0; m < services[s]->n_methods; m++) {
            struct twofold_call call = {.service = services[s],
                                        .method = services[s]->methods[m].name};

            assert_true(at < ARRAY_LEN(subjects));
            assert_int_equal(twofold_subject("acme", &call, subject, sizeof subject), TWOFOLD_OK);
            assert_string_equal(subject, subjects[at++]);
        }
    assert_int_equal(at, ARRAY_LEN(subjects));
}

static void an_org_is_one_token(void **state)
{
    static const char *const bad[] = {"",     "*",        ">",     "a.b",   "a b", "a\r\nPUB x 0",
                                      "a\tb", "\xc3\xa4", "acme.", ".acme", "a*",  "$SRV",
                                      "a/b"};
    char longest[TWOFOLD_ORG_MAX + 2], subject[SUBJECT_SIZE];
    struct twofold_call call = {.service = services[0], .method = "RegenerateRecoveryCodes"};

    (void)state;
    call.service = &twofold__v1__enrollment__descriptor;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(org_valid(bad[i]));
        assert_int_equal(twofold_subject(bad[i], &call, subject, sizeof subject), TWOFOLD_USAGE);
    }
    memset(longest, 'x', sizeof longest);
    longest[TWOFOLD_ORG_MAX + 1] = '\0';
    assert_false(org_valid(longest));
    longest[TWOFOLD_ORG_MAX] = '\0';
    assert_int_equal(twofold_subject(longest, &call, subject, sizeof subject), TWOFOLD_OK);
    assert_true(org_valid("Ab_9-"));
}

static void what_is_no_method_has_no_subject(void **state)
{
    char subject[SUBJECT_SIZE] = "untouched";
    struct twofold_call call = {.service = &twofold__v1__login__descriptor, .method = "login"};

    (void)state;
    assert_int_equal(twofold_subject("acme", &call, subject, sizeof subject), TWOFOLD_USAGE);
    call.method = NULL;
    assert_int_equal(twofold_subject("acme", &call, subject, sizeof subject), TWOFOLD_USAGE);
    call.method = "Login";
    assert_int_equal(twofold_subject("acme", &call, subject, 27), TWOFOLD_USAGE);
    assert_string_equal(subject, "untouched");
    assert_int_equal(twofold_subject("acme", &call, subject, 28), TWOFOLD_OK);
    call.service = NULL;
    assert_int_equal(twofold_subject("acme", &call, subject, sizeof subject), TWOFOLD_USAGE);
}

static void audit_subjects_narrow_to_a_category_or_a_type(void **state)
{
    static const char *const bad[] = {"",  ".",   "login.", ".failed", "login.*", ">",
                                      "*", "a b", "a.b.c",  "LOGIN",   "a\r\nb",  "login.failed.x"};
    char subject[SUBJECT_SIZE];

    (void)state;
    assert_true(audit_subject("acme", NULL, subject));
    assert_string_equal(subject, "twofold.audit.v1.acme.>");
    assert_true(audit_subject("acme", "login", subject));
    assert_string_equal(subject, "twofold.audit.v1.acme.login.>");
    assert_true(audit_subject("acme", "login.code_required", subject));
    assert_string_equal(subject, "twofold.audit.v1.acme.login.code_required");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(audit_subject("acme", bad[i], subject));
}

/* The service answers at _INBOX.> and nowhere else. */
static void an_inbox_prefix_is_below_the_inbox(void **state)
{
    static const char *const bad[] = {"",           ".",          "_INBOX.",    "_INBOX..x",
                                      "_INBOX.>",   "_INBOX.*",   "_INBOX.a b", "_INBOX.a\r\nb",
                                      "_INBOX_app", "_INBOXES.a", "_inbox",     "app",
                                      "x._INBOX"};

    (void)state;
    assert_true(inbox_prefix_valid("_INBOX"));
    assert_true(inbox_prefix_valid("_INBOX.app.acme"));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(inbox_prefix_valid(bad[i]));
}

static void a_violation_names_its_subject(void **state)
{
    static const char *const others[] = {"",
                                         "Permissions Violation for Subscription to \"a.b\"",
                                         "Permissions Violation for Publish to \"",
                                         "Permissions Violation for Publish to \"\"",
                                         "Permissions Violation for Publish to \"a.b",
                                         "Authorization Violation"};
    char subject[SUBJECT_SIZE], text[SUBJECT_SIZE + 64];

    (void)state;
    assert_true(subject_of_violation("Permissions Violation for Publish to \"a.b\"", subject));
    assert_string_equal(subject, "a.b");
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(subject_of_violation(others[i], subject));
    snprintf(text, sizeof text, "Permissions Violation for Publish to \"%0*d\"", SUBJECT_SIZE, 0);
    assert_false(subject_of_violation(text, subject));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_violation_names_its_subject),
    cmocka_unit_test(every_method_has_its_subject),
    cmocka_unit_test(an_org_is_one_token),
    cmocka_unit_test(what_is_no_method_has_no_subject),
    cmocka_unit_test(audit_subjects_narrow_to_a_category_or_a_type),
    cmocka_unit_test(an_inbox_prefix_is_below_the_inbox),
};

RUN(tests)
