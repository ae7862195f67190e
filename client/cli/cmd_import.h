/* The two ways of `twofold import`. */
#ifndef TWOFOLD_CLI_CMD_IMPORT_H
#define TWOFOLD_CLI_CMD_IMPORT_H

#include "cli.h"

/* import --file: every line a user. Opens the session itself. */
enum exit_code import_file(struct cli *cli);

#endif
