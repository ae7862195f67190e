/*
 * Main of every cmocka test: RUN(tests) runs all of them, or the one named by argv[1]; a name that
 * is not there fails, so that no test can be listed and not run.
 */
#ifndef TWOFOLD_TESTS_SUPPORT_RUNNER_H
#define TWOFOLD_TESTS_SUPPORT_RUNNER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static inline int run_named(int argc, char **argv, const struct CMUnitTest *tests, size_t n)
{
    if (argc < 2)
        return _cmocka_run_group_tests("all", tests, n, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        if (strcmp(tests[i].name, argv[1]) == 0)
            return _cmocka_run_group_tests(argv[1], &tests[i], 1, NULL, NULL);
    fprintf(stderr, "no test named %s\n", argv[1]);
    return 2;
}

#define RUN(tests)                                                               \
    int main(int argc, char **argv)                                              \
    {                                                                            \
        return run_named(argc, argv, tests, sizeof(tests) / sizeof((tests)[0])); \
    }

#endif
