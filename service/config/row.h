/* The rows of config.def as a table; for the files of this folder. */
#ifndef TWOFOLD_CONFIG_ROW_H
#define TWOFOLD_CONFIG_ROW_H

#include "config/config.h"

#include <stdbool.h>

enum config_type {
    CONFIG_TEXT,
    CONFIG_PATH,
    CONFIG_FILE,
    CONFIG_NUMBER,
    CONFIG_LEVEL,
    CONFIG_SWITCH,
    CONFIG_DUTY,
};

struct config_row {
    const char *env, *flag;
    enum config_type type;
    const char *fallback;
    unsigned least, most;
    const char *doc;
    size_t offset; /* of the field in struct config */
};

enum {
#define CONFIG_ROW(field, ...) CONFIG_INDEX_##field,
#include "config/config.def"
#undef CONFIG_ROW
    CONFIG_ROWS
};

extern const struct config_row config_rows[CONFIG_ROWS];

/* The words that a value of TYPE can be, NULL at the end; the field holds the place of one. NULL
 * for types that are not words. */
const char *const *config_words(enum config_type type);

/* Flags that say what to do instead of running. */
struct config_action_flag {
    const char *flag;
    enum config_action action;
    const char *doc;
};
enum { CONFIG_ACTION_FLAGS = 5 };
extern const struct config_action_flag config_action_flags[CONFIG_ACTION_FLAGS];

/* First words that ask for a tool of the operator's, not for the service. The tools themselves are
 * in main.c. */
struct config_command {
    const char *name, *operands, *doc;
};
enum { CONFIG_COMMANDS = 5 };
extern const struct config_command config_commands[CONFIG_COMMANDS];

#endif
