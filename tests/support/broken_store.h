/*
 * The real store, some calls of which fail: the only way to see what happens when the disk, the
 * memory or a bug interferes at a certain moment.
 */
#ifndef TWOFOLD_TESTS_SUPPORT_BROKEN_STORE_H
#define TWOFOLD_TESTS_SUPPORT_BROKEN_STORE_H

#include "support/service.h"

/* From now on calls FIRST (from 1) to FIRST + N - 1 of the operations that requests need fail with
 * ERR instead of being done; N may be STORE_FOR_GOOD. */
#define STORE_FOR_GOOD 1000000
void store_break(struct service *s, unsigned first, unsigned n, enum err err);

/* As it was. How many calls there were. */
unsigned store_mend(struct service *s);

#endif
