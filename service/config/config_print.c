#include "config/row.h"

#include <string.h>

static void print_default(const struct config_row *row, FILE *out)
{
    if (*row->fallback)
        fprintf(out, "default %s", row->fallback);
    else
        fputs("not set by default", out);
    if (row->type == CONFIG_NUMBER)
        fprintf(out, ", %u to %u", row->least, row->most);
}

/* Quoted only where it must be: not everything that reads such a file knows quotes. */
static void print_text(const char *text, FILE *out)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_-./:,@%+=";

    if (text[strspn(text, plain)] == '\0') {
        fputs(text, out);
        return;
    }
    fputc('\'', out);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
}

static void print_value(const struct config_row *row, const struct config *config, FILE *out)
{
    const char *field = (const char *)config + row->offset;
    unsigned number;

    switch (row->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_FILE:
        print_text(field, out);
        return;
    case CONFIG_NUMBER:
        memcpy(&number, field, sizeof number);
        fprintf(out, "%u", number);
        return;
    case CONFIG_LEVEL:
    case CONFIG_SWITCH:
    case CONFIG_DUTY:
        memcpy(&number, field, sizeof number);
        fputs(config_words(row->type)[number], out);
        return;
    }
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        fprintf(out, "%s# %s (", i ? "\n" : "", config_rows[i].doc);
        print_default(&config_rows[i], out);
        fprintf(out, ")\n%s=", config_rows[i].env);
        print_value(&config_rows[i], config, out);
        fputc('\n', out);
    }
}

enum { COMMAND_COLUMN = 51 };

static void help_commands(FILE *out)
{
    for (size_t i = 0; i < CONFIG_COMMANDS; i++) {
        const struct config_command *c = &config_commands[i];
        int pad = COMMAND_COLUMN - fprintf(out, "       twofoldd %s %s", c->name, c->operands);

        fprintf(out, "%*s%s\n", pad, "", c->doc);
    }
}

void config_help(FILE *out)
{
    fputs("usage: twofoldd [--flag value | --flag=value] ...\n", out);
    help_commands(out);
    fputs(
        "\nServes two-factor authentication on a NATS bus. Every setting is a flag or a variable\n"
        "of the environment; flags win, and an empty value means the default. The commands\n"
        "take them too, behind their own words: see twofoldd keys --help.\n\nSettings:\n",
        out);
    for (size_t i = 0; i < CONFIG_ROWS; i++) {
        fprintf(out, "  %s, %s (", config_rows[i].flag, config_rows[i].env);
        print_default(&config_rows[i], out);
        fprintf(out, ")\n      %s\n", config_rows[i].doc);
    }
    fputs("\nInstead of serving:\n", out);
    for (size_t i = 0; i < CONFIG_ACTION_FLAGS; i++)
        fprintf(out, "  %-16s %s\n", config_action_flags[i].flag, config_action_flags[i].doc);
    fprintf(out,
            "\nExit codes:\n"
            "  %d  ended because it was asked to\n"
            "  %d  failed: the last line of the log says why\n"
            "  %d  a mistake in the settings: all of them are listed\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}
