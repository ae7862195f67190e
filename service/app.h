/* The composition root: the only place that knows every part. Builds, wires, serves, drains. */
#ifndef TWOFOLD_APP_H
#define TWOFOLD_APP_H

#include "config/config.h"

/* No core file of this process, no debugger of another one, files for its user alone. */
void app_harden(void);

/* Runs the service until SIGTERM or SIGINT; the process's exit code. */
int app_run(const struct config *config);

#endif
