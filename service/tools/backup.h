/* `twofoldd backup DIR`: a copy of the database while others use it. */
#ifndef TWOFOLD_TOOLS_BACKUP_H
#define TWOFOLD_TOOLS_BACKUP_H

/* ARGV[0] is "backup"; the process's exit code. */
int backup_run(int argc, char **argv);

#endif
