/*
 * What the operator's commands of twofoldd have in common: `twofoldd keys`, `backup`, `restore`
 * and `audit`. They read the same settings as the service, so that both mean the same files.
 */
#ifndef TWOFOLD_TOOLS_TOOLS_H
#define TWOFOLD_TOOLS_TOOLS_H

#include "config/config.h"
#include "crypto/keyring.h"
#include "store/maintain.h"

#include <stdio.h>
#include <time.h>

enum { TOOL_OPERANDS_MAX = 2, TOOL_OPTIONS_MAX = 3 };

struct tool_spec {
    const char *name; /* as typed: "keys retire" */
    unsigned min_operands, max_operands;
    const char *flag; /* its only flag of its own, "--keep-recovery-codes"; NULL: none */
    const char *options[TOOL_OPTIONS_MAX]; /* of its own with a value, "--from"; the rest NULL */
    void (*help)(FILE *out);
};

/* One run of a command. Zero is a good start; whoever fills it calls tool_close. */
struct tool {
    struct config config;
    char keyring_path[CONFIG_TEXT_MAX + 16];
    const char *operands[TOOL_OPERANDS_MAX];
    unsigned n_operands;
    bool flagged;                                /* the spec's flag was given */
    const char *option_values[TOOL_OPTIONS_MAX]; /* in the spec's order; NULL: not given */
    struct keyring *keyring;
    struct store *store;
};

/* Reads ARGV (ARGV[0] is the command's last word; then operands and flags in any order). RET_EXIT
 * is set and false returned when there is nothing more to do: help was printed, or a mistake. */
bool tool_read(const struct tool_spec *spec, int argc, char **argv, struct tool *ret_tool,
               int *ret_exit);

/* ERR_UNAVAILABLE when the data folder or its database is another user's. One that is missing is no
 * matter here. */
NODISCARD enum err tool_may_read(const struct tool *t, struct diag *reterr);

/* Opens the keyring, then the database of the data folder, which must exist. */
NODISCARD enum err tool_open(struct tool *t, struct diag *reterr);

void tool_close(struct tool *t);
#define auto_tool CLEANUP(tool_close) struct tool

/* "s", or "" for N of 1. */
const char *plural(uint64_t n);

/* Prints why, if ERR is none; the process's exit code. */
int tool_end(enum err err, const struct diag *diag);

/* A bar on a terminal, a line every few seconds elsewhere; both on stderr. */
struct progress_bar {
    const char *what;
    struct timespec began, shown;
};

void progress_begin(struct progress_bar *bar, const char *what);
/* A work_progress.call; CTX is the bar. */
bool progress_show(void *ctx, uint64_t done, uint64_t total);
/* Leaves the full bar standing; of nothing there is none. */
void progress_end(struct progress_bar *bar, uint64_t total);
/* Leaves the bar as it is, on a line of its own: an error's text comes next. */
void progress_break(struct progress_bar *bar);

#endif
