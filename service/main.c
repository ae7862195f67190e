/* argv and environment -> settings -> service -> exit code. */
#include "app.h"
#include "tools/keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int check(const struct config_mistakes *mistakes)
{
    config_mistakes_print(mistakes, stderr);
    fputs("twofoldd: nothing was started; see twofoldd --help\n", stderr);
    return CONFIG_EXIT_MISTAKE;
}

int main(int argc, char **argv)
{
    static struct config config;
    static struct config_mistakes mistakes;
    enum config_action action = CONFIG_RUN;

    if (argc > 1 && strcmp(argv[1], "keys") == 0)
        return keys_run(argc - 1, argv + 1);
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
