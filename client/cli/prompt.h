/*
 * Secrets come from the terminal, without echo, or, when standard input is none, from standard
 * input, one a line in the order they are asked for. Never from the command line: others on the
 * machine can read that.
 */
#ifndef TWOFOLD_CLI_PROMPT_H
#define TWOFOLD_CLI_PROMPT_H

#include "base/attr.h"

#include <stdbool.h>

enum { TYPED_SIZE = 2048 };

struct typed {
    char text[TYPED_SIZE];
};

void typed_wipe(struct typed *typed);

/* Wiped when it leaves scope. */
#define auto_typed CLEANUP(typed_wipe) struct typed

/* Does a person answer? */
bool prompt_interactive(void);

/* Asks for LABEL. False, said on standard error: there is no more input, or the line is too long or
 * holds a NUL. A signal that interrupts it takes effect after the terminal is as it was. */
NODISCARD bool prompt_secret(const char *label, struct typed *ret_typed);

#endif
