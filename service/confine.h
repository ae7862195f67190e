/*
 * What the process gives up once it has opened what it needs, so that whoever takes it over gets
 * little more than what it already holds.
 *
 * Files (Landlock): the data folder for writing; for reading the folders of the keyring and of the
 * files of the bus's login, since those are replaced by rename while it runs, and what finding the
 * bus takes (resolver, certificates). A file that lies in "/" itself gives that file alone: a new
 * one in its place is then only seen after a restart. No program may be started, no port opened.
 *
 * Calls of the kernel (seccomp): those of confine_calls.c; all others fail with EPERM.
 */
#ifndef TWOFOLD_CONFINE_H
#define TWOFOLD_CONFINE_H

#include "config/config.h"

/*
 * Confines the process for good, unless config->confine is off or this build has sanitizers; logs
 * what is on and what the kernel lacks. To be called once, when keyring and database are open and
 * before the first thread starts: threads inherit it, but are not reached later. ERR_UNAVAILABLE
 * and RETERR when the kernel has the means and they could not be used.
 */
NODISCARD enum err confine(const struct config *config, struct diag *reterr);

#endif
