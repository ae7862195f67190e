#include "config/config.h"

#include "support/runner.h"
#include "support/scratch.h"

#include <ctype.h>

static struct config config;
static enum config_action action;
static struct config_mistakes mistakes;

enum { ENTRIES_MAX = 80 };

/* Loads with TEXTS, which end in NULL: those that begin with TWOFOLD_ are variables, the others
 * arguments. */
static enum err load(const char *const *texts)
{
    static char copies[ENTRIES_MAX][2048];
    char *argv[ENTRIES_MAX] = {copies[0]}, *envp[ENTRIES_MAX] = {NULL};
    int argc = 1, n_envp = 0;

    snprintf(copies[0], sizeof copies[0], "twofoldd");
    for (int i = 0; texts[i]; i++) {
        snprintf(copies[i + 1], sizeof copies[i + 1], "%s", texts[i]);
        if (strncmp(texts[i], "TWOFOLD_", 8) == 0)
            envp[n_envp++] = copies[i + 1];
        else
            argv[argc++] = copies[i + 1];
    }
    memset(&mistakes, 0, sizeof mistakes);
    return config_read(argc, argv, envp, &config, &action, &mistakes);
}

static const struct {
    const char *texts[4];
    const char *key, *wrong, *instead;
} cases[] = {
    /* numbers */
    {{"TWOFOLD_BATCH_MAX=many"}, "TWOFOLD_BATCH_MAX", "is \"many\"", "from 1 to 8192"},
    {{"TWOFOLD_BATCH_MAX=0"}, "TWOFOLD_BATCH_MAX", "is \"0\"", "from 1 to 8192"},
    {{"--batch-max=8193"}, "--batch-max", "is \"8193\"", "from 1 to 8192"},
    {{"--batch-max=-1"}, "--batch-max", "is \"-1\"", "from 1 to 8192"},
    {{"--batch-max=+1"}, "--batch-max", "is \"+1\"", "from 1 to 8192"},
    {{"--batch-max= 1"}, "--batch-max", "is \" 1\"", "from 1 to 8192"},
    {{"--batch-max=1k"}, "--batch-max", "is \"1k\"", "from 1 to 8192"},
    {{"--batch-max=0x10"}, "--batch-max", "is \"0x10\"", "from 1 to 8192"},
    {{"--batch-max=4294967297"}, "--batch-max", "is \"4294967297\"", "from 1 to 8192"},
    {{"--batch-max=18446744073709551617"}, "--batch-max", "is \"1844", "from 1 to 8192"},
    {{"--scrypt-ln=9"}, "--scrypt-ln", "is \"9\"", "from 10 to 20"},
    /* the level */
    {{"TWOFOLD_LOG_LEVEL=INFO"}, "TWOFOLD_LOG_LEVEL", "is \"INFO\"", "debug, info, warn or error"},
    {{"--log-level=warning"}, "--log-level", "is \"warning\"", "debug, info, warn or error"},
    /* a switch */
    {{"--confine=yes"}, "--confine", "is \"yes\"", "off or on"},
    {{"TWOFOLD_CONFINE=OFF"}, "TWOFOLD_CONFINE", "is \"OFF\"", "off or on"},
    {{"--audit=maybe"}, "--audit", "is \"maybe\"", "required or best_effort"},
    /* files */
    {{"--nats-creds=/missing/file"},
     "--nats-creds",
     "/missing/file, which cannot be read: No such",
     "a file that the service may read"},
    {{"TWOFOLD_NATS_TLS_CA=/"}, "TWOFOLD_NATS_TLS_CA", "Is a directory", "a file that"},
    /* text */
    {{"--data-dir=a\nb"}, "--data-dir", "control character", "leave it out"},
    {{"TWOFOLD_DATA_DIR=\x1b[2J"}, "TWOFOLD_DATA_DIR", "control character", "leave it out"},
    {{"--data-dir=."}, "TWOFOLD_DATA_DIR", "name of its own", "for the database alone"},
    {{"--data-dir=a/../"}, "TWOFOLD_DATA_DIR", "name of its own", "for the database alone"},
    {{"--data-dir=/"}, "TWOFOLD_DATA_DIR", "name of its own", "for the database alone"},
    {{"--nats-url=127.0.0.1:4222"}, "TWOFOLD_NATS_URL", "not the address", "nats://host:port"},
    {{"--nats-url=http://bus"}, "TWOFOLD_NATS_URL", "not the address", "nats://host:port"},
    {{"--nats-url=nats://"}, "TWOFOLD_NATS_URL", "not the address", "nats://host:port"},
    {{"--nats-url=nats://a,nats://b"}, "TWOFOLD_NATS_URL", "not the address", "nats://host:port"},
    {{"--nats-url=nats://joe:pa55@bus:4222"},
     "TWOFOLD_NATS_URL",
     "holds a login",
     "TWOFOLD_NATS_CREDS"},
    {{"--audit-nats-url=bus:4222"},
     "TWOFOLD_AUDIT_NATS_URL",
     "not the address",
     "nats://host:port"},
    {{"--audit-nats-url=nats://joe:pa55@bus:4222"},
     "TWOFOLD_AUDIT_NATS_URL",
     "holds a login",
     "TWOFOLD_AUDIT_NATS_CREDS"},
    {{"--audit-stream=TWO.FOLD"}, "TWOFOLD_AUDIT_STREAM", "no name of a stream", "letters"},
    {{"--audit-stream=*"}, "TWOFOLD_AUDIT_STREAM", "no name of a stream", "letters"},
    {{"--audit-stream=a b"}, "TWOFOLD_AUDIT_STREAM", "no name of a stream", "letters"},
    /* names */
    {{"TWOFOLD_NATS_CRED=x"}, "TWOFOLD_NATS_CRED", "not a setting", "mean TWOFOLD_NATS_CREDS?"},
    {{"TWOFOLD_LOGLEVEL=x"}, "TWOFOLD_LOGLEVEL", "not a setting", "mean TWOFOLD_LOG_LEVEL?"},
    {{"TWOFOLD_ORGS=x"}, "TWOFOLD_ORGS", "not a setting", "see --help"},
    {{"TWOFOLD_MASTER_PASSWORD=pa55"}, "TWOFOLD_MASTER_PASSWORD", "not a setting", "see --help"},
    {{"--datadir", "x"}, "--datadir", "not a flag", "mean --data-dir?"},
    {{"--hlep"}, "--hlep", "not a flag", "mean --help?"},
    {{"--password=pa55"}, "--password", "not a flag", "see --help"},
    {{"--batch-max", "5", "pa55"}, "argument 3", "not a flag", "see --help"},
    {{"-q"}, "argument 1", "not a flag", "see --help"},
    {{""}, "argument 1", "not a flag", "see --help"},
    /* flags without, or with too much */
    {{"--data-dir"}, "--data-dir", "has no value", "value after it"},
    {{"--data-dir", "--print-config"}, "--data-dir", "has no value", "value after it"},
    {{"--batch-max=5", "--batch-max", "5"}, "--batch-max", "given twice", "once"},
    {{"--help=3"}, "--help", "takes no value", "alone"},
    {{"-h=pa55"}, "-h", "takes no value", "alone"},
    {{"--check-config="}, "--check-config", "takes no value", "alone"},
    {{"--print-config", "--check-config"}, "--check-config", "not the only thing", "give one of"},
};

