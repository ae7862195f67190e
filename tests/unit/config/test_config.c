#include "config/config.h"

#include "support/runner.h"

/* Loads with the arguments and variables given as lists that end in NULL. */
#define ARGS(...) ((char *[]){(char[]){"twofoldd"}, __VA_ARGS__, NULL})
#define NO_ARGS ((char *[]){(char[]){"twofoldd"}, NULL})
#define ENV(...) ((char *[]){__VA_ARGS__, NULL})
#define NO_ENV ((char *[]){NULL})
#define S(text) ((char[]){text})

static struct config config;
static enum config_action action;
static struct config_mistakes mistakes;

static enum err load(char **argv, char **envp)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    memset(&mistakes, 0, sizeof mistakes);
    return config_read(argc, argv, envp, &config, &action, &mistakes);
}

static void assert_loads(char **argv, char **envp)
{
    if (load(argv, envp) != ERR_OK)
        fail_msg("%s %s", mistakes.at[0].key, mistakes.at[0].wrong);
}

static void nothing_set_gives_the_defaults(void **state)
{
    (void)state;
    assert_loads(NO_ARGS, NO_ENV);
    assert_int_equal(action, CONFIG_RUN);
    assert_string_equal(config.nats_url, "nats://127.0.0.1:4222");
    assert_string_equal(config.nats_creds, "");
    assert_string_equal(config.data_dir, "./twofold-data");
    assert_string_equal(config.keyring_file, "");
    assert_int_equal(config.db_size_mb, 4096);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.scrypt_ln, 14);
    assert_int_equal(config.scrypt_r, 8);
    assert_int_equal(config.scrypt_p, 5);
    assert_int_equal(config.password_threads, 1);
    assert_int_equal(config.password_queue, 128);
    assert_int_equal(config.batch_max, 1024);
    assert_int_equal(config.queue_max, 8192);
    assert_true(config.confine);
}

static void flags_win_over_the_environment(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--log-level"), S("debug"), S("--batch-max=7")),
                 ENV(S("TWOFOLD_LOG_LEVEL=error"), S("TWOFOLD_BATCH_MAX=9"),
                     S("TWOFOLD_QUEUE_MAX=99"), S("PATH=/bin")));
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_int_equal(config.batch_max, 7);
    assert_int_equal(config.queue_max, 99);
}

/* Service and client often share an environment. (The scenario 09 holds the list to the client's.)
 */
static void variables_of_the_client_are_excused(void **state)
{
    (void)state;
    assert_loads(NO_ARGS, ENV(S("TWOFOLD_ORG=acme"), S("TWOFOLD_TIMEOUT=3"),
                              S("TWOFOLD_NATS_INBOX_PREFIX=_INBOX_acme")));
}

/* `make demo` in a shell where a rig of docker/ was given its port. */
static void variables_of_the_rig_are_excused(void **state)
{
    (void)state;
    assert_loads(NO_ARGS,
                 ENV(S("TWOFOLD_PORT=4333"), S("TWOFOLD_TAG=rig"), S("TWOFOLD_SEED=/users.yaml")));
}

static void an_empty_value_means_the_default(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--queue-max=")),
                 ENV(S("TWOFOLD_DATA_DIR="), S("TWOFOLD_DB_SIZE_MB="), S("TWOFOLD_QUEUE_MAX=99"),
                     S("TWOFOLD_LOG_LEVEL="), S("TWOFOLD_NATS_CREDS=")));
    assert_string_equal(config.data_dir, "./twofold-data");
    assert_int_equal(config.db_size_mb, 4096);
    assert_int_equal(config.queue_max, 8192);
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--scrypt-ln=10"), S("--queue-max=16"), S("--db-size-mb=1048576")), NO_ENV);
    assert_loads(ARGS(S("--scrypt-ln=20"), S("--queue-max=65536"), S("--db-size-mb=1")), NO_ENV);
}

static void a_switch_is_on_or_off(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--confine=off")), ENV(S("TWOFOLD_CONFINE=on")));
    assert_false(config.confine);
    assert_loads(NO_ARGS, ENV(S("TWOFOLD_CONFINE=on")));
    assert_true(config.confine);
}

