/* Routes are made once, from the descriptors; requests find theirs by the subject. */
#include "rpc/route.h"

#include "support/runner.h"

#include <stdlib.h>
#include <twofold/v1/audit.pb-c.h>
#include <twofold/v1/login.pb-c.h>

static int set_up(void **state)
{
    struct routes *r = calloc(1, sizeof *r);

    assert_non_null(r);
    assert_int_equal(routes_init(r), ERR_OK);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void a_route_knows_its_verb_and_its_purpose(void **state)
{
    const struct routes *r = *state;

    for (size_t i = 0; i < r->n; i++) {
        char verb[ROUTE_VERB_MAX + 1];

        snprintf(verb, sizeof verb, "%s.%s", r->at[i].service, r->at[i].name);
        assert_string_equal(r->at[i].verb, verb);
        assert_int_equal(strncmp(r->at[i].purpose, "twofold:", 8), 0);
        assert_string_equal(r->at[i].purpose + 8, verb);
    }
}

/* Of each subject every character after the organization, changed alone, and every end cut off. */
static void only_the_whole_verb_is_found(void **state)
{
    static const char prefix[] = "twofold.v1.acme.";
    struct routes *r = *state;
    char org[ORG_MAX + 1], subject[128];
    struct route *found;

    for (size_t i = 0; i < r->n; i++) {
        snprintf(subject, sizeof subject, "%s%s", prefix, r->at[i].verb);
        assert_int_equal(route_find(r, subject, org, &found), ERR_OK);
        assert_ptr_equal(found, &r->at[i]);
        assert_string_equal(org, "acme");
        for (size_t k = sizeof prefix - 1; subject[k]; k++) {
            const char right = subject[k];

            subject[k] = right == 'x' ? 'y' : 'x';
            assert_int_equal(route_find(r, subject, org, &found), ERR_UNIMPLEMENTED);
            subject[k] = '\0';
            assert_int_equal(route_find(r, subject, org, &found), ERR_UNIMPLEMENTED);
            subject[k] = right;
        }
    }
}

/* What would be ignored silently otherwise stops the start. */
static void a_field_without_a_parser_is_an_error(void **state)
{
    const struct rpc_method *method = &rpc_methods[0];
    struct parse_plan plan;

    (void)state;
    assert_int_equal(parse_plan_make(method, &twofold__v1__login_request__descriptor, &plan),
                     ERR_OK);
    assert_int_equal(parse_plan_make(method, &twofold__v1__login_reply__descriptor, &plan),
                     ERR_INTERNAL);
    assert_int_equal(parse_plan_make(method, &twofold__v1__audit_event__descriptor, &plan),
                     ERR_INTERNAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_route_knows_its_verb_and_its_purpose, set_up, tear_down),
    cmocka_unit_test_setup_teardown(only_the_whole_verb_is_found, set_up, tear_down),
    cmocka_unit_test(a_field_without_a_parser_is_an_error),
};

RUN(tests)
