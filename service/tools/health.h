/* `twofoldd health`: is the service of this host well? Asks it over the bus. */
#ifndef TWOFOLD_TOOLS_HEALTH_H
#define TWOFOLD_TOOLS_HEALTH_H

/* ARGV[0] is "health". The process's exit code. */
int health_run(int argc, char **argv);

#endif
