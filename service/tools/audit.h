/* twofoldd audit: the keys that checkpoints are signed with, the stream, sending again. */
#ifndef TWOFOLD_TOOLS_AUDIT_H
#define TWOFOLD_TOOLS_AUDIT_H

/* ARGV[0] is "audit". The process's exit code. */
int audit_run(int argc, char **argv);

#endif
