/*
 * A service that is backed up, loses its database, and gets the backup back. For
 * cmocka_unit_test_setup_teardown: *STATE is a struct ground with a started service.
 */
#ifndef TWOFOLD_TESTS_ATTACK_RESTORED_GROUND_H
#define TWOFOLD_TESTS_ATTACK_RESTORED_GROUND_H

#include "support/peek.h"
#include "support/runner.h"
#include "support/steps.h"

#include "tools/restoring.h"

struct ground {
    struct service s;
    char backup[96];
};

int ground_set_up(void **state);
int ground_tear_down(void **state);

/* The service rests meanwhile: one process opens a database once. */
void take_backup(struct ground *g);

/* Closes the service and removes its data folder. */
void lose_database(struct service *s);

/* What `twofoldd restore` does, at the service's time, which stays closed. */
enum err run_restore(struct ground *g, bool keep_recovery_codes,
                     const struct work_progress *progress, struct restored_report *ret);

/* Loses the database, restores the backup, and opens the service again. */
struct restored_report restore(struct ground *g, bool keep_recovery_codes);

#endif