static void every_kind_of_mistake_says_what_to_write_instead(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct config_mistake *at = &mistakes.at[0];

        assert_int_equal(load(cases[i].texts), ERR_VALIDATION);
        if (mistakes.n != 1 || strcmp(at->key, cases[i].key) != 0 ||
            !strstr(at->wrong, cases[i].wrong) || !strstr(at->instead, cases[i].instead))
            fail_msg("case %zu: %u: %s %s; %s", i, mistakes.n, at->key, at->wrong, at->instead);
        for (const char *c = at->wrong; *c; c++)
            assert_false(iscntrl((unsigned char)*c));
        assert_null(strstr(at->wrong, "pa55"));
        assert_null(strstr(at->instead, "pa55"));
    }
}

/* The line that is printed for the first of the mistakes in a whole command line. */
static const char *first_line(const char *const *words)
{
    static char copies[ENTRIES_MAX][64], line[512];
    char *argv[ENTRIES_MAX] = {copies[0]}, *envp[] = {NULL};
    int argc = 1;

    for (; words[argc - 1]; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", words[argc - 1]);
        argv[argc] = copies[argc];
    }
    memset(&mistakes, 0, sizeof mistakes);
    assert_int_equal(config_load(argc, argv, envp, &config, &action, &mistakes), ERR_VALIDATION);
    snprintf(line, sizeof line, "%s %s; %s", mistakes.at[0].key, mistakes.at[0].wrong,
             mistakes.at[0].instead);
    return line;
}

#define WORDS(...) ((const char *[]){__VA_ARGS__, NULL})

