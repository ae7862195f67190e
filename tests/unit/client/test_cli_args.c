#include "args.h"

#include "support/runner.h"

#include <stdlib.h>

/* Parses LINE, split at blanks, into RET; the words live in WORDS. */
static bool parse(const char *line, char words[512], struct args *ret, const char **ret_why)
{
    char *argv[64], *rest = words;
    size_t n = 0;
    const char *what;

    snprintf(words, 512, "%s", line);
    while (rest && n < 63)
        argv[n++] = strsep(&rest, " ");
    argv[n] = NULL;
    return args_parse(argv, ret, ret_why, &what);
}

static void options_stand_before_and_after_the_command(void **state)
{
    struct args args;
    const char *why;
    char words[512];

    (void)state;
    assert_true(
        parse("--org acme verify --json alice --timeout=7 --purpose pay", words, &args, &why));
    assert_string_equal(args.org, "acme");
    assert_true(args.json);
    assert_int_equal(args.timeout_s, 7);
    assert_string_equal(args.purpose, "pay");
    assert_int_equal(args.given, OPTION_PURPOSE);
    assert_int_equal(args.n_operands, 2);
    assert_string_equal(args.operands[0], "verify");
    assert_string_equal(args.operands[1], "alice");
}

static void two_dashes_end_the_options(void **state)
{
    struct args args;
    const char *why;
    char words[512];

    (void)state;
    assert_true(parse("status -- --json", words, &args, &why));
    assert_false(args.json);
    assert_string_equal(args.operands[1], "--json");
}

static void h_is_help(void **state)
{
    struct args args;
    const char *why;
    char words[512];

    (void)state;
    assert_true(parse("user -h", words, &args, &why));
    assert_true(args.help);
    assert_int_equal(args.n_operands, 1);
    assert_true(parse("status -- -h", words, &args, &why));
    assert_false(args.help);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const bad[] = {
        "--org",        "--nonsense",   "-o acme",    "--json=yes",   "--timeout 0",
        "--timeout -1", "--timeout 1x", "--timeout ", "--timeout  5", "--timeout 99999999999",
        "--count 0",    "--orga acme",  "--or acme",  "--=x",         "---json",
    };
    struct args args;
    const char *why;
    char words[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        why = NULL;
        assert_false(parse(bad[i], words, &args, &why));
        assert_non_null(why);
    }
}

static void too_many_operands_are_refused(void **state)
{
    struct args args;
    const char *why;
    char words[512], line[2 * OPERANDS_MAX + 3] = "";

    (void)state;
    for (size_t i = 0; i < OPERANDS_MAX; i++)
        memcpy(line + 2 * i, i + 1 < OPERANDS_MAX ? "x " : "x", i + 1 < OPERANDS_MAX ? 3 : 2);
    assert_true(parse(line, words, &args, &why));
    assert_int_equal(args.n_operands, OPERANDS_MAX);
    memcpy(line + 2 * OPERANDS_MAX - 1, " x", 3);
    assert_false(parse(line, words, &args, &why));
}

static void the_environment_gives_what_the_line_does_not(void **state)
{
    struct args args;
    const char *why;
    char words[512];

    (void)state;
    setenv("TWOFOLD_ORG", "from-env", 1);
    setenv("TWOFOLD_NATS_URL", "nats://env:4222", 1);
    setenv("TWOFOLD_NATS_CREDS", "", 1); /* empty: not given */
    assert_true(parse("--org from-line ping", words, &args, &why));
    assert_string_equal(args.org, "from-line");
    assert_string_equal(args.nats, "nats://env:4222");
    assert_null(args.creds);
    setenv("TWOFOLD_TIMEOUT", "soon", 1);
    assert_false(parse("ping", words, &args, &why));
    unsetenv("TWOFOLD_TIMEOUT");
    unsetenv("TWOFOLD_ORG");
    unsetenv("TWOFOLD_NATS_URL");
    unsetenv("TWOFOLD_NATS_CREDS");
}

/* A password on the command line is on every process list. */
static void no_option_takes_a_secret(void **state)
{
    static const char *const secrets[] = {"--password x",  "--secret x",   "--token x",
                                          "--code 123456", "--recovery X", "--uri x"};
    struct args args;
    const char *why;
    char words[512];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        if (parse(secrets[i], words, &args, &why))
            assert_int_equal(args.n_operands, 1); /* a flag: the word after it is an operand */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(options_stand_before_and_after_the_command),
    cmocka_unit_test(two_dashes_end_the_options),
    cmocka_unit_test(h_is_help),
    cmocka_unit_test(what_is_malformed_is_refused),
    cmocka_unit_test(too_many_operands_are_refused),
    cmocka_unit_test(the_environment_gives_what_the_line_does_not),
    cmocka_unit_test(no_option_takes_a_secret),
};

RUN(tests)
