/* What became of a seed: a line for each organization. */
#ifndef TWOFOLD_CLI_SEED_REPORT_H
#define TWOFOLD_CLI_SEED_REPORT_H

#include "seed_bus.h"

/* "acme: policy set, 2 users created, 1 there already, 2 authenticators"; an object with --json. */
void seed_report(const struct seed_run *run, const struct seed_org *org,
                 const struct seed_sums *sums);

/* The same of what would be sent: --dry-run. */
void seed_report_dry(const struct seed_run *run, const struct seed_org *org);

/* Warns, on standard error, of users who are there and are not what the file says. */
void seed_report_others(const struct seed_org *org);

#endif
