#include "cli.h"

#include <string.h>

const char *help_gap(const struct command *command)
{
    return command->operands[0] == '\0' ? "" : " ";
}

static void print_option(FILE *out, const struct option *option)
{
    char left[40];

    snprintf(left, sizeof left, "--%s %s", option->name,
             option->placeholder ? option->placeholder : "");
    fprintf(out, "  %-24s %s", left, option->help);
    if (option->env)
        fprintf(out, " [%s]", option->env);
    fputc('\n', out);
}

static void print_options(FILE *out, const char *title, unsigned bits)
{
    bool global = bits == 0, titled = false;

    for (size_t i = 0; i < option_table_n; i++) {
        if (global ? option_table[i].bit != 0 : !(option_table[i].bit & bits))
            continue;
        if (!titled)
            fputs(title, out);
        titled = true;
        print_option(out, &option_table[i]);
    }
}

static void print_ending(FILE *out)
{
    fputs("\nPasswords and codes are asked for on the terminal, or read from standard input, one a "
          "line.\n"
          "Exit codes: 0 yes, 1 denied, 2 wrong usage or input, 3 no answer.\n",
          out);
}

static void print_summary(FILE *out, const struct command *command)
{
    char left[40];

    snprintf(left, sizeof left, "%s %s", command->name, command->operands);
    fprintf(out, "  %-26s %s\n", left, command->summary);
}

void help_print(FILE *out)
{
    fputs("Usage: twofold [OPTION...] COMMAND ...\n\nCommands:\n", out);
    for (size_t i = 0; i < command_table_n; i++)
        print_summary(out, &command_table[i]);
    print_options(out, "\nOptions, before or after the command:\n", 0);
    print_ending(out);
    fputs("More: twofold COMMAND --help\n", out);
}

bool help_print_group(FILE *out, const char *group)
{
    size_t n = strlen(group);
    bool found = false;

    for (size_t i = 0; i < command_table_n; i++) {
        const struct command *command = &command_table[i];

        if (strncmp(command->name, group, n) != 0 || command->name[n] != ' ')
            continue;
        if (!found)
            fprintf(out, "Usage: twofold %s COMMAND ...\n\nCommands:\n", group);
        found = true;
        print_summary(out, command);
    }
    if (found)
        fprintf(out, "More: twofold %s COMMAND --help\n", group);
    return found;
}

void help_print_command(FILE *out, const struct command *command)
{
    fprintf(out, "Usage: twofold %s%s%s\n\n%s\n%s\n", command->name, help_gap(command),
            command->operands, command->summary, command->help);
    if (command->options)
        print_options(out, "\nIts options:\n", command->options);
    print_options(out, "\nOptions of all commands:\n", 0);
    print_ending(out);
}
