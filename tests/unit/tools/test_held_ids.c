#include "tools/held_ids.h"

#include "support/runner.h"

static void of_many_ids_each_is_found_and_no_other(void **state)
{
    auto_held_ids ids = {0};
    char id[HELD_ID_BYTES];

    (void)state;
    assert_false(held_ids_has(&ids, "never"));
    for (unsigned i = 0; i < 20000; i++) { /* in no order */
        snprintf(id, sizeof id, "%08x-0000-7000-8000-%012x", i * 2654435761U, i);
        assert_int_equal(held_ids_add(&ids, id), ERR_OK);
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(id, sizeof id, "%08x-0000-7000-8000-%012x", i * 2654435761U, i);
        assert_true(held_ids_has(&ids, id));
        snprintf(id, sizeof id, "%08x-0000-7000-8000-%012x", i * 2654435761U, i + 1);
        assert_false(held_ids_has(&ids, id));
    }
    assert_false(held_ids_has(&ids, ""));
}

static void what_is_added_after_a_look_is_found(void **state)
{
    auto_held_ids ids = {0};

    (void)state;
    assert_int_equal(held_ids_add(&ids, "b"), ERR_OK);
    assert_true(held_ids_has(&ids, "b"));
    assert_int_equal(held_ids_add(&ids, "a"), ERR_OK);
    assert_int_equal(held_ids_add(&ids, "a"), ERR_OK);
    assert_true(held_ids_has(&ids, "a"));
    assert_true(held_ids_has(&ids, "b"));
}

static void an_id_too_long_is_none_of_ours(void **state)
{
    auto_held_ids ids = {0};
    char longer[HELD_ID_BYTES + 1];

    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[HELD_ID_BYTES] = '\0';
    assert_int_equal(held_ids_add(&ids, longer), ERR_OK);
    assert_false(held_ids_has(&ids, longer));
    longer[HELD_ID_BYTES - 1] = '\0';
    assert_int_equal(held_ids_add(&ids, longer), ERR_OK);
    assert_true(held_ids_has(&ids, longer));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(of_many_ids_each_is_found_and_no_other),
    cmocka_unit_test(what_is_added_after_a_look_is_found),
    cmocka_unit_test(an_id_too_long_is_none_of_ours),
};
RUN(tests)
