/* argv and environment -> a command of the operator, or settings -> service -> exit code. */
#include "app.h"
#include "tools/audit.h"
#include "tools/backup.h"
#include "tools/health.h"
#include "tools/keys.h"
#include "tools/restore.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"keys", keys_run},   {"backup", backup_run}, {"restore", restore_run},
    {"audit", audit_run}, {"health", health_run},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int check(const struct config_mistakes *mistakes)
{
    config_mistakes_print(mistakes, stderr);
    fputs("twofoldd: nothing was started; see twofoldd --help\n", stderr);
    return CONFIG_EXIT_MISTAKE;
}

static int run_service(int argc, char **argv)
{
    static struct config config;
    static struct config_mistakes mistakes;
    enum config_action action = CONFIG_RUN;

    if (config_load(argc, argv, environ, &config, &action, &mistakes) != ERR_OK)
        return check(&mistakes);
    switch (action) {
    case CONFIG_HELP:
        config_help(stdout);
        return CONFIG_EXIT_DONE;
    case CONFIG_VERSION:
        puts("twofoldd " TWOFOLD_VERSION);
        return CONFIG_EXIT_DONE;
    case CONFIG_PRINT:
        config_print(&config, stdout);
        return CONFIG_EXIT_DONE;
    case CONFIG_CHECK:
        puts("twofoldd: the settings are good");
        return CONFIG_EXIT_DONE;
    case CONFIG_RUN:
        break;
    }
    return app_run(&config);
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;

    return command ? command->run(argc - 1, argv + 1) : run_service(argc, argv);
}
