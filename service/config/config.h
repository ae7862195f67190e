/*
 * The settings, from the environment and the command line. Each is one row of config.def. They name
 * files that hold secrets, never secrets themselves, so all of them may be printed.
 */
#ifndef TWOFOLD_CONFIG_CONFIG_H
#define TWOFOLD_CONFIG_CONFIG_H

#include "base/err.h"
#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>

enum { CONFIG_TEXT_MAX = 1024, CONFIG_MISTAKES_MAX = 64 };

#define CONFIG_FIELD_TEXT(field) char field[CONFIG_TEXT_MAX + 1]
#define CONFIG_FIELD_PATH(field) char field[CONFIG_TEXT_MAX + 1]
#define CONFIG_FIELD_FILE(field) char field[CONFIG_TEXT_MAX + 1]
#define CONFIG_FIELD_NUMBER(field) unsigned field
#define CONFIG_FIELD_LEVEL(field) enum log_level field
#define CONFIG_FIELD_SWITCH(field) unsigned field /* 1: on */
#define CONFIG_FIELD_DUTY(field) enum audit_duty field

/* What gives way when unsent audit events reach their bound: changes of state, or the events. */
enum audit_duty { AUDIT_REQUIRED, AUDIT_BEST_EFFORT };

/* A plain value: const after start, free to be copied. Text that is not set is "". */
struct config {
#define CONFIG_ROW(field, env, flag, type, ...) CONFIG_FIELD_##type(field);
#include "config/config.def"
#undef CONFIG_ROW
};

enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_PRINT, CONFIG_CHECK };

/* What the process ends with. */
enum config_exit { CONFIG_EXIT_DONE = 0, CONFIG_EXIT_FAILED = 1, CONFIG_EXIT_MISTAKE = 2 };

/* One mistake: the variable or flag, what is wrong with it, what to write instead. */
struct config_mistake {
    char key[64], wrong[192], instead[192];
};

struct config_mistakes {
    unsigned n;
    struct config_mistake at[CONFIG_MISTAKES_MAX + 1]; /* the last one is scratch */
};

/*
 * Reads ENVP (NULL-terminated, TWOFOLD_ names only) and then ARGV, which overrides it, over the
 * defaults. ERR_VALIDATION when anything is wrong, with all mistakes in RETERR. --help and
 * --version come through all mistakes.
 */
NODISCARD enum err config_read(int argc, char **argv, char **envp, struct config *ret_config,
                               enum config_action *ret_action, struct config_mistakes *reterr);

/*
 * The same for a whole command line of twofoldd: says where a command should have stood. And when
 * --check-config asks, also looks at what is there: data folder, its parent, keyring. Writes
 * nothing. A keyring that is missing is no mistake here: it may be yet to be made.
 */
NODISCARD enum err config_load(int argc, char **argv, char **envp, struct config *ret_config,
                               enum config_action *ret_action, struct config_mistakes *reterr);

/* Every setting as NAME=value under a comment that says what it is: a file that a shell, systemd
 * or a container runtime can read the settings back from. */
void config_print(const struct config *config, FILE *out);

/* Usage, every flag with its variable, default and meaning, and the exit codes. */
void config_help(FILE *out);

/* One line a mistake. */
void config_mistakes_print(const struct config_mistakes *mistakes, FILE *out);

/* Where the keyring is: keyring_file, or without it "<data_dir>.keyring", beside the folder and
 * never in it. */
void config_keyring_path(const struct config *config, char ret_path[static CONFIG_TEXT_MAX + 16]);

#endif