static void the_value_may_contain_an_equals_sign(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--data-dir=/srv/a=b")), NO_ENV);
    assert_string_equal(config.data_dir, "/srv/a=b");
    assert_loads(NO_ARGS, ENV(S("TWOFOLD_DATA_DIR=/srv/c=d")));
    assert_string_equal(config.data_dir, "/srv/c=d");
}

static void actions_are_recognised(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--help")), NO_ENV);
    assert_int_equal(action, CONFIG_HELP);
    assert_loads(ARGS(S("-h")), NO_ENV);
    assert_int_equal(action, CONFIG_HELP);
    assert_loads(ARGS(S("--version")), NO_ENV);
    assert_int_equal(action, CONFIG_VERSION);
    assert_loads(ARGS(S("--batch-max"), S("5"), S("--print-config")), NO_ENV);
    assert_int_equal(action, CONFIG_PRINT);
    assert_loads(ARGS(S("--check-config"), S("--batch-max"), S("5")), NO_ENV);
    assert_int_equal(action, CONFIG_CHECK);
}

/* Whoever asks for help has often got something wrong already. */
static void help_and_version_come_through_mistakes(void **state)
{
    (void)state;
    assert_loads(ARGS(S("--batch-max=none"), S("--help")), ENV(S("TWOFOLD_NONSENSE=1")));
    assert_int_equal(action, CONFIG_HELP);
    assert_loads(ARGS(S("--version"), S("--nonsense")), NO_ENV);
    assert_int_equal(action, CONFIG_VERSION);
    assert_int_equal(load(ARGS(S("--check-config"), S("--nonsense")), NO_ENV), ERR_VALIDATION);
}

static void nothing_is_returned_with_a_mistake(void **state)
{
    (void)state;
    memset(&config, 0x5a, sizeof config);
    action = CONFIG_VERSION;
    assert_int_equal(load(ARGS(S("--batch-max=0"), S("--print-config")), NO_ENV), ERR_VALIDATION);
    assert_int_equal(config.batch_max, 0x5a5a5a5a);
    assert_int_equal(action, CONFIG_VERSION);
}

static void the_keyring_lies_beside_the_data_folder(void **state)
{
    static const struct {
        const char *folder, *path;
    } cases[] = {
        {"TWOFOLD_DATA_DIR=", "./twofold-data.keyring"},
        {"TWOFOLD_DATA_DIR=/var/lib/twofold", "/var/lib/twofold.keyring"},
        {"TWOFOLD_DATA_DIR=/var/lib/twofold/", "/var/lib/twofold.keyring"},
        {"TWOFOLD_DATA_DIR=data///", "data.keyring"},
    };
    char path[CONFIG_TEXT_MAX + 16];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char folder[64];

        snprintf(folder, sizeof folder, "%s", cases[i].folder);
        assert_loads(NO_ARGS, ENV(folder));
        config_keyring_path(&config, path);
        assert_string_equal(path, cases[i].path);
    }
    assert_loads(ARGS(S("--keyring-file=/etc/keys")), NO_ENV);
    config_keyring_path(&config, path);
    assert_string_equal(path, "/etc/keys");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_set_gives_the_defaults),
    cmocka_unit_test(flags_win_over_the_environment),
    cmocka_unit_test(variables_of_the_client_are_excused),
    cmocka_unit_test(variables_of_the_rig_are_excused),
    cmocka_unit_test(an_empty_value_means_the_default),
    cmocka_unit_test(bounds_are_inclusive),
    cmocka_unit_test(a_switch_is_on_or_off),
    cmocka_unit_test(the_value_may_contain_an_equals_sign),
    cmocka_unit_test(actions_are_recognised),
    cmocka_unit_test(help_and_version_come_through_mistakes),
    cmocka_unit_test(nothing_is_returned_with_a_mistake),
    cmocka_unit_test(the_keyring_lies_beside_the_data_folder),
};

RUN(tests)
