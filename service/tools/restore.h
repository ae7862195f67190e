/* `twofoldd restore DIR`: a backup becomes the database again. */
#ifndef TWOFOLD_TOOLS_RESTORE_H
#define TWOFOLD_TOOLS_RESTORE_H

/* ARGV[0] is "restore"; the process's exit code. */
int restore_run(int argc, char **argv);

#endif
