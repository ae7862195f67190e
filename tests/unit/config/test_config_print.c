#include "config/row.h"
#include "support/runner.h"

#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 32 * 1024, LINES_MAX = 128 };

static struct config config;
static enum config_action action;
static struct config_mistakes mistakes;

static void print_to(char text[TEXT_MAX], const struct config *c)
{
    FILE *out = fmemopen(text, TEXT_MAX, "w");

    assert_non_null(out);
    if (c)
        config_print(c, out);
    else
        config_help(out);
    fclose(out);
}

static void help_lists_every_row(void **state)
{
    static char text[TEXT_MAX];

    (void)state;
    print_to(text, NULL);
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        assert_non_null(strstr(text, config_rows[i].env));
        assert_non_null(strstr(text, config_rows[i].flag));
        assert_non_null(strstr(text, config_rows[i].fallback));
        assert_non_null(strstr(text, config_rows[i].doc));
    }
    for (size_t i = 0; i < CONFIG_ACTION_FLAGS; i++)
        assert_non_null(strstr(text, config_action_flags[i].flag));
    for (size_t i = 0; i < CONFIG_COMMANDS; i++) {
        assert_non_null(strstr(text, config_commands[i].operands));
        assert_non_null(strstr(text, config_commands[i].doc));
    }
    assert_non_null(strstr(text, "Exit codes"));
}

/* The flag is the variable's name in another dress, so that knowing one is knowing the other. */
static void flags_and_variables_have_the_same_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        const char *env = config_rows[i].env + strlen("TWOFOLD_");
        const char *flag = config_rows[i].flag + strlen("--");

        assert_int_equal(strlen(env), strlen(flag));
        for (; *env; env++, flag++)
            assert_int_equal(*flag, *env == '_' ? '-' : *env - 'A' + 'a');
    }
}

/* Lets a real shell read the file, as an operator would, and loads from what it then exports. */
static enum err load_printed(const char *text)
{
    static char lines[LINES_MAX][CONFIG_TEXT_MAX + 64];
    char *envp[LINES_MAX + 1] = {NULL}, program[] = "twofoldd";
    char path[] = "/tmp/twofold-test-XXXXXX", command[256];
    int fd = mkstemp(path), n = 0;
    FILE *shell;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    snprintf(command, sizeof command, "env -i sh -c 'set -a; . %s; env' | grep ^TWOFOLD_", path);
    shell = popen(command, "r");
    assert_non_null(shell);
    while (n < LINES_MAX && fgets(lines[n], sizeof lines[n], shell)) {
        lines[n][strcspn(lines[n], "\n")] = '\0';
        envp[n] = lines[n];
        n++;
    }
    pclose(shell);
    unlink(path);
    assert_int_equal(n, CONFIG_ROWS);
    return config_read(1, (char *[]){program, NULL}, envp, &config, &action, &mistakes);
}

static void assert_round_trip(char **argv, int argc)
{
    static char before[TEXT_MAX], after[TEXT_MAX];
    char *no_envp[] = {NULL};

    assert_int_equal(config_read(argc, argv, no_envp, &config, &action, &mistakes), ERR_OK);
    print_to(before, &config);
    memset(&config, 0, sizeof config);
    assert_int_equal(load_printed(before), ERR_OK);
    print_to(after, &config);
    assert_string_equal(before, after);
}

static void what_is_printed_loads_again(void **state)
{
    char *defaults[] = {(char[]){"twofoldd"}, NULL};
    char *all_set[] = {(char[]){"twofoldd"},
                       (char[]){"--nats-url=tls://bus.example:4223"},
                       (char[]){"--data-dir=/srv/it's $HOME `id` \\ \"a\" # b"},
                       (char[]){"--keyring-file=/srv/k;ls&"},
                       (char[]){"--nats-creds=/dev/null"},
                       (char[]){"--log-level=debug"},
                       (char[]){"--db-size-mb=17"},
                       (char[]){"--scrypt-ln=15"},
                       (char[]){"--password-threads=64"},
                       (char[]){"--confine=off"},
                       NULL};

    (void)state;
    assert_round_trip(defaults, 1);
    assert_round_trip(all_set, (int)ARRAY_LEN(all_set) - 1);
    assert_string_equal(config.data_dir, "/srv/it's $HOME `id` \\ \"a\" # b");
    assert_int_equal(config.password_threads, 64);
    assert_false(config.confine);
}

static void every_value_stands_under_its_meaning(void **state)
{
    static char text[TEXT_MAX];
    char *argv[] = {(char[]){"twofoldd"}, NULL}, *envp[] = {NULL};

    (void)state;
    assert_int_equal(config_read(1, argv, envp, &config, &action, &mistakes), ERR_OK);
    print_to(text, &config);
    assert_non_null(strstr(text, "\n# requests decided in one transaction at most (default 1024, 1 "
                                 "to 8192)\nTWOFOLD_BATCH_MAX=1024\n"));
    assert_non_null(strstr(text, "(not set by default)\nTWOFOLD_NATS_CREDS=\n"));
    assert_non_null(strstr(text, "TWOFOLD_LOG_LEVEL=info\n"));
    assert_non_null(strstr(text, "(default on)\nTWOFOLD_CONFINE=on\n"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(help_lists_every_row),
    cmocka_unit_test(flags_and_variables_have_the_same_names),
    cmocka_unit_test(what_is_printed_loads_again),
    cmocka_unit_test(every_value_stands_under_its_meaning),
};

RUN(tests)
