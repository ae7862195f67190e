/* Commands that run until they are told to end: Ctrl-C, or SIGTERM. */
#ifndef TWOFOLD_CLI_INTERRUPT_H
#define TWOFOLD_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on the two signals do not kill, and a reader that went away is an error of writing. */
void interrupt_catch(void);

/* As if a signal had come. From any thread. */
void interrupt_raise(void);

bool interrupted(void);

/* Returns when it is. */
void interrupt_wait(void);

#endif
