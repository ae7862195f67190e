/*
 * A machine that stops at the n-th write, sync or truncation: this program's own functions stand
 * before those of the C library, also for LMDB. A process that is killed leaves what was written; a
 * power cut takes back any of the 4 KiB pages, and of the growth of files, that were not synced.
 */
#ifndef TWOFOLD_TESTS_STORE_FAILING_DISK_H
#define TWOFOLD_TESTS_STORE_FAILING_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* Ends the process with SIGKILL at the N-th call from now on (0: never), with a power cut if POWER;
 * SEED decides what it takes. Call it before any file is opened. */
void disk_stops(unsigned n, bool power, uint64_t seed);

#endif
