#include "import_report.h"

#include "json_value.h"
#include "lib/monotonic.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <twofold/v1/error.pb-c.h>

enum exit_code import_report_begin(struct import_report *report, struct cli *cli, uint64_t size)
{
    const char *path = cli->args.errors;

    *report = (struct import_report){.cli = cli, .began_us = monotonic_us()};
    report->errors = path ? fopen(path, "we") : NULL;
    if (path && !report->errors)
        return output_usage("%s cannot be opened: %s", path, strerror(errno));
    progress_begin(&report->progress, "bytes", size);
    progress_count(&report->progress, "users", 0);
    return EXIT_YES;
}

/* Rules that the service names are printed with care: they came over the bus. */
static void print_reason(FILE *out, uint64_t line, const struct twofold_error *error)
{
    fprintf(out, "line %" PRIu64 ": ", line);
    if (error->n_violations == 0)
        output_text(out, error->message);
    for (size_t i = 0; i < error->n_violations; i++) {
        fputs(i > 0 ? "; " : "", out);
        output_text(out, error->violations[i].field);
        fputs(": ", out);
        output_text(out, error->violations[i].rule);
    }
    fputc('\n', out);
}

static void refuse(struct import_report *report, uint64_t line, const struct twofold_error *error)
{
    if (report->errors)
        print_reason(report->errors, line, error);
    if (report->refused++ >= REFUSED_TOLD_MAX)
        return;
    progress_end(&report->progress);
    fputs("twofold: ", stderr);
    print_reason(stderr, line, error);
}

void import_report_refuse(struct import_report *report, uint64_t line, const char *why)
{
    struct twofold_error error = {.n_violations = 0};

    snprintf(error.message, sizeof error.message, "%s", why);
    refuse(report, line, &error);
}

void import_report_decided(struct import_report *report, uint64_t line,
                           const struct twofold_error *error)
{
    if (error->status == TWOFOLD_OK)
        report->imported++;
    else if (error->reason == TWOFOLD__V1__ERROR__REASON__CONFLICT)
        report->there++;
    else
        refuse(report, line, error);
}

uint64_t import_report_done(const struct import_report *report)
{
    return report->imported + report->there + report->refused;
}

void import_report_step(struct import_report *report, uint64_t taken)
{
    progress_count(&report->progress, "users", import_report_done(report));
    progress_step(&report->progress, taken);
}

static void print_sums(const struct import_report *report)
{
    bool dry = report->cli->args.dry_run;
    json_t *json;

    if (!report->cli->args.json && dry) {
        printf("would send %" PRIu64 ", refused %" PRIu64 "\n", report->imported, report->refused);
        return;
    }
    if (!report->cli->args.json) {
        printf("imported %" PRIu64 ", already there %" PRIu64 ", refused %" PRIu64 "\n",
               report->imported, report->there, report->refused);
        return;
    }
    json_wipe_what_is_freed();
    json = json_object();
    json_object_set_new(json, dry ? "would_send" : "imported", json_of_unsigned(report->imported));
    if (!dry)
        json_object_set_new(json, "already_there", json_of_unsigned(report->there));
    json_object_set_new(json, "refused", json_of_unsigned(report->refused));
    json_print_line(stdout, json);
}

static void print_pace(const struct import_report *report)
{
    double seconds = (double)(monotonic_us() - report->began_us) / 1e6;

    fprintf(stderr, "twofold: %" PRIu64 " lines in %.1f s, %.0f a second\n",
            import_report_done(report), seconds, (double)import_report_done(report) / seconds);
}

enum exit_code import_report_end(struct import_report *report)
{
    bool written = true;

    progress_end(&report->progress);
    if (report->errors)
        written = !ferror(report->errors) & (fclose(report->errors) == 0);
    if (report->refused > REFUSED_TOLD_MAX && !report->errors)
        fprintf(stderr, "twofold: %" PRIu64 " more lines were refused; --errors FILE names all\n",
                report->refused - REFUSED_TOLD_MAX);
    print_sums(report);
    print_pace(report);
    if (!written)
        return output_usage("%s cannot be written: %s", report->cli->args.errors, strerror(errno));
    return report->refused == 0 ? EXIT_YES : EXIT_DENIED;
}
