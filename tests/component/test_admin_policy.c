/* GetPolicy and PutPolicy: which fields are set, to what, and what is refused. */
#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include <stdlib.h>

static const ProtobufCMessageDescriptor *const type = &twofold__v1__policy__descriptor;

static int32_t *number_at(Twofold__V1__Policy *p, const char *field)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(type, field);

    assert_non_null(f);
    return (int32_t *)(void *)((uint8_t *)p + f->offset);
}

/* Sends POLICY with a mask of one name, or none. */
static struct answer put(struct service *s, Twofold__V1__Policy *policy, const char *mask)
{
    Twofold__V1__PutPolicyRequest ask;
    char *names[] = {(char *)(uintptr_t)mask};

    twofold__v1__put_policy_request__init(&ask);
    ask.policy = policy;
    ask.update_mask = names;
    ask.n_update_mask = mask != NULL;
    return service_call(s, "admin.put_policy", &ask.base);
}

static Twofold__V1__Policy *get(struct service *s, struct answer *ret)
{
    Twofold__V1__GetPolicyRequest ask;

    twofold__v1__get_policy_request__init(&ask);
    *ret = service_call(s, "admin.get_policy", &ask.base);
    assert_int_equal(ret->err, ERR_OK);
    return ((Twofold__V1__GetPolicyReply *)ret->reply)->policy;
}

static const struct {
    const char *field;
    int32_t fallback, good[4], bad[5]; /* lists end with END; zero may be either */
} numbers[] = {
#define END (-99)
    {"mode", 2, {1, 2, 3, END}, {0, 4, -1, INT32_MAX, INT32_MIN}},
    {"algorithm", 1, {1, 2, 3, END}, {0, 4, -1, INT32_MAX, INT32_MIN}},
    {"digits", 6, {6, 8, END, 0}, {0, 7, 9, -6, INT32_MAX}},
    {"period", 30, {30, 60, END, 0}, {0, 29, 31, 90, -30}},
    {"skew_steps", 1, {0, 1, 2, END}, {-1, 3, INT32_MAX, INT32_MIN, END}},
    {"max_failures", 5, {1, 10, END, 0}, {0, 11, -1, INT32_MAX, INT32_MIN}},
    {"lockout_seconds", 30, {1, 3600, END, 0}, {0, 3601, -1, INT32_MAX, INT32_MIN}},
    {"enrollment_ttl_seconds", 600, {60, 86400, END, 0}, {0, 59, 86401, -1, INT32_MAX}},
    {"step_token_ttl_seconds", 300, {30, 3600, END, 0}, {0, 29, 3601, -1, INT32_MIN}},
    {"recovery_code_count", 10, {0, 1, 16, END}, {-1, 17, INT32_MAX, INT32_MIN, END}},
    {"max_authenticators", 1, {1, 10, END, 0}, {0, 11, -1, INT32_MAX, INT32_MIN}},
};

static void is_default(const Twofold__V1__Policy *p)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        assert_int_equal(*number_at((Twofold__V1__Policy *)(uintptr_t)p, numbers[i].field),
                         numbers[i].fallback);
    assert_string_equal(p->issuer, "Twofold");
    assert_true(p->disable_requires_code);
}

static void the_defaults_are_those_of_the_contract(void **state)
{
    struct answer a;

    is_default(get(*state, &a));
    answer_free(&a);
    assert_int_equal(ARRAY_LEN(numbers) + 2, type->n_fields); /* the table has them all */
}

static void set_one(struct service *s, size_t i, int32_t value, bool masked)
{
    Twofold__V1__Policy policy;
    struct answer a;

    twofold__v1__policy__init(&policy);
    *number_at(&policy, numbers[i].field) = value;
    a = put(s, &policy, masked ? numbers[i].field : NULL);
    assert_int_equal(a.err, ERR_OK);
    assert_int_equal(*number_at(((Twofold__V1__PutPolicyReply *)a.reply)->policy, numbers[i].field),
                     value);
    answer_free(&a);
    assert_int_equal(*number_at(get(s, &a), numbers[i].field), value);
    answer_free(&a);
}

/* By mask, and, where it is not zero, without one. */
static void every_field_takes_its_values(void **state)
{
    struct service *s = *state;
    struct answer a;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        for (size_t k = 0; numbers[i].good[k] != END; k++)
            set_one(s, i, numbers[i].good[k], true);
        for (size_t k = 0; numbers[i].good[k] != END; k++)
            if (numbers[i].good[k])
                set_one(s, i, numbers[i].good[k], false);
        set_one(s, i, numbers[i].fallback, true);
    }
    service_restart(s);
    is_default(get(s, &a));
    answer_free(&a);
}

static void refuse_one(struct service *s, size_t i, int32_t value)
{
    Twofold__V1__Policy policy;
    struct answer a;

    twofold__v1__policy__init(&policy);
    *number_at(&policy, numbers[i].field) = value;
    a = put(s, &policy, numbers[i].field);
    if (a.err != ERR_VALIDATION)
        fail_msg("%s %d answered %s", numbers[i].field, (int)value, err_name(a.err));
    assert_int_equal(a.error->n_violations, 1);
    assert_string_equal(a.error->violations[0]->field, numbers[i].field);
    answer_free(&a);
}

