#include "base/secret.h"

#include "support/runner.h"

static void wiping_empties_all_of_it(void **state)
{
    static const struct secret empty;
    struct secret s = {.n = SECRET_MAX};

    (void)state;
    memset(s.bytes, 0xee, sizeof s.bytes);
    assert_int_equal(secret_view(&s).n, SECRET_MAX);
    secret_wipe(&s);
    assert_memory_equal(&s, &empty, sizeof s);
    wipe(NULL, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(wiping_empties_all_of_it),
};

RUN(tests)
