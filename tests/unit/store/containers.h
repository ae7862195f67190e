/* Processes as in containers: each the first of a PID namespace of its own. */
#ifndef TWOFOLD_TESTS_STORE_CONTAINERS_H
#define TWOFOLD_TESTS_STORE_CONTAINERS_H

#include <stdbool.h>
#include <sys/types.h>

/* May this process make them? Root may. */
bool containers_allowed(void);

/* Like fork(), but the child is process 1 of a new namespace. It is killed with its parent, and
 * exits with 8 after 100 seconds. -1: failed. */
pid_t container_fork(void);

#endif