static void a_command_in_the_wrong_place_is_told_the_right_one(void **state)
{
    (void)state;
    assert_string_equal(first_line(WORDS("--data-dir", "/x", "keys", "retire", "1")),
                        "keys stands behind flags; the command comes first: twofoldd keys retire 1 "
                        "--data-dir /x");
    assert_int_equal(mistakes.n, 1);
    assert_string_equal(first_line(WORDS("--batch-max=7", "backup", "/b", "--queue-max", "99")),
                        "backup stands behind flags; the command comes first: twofoldd backup /b "
                        "--batch-max=7");
    assert_int_equal(mistakes.n, 1);
}

static void a_word_that_is_no_command_is_told_so(void **state)
{
    (void)state;
    assert_string_equal(first_line(WORDS("key", "list", "--batch-max", "7")),
                        "there is no command key; see twofoldd --help");
    assert_int_equal(mistakes.n, 1);
    assert_string_equal(first_line(WORDS("serve")),
                        "there is no command serve; see twofoldd --help");
}

/* Nothing that may be a secret comes back, and nothing too long is shown in half. */
static void stray_words_are_not_repeated(void **state)
{
    char folder[128];

    (void)state;
    assert_null(strstr(first_line(WORDS("pa55")), "pa55"));
    assert_null(strstr(first_line(WORDS("correcthorsebattery")), "horse"));
    assert_null(strstr(first_line(WORDS("--batch-max", "7", "hunter")), "hunter"));
    first_line(WORDS("--password", "pa55", "keys", "list"));
    assert_int_equal(mistakes.n, 2);
    assert_string_equal(mistakes.at[1].instead, "the command comes first: twofoldd keys ...");

    snprintf(folder, sizeof folder, "--data-dir=/%050d", 0);
    assert_string_equal(
        first_line(WORDS(folder, "keys", "list", folder + 2, folder + 2, folder + 2)),
        "keys stands behind flags; the command comes first: twofoldd keys ...");
}

static void help_comes_through_a_misplaced_command(void **state)
{
    char *argv[] = {(char[]){"twofoldd"}, (char[]){"key"}, (char[]){"--help"}, NULL};
    char *envp[] = {NULL};

    (void)state;
    assert_int_equal(config_load(3, argv, envp, &config, &action, &mistakes), ERR_OK);
    assert_int_equal(action, CONFIG_HELP);
}

static void files_that_may_not_be_read_are_mistakes(void **state)
{
    struct scratch s;
    char text[600];

    (void)state;
    if (geteuid() == 0)
        skip(); /* root may read everything */
    scratch_make(&s);
    snprintf(text, sizeof text, "--nats-creds=%s", scratch_write(&s, "creds", "x", 0000));
    assert_int_equal(load((const char *[]){text, NULL}), ERR_VALIDATION);
    assert_non_null(strstr(mistakes.at[0].wrong, "Permission denied"));
    scratch_remove(&s);
}

static void assert_conflict(const struct scratch *s, const char *const *flags, const char *key,
                            const char *wrong)
{
    char texts[3][600];
    const char *list[4] = {NULL};

    for (int i = 0; flags[i]; i++) {
        snprintf(texts[i], sizeof texts[i], "%s=%s/file", flags[i], s->folder);
        list[i] = texts[i];
    }
    assert_int_equal(load(list), ERR_VALIDATION);
    assert_int_equal(mistakes.n, 1);
    assert_string_equal(mistakes.at[0].key, key);
    assert_non_null(strstr(mistakes.at[0].wrong, wrong));
}

static void settings_that_exclude_or_need_each_other(void **state)
{
    struct scratch s;
    char certificate[128], key[128];

    (void)state;
    scratch_make(&s);
    scratch_write(&s, "file", "x", 0600);
    assert_conflict(&s, (const char *[]){"--nats-creds", "--nats-nkey-file", NULL},
                    "TWOFOLD_NATS_CREDS", "both set");
    assert_conflict(&s, (const char *[]){"--audit-nats-creds", "--audit-nats-nkey-file", NULL},
                    "TWOFOLD_AUDIT_NATS_CREDS", "both set");
    assert_conflict(&s, (const char *[]){"--health-nats-creds", "--health-nats-nkey-file", NULL},
                    "TWOFOLD_HEALTH_NATS_CREDS", "both set");
    assert_conflict(&s, (const char *[]){"--nats-tls-cert", NULL}, "TWOFOLD_NATS_TLS_CERT",
                    "belong together");
    assert_conflict(&s, (const char *[]){"--nats-tls-key", NULL}, "TWOFOLD_NATS_TLS_CERT",
                    "belong together");
    snprintf(certificate, sizeof certificate, "--nats-tls-cert=%s/file", s.folder);
    snprintf(key, sizeof key, "--nats-tls-key=%s/file", s.folder);
    assert_int_equal(load((const char *[]){certificate, key, NULL}), ERR_OK);
    scratch_remove(&s);
}

