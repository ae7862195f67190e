/* The parts of confine.c, a file each. Both are for good and reach only threads yet to start. */
#ifndef TWOFOLD_CONFINE_PARTS_H
#define TWOFOLD_CONFINE_PARTS_H

#include "config/config.h"

/* How this process will look for its bus. */
struct confine_names {
    bool by_name; /* the bus's address is a name, not a number */
    bool plugins; /* the system's resolver has loaded modules, which talk to local services */
};

/* Landlock (confine_files.c). RET_ABI: the kernel's version of it, 0 when it has none. */
NODISCARD enum err confine_files(const struct config *config, const struct confine_names *names,
                                 int *ret_abi, struct diag *reterr);

/* seccomp (confine_calls.c). RET_ON: false when the kernel has none. */
NODISCARD enum err confine_calls(const struct confine_names *names, bool *ret_on,
                                 struct diag *reterr);

#endif
