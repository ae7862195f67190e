/* `twofoldd keys ...`: what an operator does to the keyring by hand. */
#ifndef TWOFOLD_KEYS_H
#define TWOFOLD_KEYS_H

/* ARGV[0] is "keys", ARGV[1] the command, the rest are the service's own flags; the process's exit
 * code. */
int keys_run(int argc, char **argv);

#endif