static void a_keyring_in_the_data_folder_is_a_mistake(void **state)
{
    static const char *const inside[][3] = {
        {"--data-dir=/srv/t", "--keyring-file=/srv/t/keyring"},
        {"--data-dir=/srv/t/", "--keyring-file=/srv/t/keyring"},
        {"--keyring-file=./twofold-data/keyring"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
        assert_int_equal(load(inside[i]), ERR_VALIDATION);
        assert_int_equal(mistakes.n, 1);
        assert_string_equal(mistakes.at[0].key, "TWOFOLD_KEYRING_FILE");
    }
    assert_int_equal(
        load((const char *[]){"--data-dir=/srv/t", "--keyring-file=/srv/tt/keyring", NULL}),
        ERR_OK);
}

static void scrypt_may_not_take_more_than_a_gibibyte(void **state)
{
    (void)state;
    assert_int_equal(load((const char *[]){"--scrypt-ln=20", "--scrypt-r=9", NULL}),
                     ERR_VALIDATION);
    assert_string_equal(mistakes.at[0].key, "TWOFOLD_SCRYPT_LN");
    assert_int_equal(load((const char *[]){"--scrypt-ln=18", "--scrypt-r=32", NULL}), ERR_OK);
}

static void a_text_that_is_too_long_is_a_mistake(void **state)
{
    char text[CONFIG_TEXT_MAX + 20] = "--data-dir=";
    size_t n = strlen(text);

    (void)state;
    memset(text + n, 'x', CONFIG_TEXT_MAX);
    assert_int_equal(load((const char *[]){text, NULL}), ERR_OK);
    assert_int_equal(strlen(config.data_dir), CONFIG_TEXT_MAX);
    text[n + CONFIG_TEXT_MAX] = 'x';
    assert_int_equal(load((const char *[]){text, NULL}), ERR_VALIDATION);
    assert_string_equal(mistakes.at[0].wrong, "is 1025 characters long");
}

static void all_mistakes_are_collected_at_once(void **state)
{
    (void)state;
    assert_int_equal(
        load((const char *[]){"TWOFOLD_BATCH_MAX=x", "TWOFOLD_LOG_LEVEL=x", "TWOFOLD_NOPE=1",
                              "--queue-max=1", "--nope", "--nats-url=x", "--data-dir", NULL}),
        ERR_VALIDATION);
    assert_int_equal(mistakes.n, 7);
}

static void a_flood_of_mistakes_saturates(void **state)
{
    const char *texts[ENTRIES_MAX] = {NULL};

    (void)state;
    for (size_t i = 0; i < 70; i++)
        texts[i] = "TWOFOLD_NOT_A_SETTING_AT_ALL_AND_A_NAME_THAT_IS_LONGER_THAN_THE_KEY_OF_A_"
                   "MISTAKE_CAN_BE=1";
    assert_int_equal(load(texts), ERR_VALIDATION);
    assert_int_equal(mistakes.n, CONFIG_MISTAKES_MAX);
    assert_int_equal(strlen(mistakes.at[0].key), sizeof mistakes.at[0].key - 1);
}

static void unknown_names_cannot_write_to_the_terminal(void **state)
{
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    (void)state;
    assert_non_null(out);
    assert_int_equal(load((const char *[]){"TWOFOLD_\x1b[2J\n=1", NULL}), ERR_VALIDATION);
    config_mistakes_print(&mistakes, out);
    fclose(out);
    assert_string_equal(text, "twofoldd: TWOFOLD_?[2J? is not a setting of this service; see "
                              "--help for all of them\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_kind_of_mistake_says_what_to_write_instead),
    cmocka_unit_test(a_command_in_the_wrong_place_is_told_the_right_one),
    cmocka_unit_test(a_word_that_is_no_command_is_told_so),
    cmocka_unit_test(stray_words_are_not_repeated),
    cmocka_unit_test(help_comes_through_a_misplaced_command),
    cmocka_unit_test(files_that_may_not_be_read_are_mistakes),
    cmocka_unit_test(settings_that_exclude_or_need_each_other),
    cmocka_unit_test(a_keyring_in_the_data_folder_is_a_mistake),
    cmocka_unit_test(scrypt_may_not_take_more_than_a_gibibyte),
    cmocka_unit_test(a_text_that_is_too_long_is_a_mistake),
    cmocka_unit_test(all_mistakes_are_collected_at_once),
    cmocka_unit_test(a_flood_of_mistakes_saturates),
    cmocka_unit_test(unknown_names_cannot_write_to_the_terminal),
};

RUN(tests)
