#include "core/audit.h"

#include "support/runner.h"

static void every_type_has_a_category_and_an_event_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AUDIT_TYPES; i++) {
        const char *text = audit_type_text((enum audit_type)i);
        const char *dot = strchr(text, '.');

        /* Both are tokens of a subject. */
        assert_non_null(dot);
        assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz_."), strlen(text));
        assert_true(dot > text && dot[1] != '\0');
        assert_null(strchr(dot + 1, '.'));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(text, audit_type_text((enum audit_type)k));
    }
    assert_string_equal(audit_type_text(AUDIT_LOGIN_CODE_REQUIRED), "login.code_required");
}

static void facts_keep_their_order(void **state)
{
    struct audit_facts f = {0};

    (void)state;
    for (unsigned i = 0; i < AUDIT_FACTS_MAX; i++)
        audit_add(&f, (struct audit_fact){.type = (enum audit_type)i, .outcome = AUDIT_DENIED});
    assert_int_equal(f.n, AUDIT_FACTS_MAX);
    for (unsigned i = 0; i < AUDIT_FACTS_MAX; i++)
        assert_int_equal(f.at[i].type, i);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_type_has_a_category_and_an_event_of_its_own),
    cmocka_unit_test(facts_keep_their_order),
};
RUN(tests)
