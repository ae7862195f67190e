#include "base/err.h"

#include "support/runner.h"

#include <ctype.h>

static const enum err all[] = {ERR_OK,
#define X(name, code, text) ERR_##name,
                               ERR_LIST(X)
#undef X
};

/* Both are what callers see: a change of either breaks the contract. */
static void codes_are_those_of_the_contract(void **state)
{
    static const struct {
        enum err err;
        const char *name;
        unsigned code;
    } contract[] = {
        {ERR_OK, "OK", 200},
        {ERR_VALIDATION, "VALIDATION", 422},
        {ERR_WRONG_CREDENTIALS, "WRONG_CREDENTIALS", 401},
        {ERR_INVALID_TOKEN, "INVALID_TOKEN", 401},
        {ERR_CODE_REJECTED, "CODE_REJECTED", 403},
        {ERR_LOCKED, "LOCKED", 429},
        {ERR_SUSPENDED, "SUSPENDED", 403},
        {ERR_ALREADY_ENROLLED, "ALREADY_ENROLLED", 409},
        {ERR_NOT_ENROLLED, "NOT_ENROLLED", 409},
        {ERR_CONFLICT, "CONFLICT", 409},
        {ERR_NOT_FOUND, "NOT_FOUND", 404},
        {ERR_POLICY_FORBIDS, "POLICY_FORBIDS", 403},
        {ERR_TOO_LARGE, "TOO_LARGE", 413},
        {ERR_UNIMPLEMENTED, "UNIMPLEMENTED", 501},
        {ERR_EXHAUSTED, "EXHAUSTED", 503},
        {ERR_UNAVAILABLE, "UNAVAILABLE", 503},
        {ERR_INTERNAL, "INTERNAL", 500},
    };

    (void)state;
    assert_int_equal(ARRAY_LEN(contract), ARRAY_LEN(all));
    for (size_t i = 0; i < ARRAY_LEN(contract); i++) {
        assert_string_equal(err_name(contract[i].err), contract[i].name);
        assert_int_equal(err_code(contract[i].err), contract[i].code);
    }
}

static void every_text_is_one_sentence_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const char *text = err_text(all[i]);

        assert_true(isupper((unsigned char)text[0]));
        assert_int_equal(text[strlen(text) - 1], '.');
        assert_null(strchr(text, '%'));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, err_text(all[j]));
    }
}

static void an_unknown_error_is_an_internal_one(void **state)
{
    (void)state;
    assert_int_equal(err_code((enum err)1000), 500);
    assert_string_equal(err_name((enum err)1000), "INTERNAL");
}

static void a_fault_saturates(void **state)
{
    struct {
        struct fault fault;
        char guard[64];
    } f = {.guard = "untouched"};

    (void)state;
    for (unsigned i = 0; i < 3 * FAULT_VIOLATIONS_MAX; i++)
        fault_add(&f.fault, i ? "next" : "first", "is wrong");
    assert_int_equal(f.fault.n, FAULT_VIOLATIONS_MAX);
    assert_string_equal(f.fault.at[0].field, "first");
    assert_string_equal(f.fault.at[FAULT_VIOLATIONS_MAX - 1].field, "next");
    assert_string_equal(f.guard, "untouched");
}

static void a_diag_is_cut_at_its_end(void **state)
{
    char large[2 * sizeof((struct diag *)0)->text];
    struct diag d;

    (void)state;
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    diag_set(&d, "%s", large);
    assert_int_equal(strlen(d.text), sizeof d.text - 1);
    diag_set(&d, "%s: %d", "port", 4222);
    assert_string_equal(d.text, "port: 4222");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(codes_are_those_of_the_contract),
    cmocka_unit_test(every_text_is_one_sentence_of_its_own),
    cmocka_unit_test(an_unknown_error_is_an_internal_one),
    cmocka_unit_test(a_fault_saturates),
    cmocka_unit_test(a_diag_is_cut_at_its_end),
};

RUN(tests)
