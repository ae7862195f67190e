/* What became of the lines of an import: counted, and those that were refused named. */
#ifndef TWOFOLD_CLI_IMPORT_REPORT_H
#define TWOFOLD_CLI_IMPORT_REPORT_H

#include "cli.h"
#include "progress.h"

enum { REFUSED_TOLD_MAX = 20 };

struct import_report {
    struct cli *cli;
    FILE *errors; /* --errors; NULL: not given */
    struct progress progress;
    uint64_t imported, there, refused;
    int64_t began_us;
};

/* SIZE: of the input in bytes; 0: not known. */
enum exit_code import_report_begin(struct import_report *report, struct cli *cli, uint64_t size);

/* LINE is refused, locally: WHY is static. */
void import_report_refuse(struct import_report *report, uint64_t line, const char *why);

/* LINE is decided by the service. */
void import_report_decided(struct import_report *report, uint64_t line,
                           const struct twofold_error *error);

/* How many lines came to an end. */
uint64_t import_report_done(const struct import_report *report);

/* Moves the bar: TAKEN bytes were read. */
void import_report_step(struct import_report *report, uint64_t taken);

/* Prints the sums. EXIT_YES: nothing was refused, and all that was said is written. */
enum exit_code import_report_end(struct import_report *report);

#endif