static void every_field_has_bounds(void **state)
{
    struct service *s = *state;
    struct answer a;
    size_t before = peek_events(s);

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        for (size_t k = 0; k < 5 && numbers[i].bad[k] != END; k++)
            refuse_one(s, i, numbers[i].bad[k]);
    assert_int_equal(peek_events(s), before);
    is_default(get(s, &a));
    answer_free(&a);
}

static void all_bounds_are_told_at_once_and_nothing_is_set(void **state)
{
    Twofold__V1__Policy policy;
    char issuer[] = "a:b";
    struct answer a;

    twofold__v1__policy__init(&policy);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        *number_at(&policy, numbers[i].field) = -5;
    policy.issuer = issuer;
    a = put(*state, &policy, NULL);
    assert_int_equal(a.err, ERR_VALIDATION);
    assert_int_equal(a.error->n_violations, 12);
    answer_free(&a);
    /* One bad field keeps the good ones from being set as well. */
    twofold__v1__policy__init(&policy);
    policy.digits = 8;
    policy.period = 31;
    a = put(*state, &policy, NULL);
    assert_int_equal(a.err, ERR_VALIDATION);
    answer_free(&a);
    is_default(get(*state, &a));
    answer_free(&a);
}

static void a_mask_sets_what_it_names_and_no_more(void **state)
{
    Twofold__V1__Policy policy;
    Twofold__V1__Policy *now;
    struct answer a;

    twofold__v1__policy__init(&policy);
    policy.digits = 8;
    policy.period = 60;
    policy.disable_requires_code = false;
    a = put(*state, &policy, "period");
    assert_int_equal(a.err, ERR_OK);
    answer_free(&a);
    now = get(*state, &a);
    assert_int_equal(now->period, 60);
    assert_int_equal(now->digits, 6);
    assert_true(now->disable_requires_code);
    answer_free(&a);
    /* Only a mask can set what is zero. */
    a = put(*state, &policy, "disable_requires_code");
    assert_int_equal(a.err, ERR_OK);
    assert_false(((Twofold__V1__PutPolicyReply *)a.reply)->policy->disable_requires_code);
    answer_free(&a);
}

static void masks_name_fields_of_a_policy(void **state)
{
    static const char *const unknown[] = {"", "Mode", "policy.mode", "mode,digits", "*", "mode "};
    Twofold__V1__Policy policy;

    twofold__v1__policy__init(&policy);
    policy.mode = TWOFOLD__V1__POLICY__MODE__DISABLED;
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        struct answer a = put(*state, &policy, unknown[i]);

        assert_int_equal(a.err, ERR_VALIDATION);
        assert_string_equal(a.error->violations[0]->field, "update_mask");
        answer_free(&a);
    }
}

static void issuers_are_1_to_64_bytes(void **state)
{
    static const struct {
        const char *issuer;
        enum err err;
    } issuers[] = {
        {"A", ERR_OK},
        {"0123456789012345678901234567890123456789012345678901234567890123", ERR_OK},
        {"01234567890123456789012345678901234567890123456789012345678901234", ERR_VALIDATION},
        {"", ERR_VALIDATION},
        {"a:b", ERR_VALIDATION},
        {"a\nb", ERR_VALIDATION},
    };

    for (size_t i = 0; i < ARRAY_LEN(issuers); i++) {
        Twofold__V1__Policy policy;
        struct answer a;

        twofold__v1__policy__init(&policy);
        policy.issuer = (char *)(uintptr_t)issuers[i].issuer;
        a = put(*state, &policy, "issuer");
        assert_int_equal(a.err, issuers[i].err);
        if (a.error)
            assert_string_equal(a.error->violations[0]->field, "issuer");
        answer_free(&a);
    }
}

static void a_refused_policy_creates_no_organization(void **state)
{
    struct service *s = *state;
    Twofold__V1__Policy policy;
    struct answer a;
    struct org org;

    twofold__v1__policy__init(&policy);
    s->org = "fresh";
    policy.digits = 7;
    a = put(s, &policy, NULL);
    assert_int_equal(a.err, ERR_VALIDATION);
    answer_free(&a);
    peek_org(s, "fresh", &org);
    assert_false(org.exists);
    policy.digits = 8;
    a = put(s, &policy, NULL);
    assert_int_equal(a.err, ERR_OK);
    answer_free(&a);
    assert_int_equal(get(s, &a)->digits, 8);
    assert_int_equal(((Twofold__V1__GetPolicyReply *)a.reply)->policy->mode, OPTIONAL);
    answer_free(&a);
    s->org = NULL;
    is_default(get(s, &a));
    answer_free(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_defaults_are_those_of_the_contract, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_field_takes_its_values, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_field_has_bounds, set_up, tear_down),
    cmocka_unit_test_setup_teardown(all_bounds_are_told_at_once_and_nothing_is_set, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_mask_sets_what_it_names_and_no_more, set_up, tear_down),
    cmocka_unit_test_setup_teardown(masks_name_fields_of_a_policy, set_up, tear_down),
    cmocka_unit_test_setup_teardown(issuers_are_1_to_64_bytes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_refused_policy_creates_no_organization, set_up, tear_down),
};
RUN(tests)
