#include "config/row.h"

const struct config_row config_rows[CONFIG_ROWS] = {
#define CONFIG_ROW(field_, env_, flag_, type_, fallback_, least_, most_, doc_) \
    {                                                                          \
        .env = env_,                                                           \
        .flag = flag_,                                                         \
        .type = CONFIG_##type_,                                                \
        .fallback = fallback_,                                                 \
        .least = least_,                                                       \
        .most = most_,                                                         \
        .doc = doc_,                                                           \
        .offset = offsetof(struct config, field_),                             \
    },
#include "config/config.def"
#undef CONFIG_ROW
};

const char *const *config_words(enum config_type type)
{
    static const char *const levels[] = {[LOG_DEBUG] = "debug",
                                         [LOG_INFO] = "info",
                                         [LOG_WARN] = "warn",
                                         [LOG_ERROR] = "error",
                                         NULL};
    static const char *const switches[] = {"off", "on", NULL};
    static const char *const duties[] = {
        [AUDIT_REQUIRED] = "required", [AUDIT_BEST_EFFORT] = "best_effort", NULL};

    if (type == CONFIG_LEVEL)
        return levels;
    if (type == CONFIG_SWITCH)
        return switches;
    return type == CONFIG_DUTY ? duties : NULL;
}

const struct config_action_flag config_action_flags[CONFIG_ACTION_FLAGS] = {
    {"--help", CONFIG_HELP, "print this text"},
    {"-h", CONFIG_HELP, "the same"},
    {"--version", CONFIG_VERSION, "print the version"},
    {"--print-config", CONFIG_PRINT, "print the settings in force, as a file of variables"},
    {"--check-config", CONFIG_CHECK, "say whether the settings are right, and end"},
};

const struct config_command config_commands[CONFIG_COMMANDS] = {
    {"keys", "init|list|add|rotate|retire", "the keys of what is stored"},
    {"backup", "DIR", "write a copy of the database there"},
    {"restore", "DIR", "make this backup the database"},
    {"audit", "keys|anchor|stream|resend", "the stream of audit events"},
    {"health", "", "is the service of this host well?"},
};
