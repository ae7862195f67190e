/*
 * The commands read the settings as the service does, so that both mean the same file. None of them
 * needs the bus or the database.
 */
#include "tools/keys.h"

#include "app.h"
#include "crypto/keyring.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
    const char *name, *doc;
    enum err (*run)(const char *path, struct diag *reterr);
};

static enum err init(const char *path, struct diag *reterr)
{
    TRY(keyring_create_new(path, reterr));
    fprintf(stdout,
            "twofoldd: made a new keyring at %s\n"
            "Keep a copy of it apart from the database: without it the database cannot be read.\n"
            "It must belong to the user that the service runs as (it was made by uid %u).\n",
            path, (unsigned)geteuid());
    return ERR_OK;
}

static const struct command commands[] = {
    {"init", "make a new keyring, never over an existing file", init},
};

static void help(FILE *out)
{
    fputs("usage: twofoldd keys <command> [--flag value | --flag=value] ...\n\n"
          "Works on the keyring: the file that TWOFOLD_KEYRING_FILE names, or the one beside the\n"
          "data folder. Flags and variables are the service's: see twofoldd --help.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].doc);
    fprintf(out, "\nExit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int mistake(const char *text)
{
    fprintf(stderr, "twofoldd: %s; see twofoldd keys --help\n", text);
    return CONFIG_EXIT_MISTAKE;
}

static int run(const struct command *command, const struct config *config)
{
    char path[CONFIG_TEXT_MAX + 16];
    struct diag diag = {.text = "out of memory"};

    config_keyring_path(config, path);
    if (command->run(path, &diag) == ERR_OK)
        return CONFIG_EXIT_DONE;
    fprintf(stderr, "twofoldd: %s\n", diag.text);
    return CONFIG_EXIT_FAILED;
}

/* Not config_load: a keyring can be made before there is a place for the database. */
int keys_run(int argc, char **argv)
{
    static struct config config;
    static struct config_mistakes mistakes;
    enum config_action action = CONFIG_RUN;
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);

    app_harden();
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help(stdout);
        return CONFIG_EXIT_DONE;
    }
    if (!command)
        return mistake(*name ? "there is no such command of keys" : "keys needs a command");
    if (config_read(argc - 1, argv + 1, environ, &config, &action, &mistakes) != ERR_OK) {
        config_mistakes_print(&mistakes, stderr);
        return mistake("nothing was done");
    }
    if (action == CONFIG_HELP) {
        help(stdout);
        return CONFIG_EXIT_DONE;
    }
    if (action != CONFIG_RUN)
        return mistake("keys takes the settings and --help alone");
    return run(command, &config);
}
