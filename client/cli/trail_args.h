/* Opening the trail's stream as the command line says. */
#ifndef TWOFOLD_CLI_TRAIL_ARGS_H
#define TWOFOLD_CLI_TRAIL_ARGS_H

#include "cli.h"

#include <twofold/trail.h>

/* Reads --stream, --js-domain, --durable, --type, --all-orgs and --since. Strings are borrowed from
 * CLI's arguments. EXIT_WRONG_USAGE: --since is malformed, which is then said. */
NODISCARD enum exit_code trail_args_read(const struct cli *cli, struct twofold_trail_options *ret);

/* Says on standard error that a message is none of ours. */
void trail_tell_fault(const struct twofold_trail_message *m);

#endif
