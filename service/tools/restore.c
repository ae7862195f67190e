#include "tools/restore.h"

#include "app.h"
#include "base/clock.h"
#include "tools/restoring.h"
#include "tools/tools.h"

#include <inttypes.h>
#include <time.h>

#define KEEP "--keep-recovery-codes"

static void help(FILE *out)
{
    fprintf(out,
            "usage: twofoldd restore DIR [" KEEP "] [--flag value | --flag=value] ...\n\n"
            "Makes the backup in DIR (twofoldd backup) the database of TWOFOLD_DATA_DIR, which\n"
            "must have none. Stop every twofoldd first, put the keyring in place, and run this as\n"
            "the user that the service runs as.\n\n"
            "What was used up since the backup was taken cannot be told from what was not. So all\n"
            "step tokens, pending enrolments and kept answers end, the codes of this moment are\n"
            "dead (users wait for the next ones), and all recovery codes are spent: their owners\n"
            "must make new ones.\n\n"
            "  " KEEP "  leave them as the backup has them: one that was used since\n"
            "                         is good again, also for whoever saw it being used\n\n"
            "Flags and variables are the service's: see twofoldd --help.\n"
            "Exit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

/* "2026-11-22T07:02:25Z" */
static const char *time_text(int64_t unix_s, char ret_text[static 32])
{
    const time_t t = (time_t)unix_s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(ret_text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(ret_text, 32, "@%" PRId64, unix_s);
    return ret_text;
}

/* "  3 WHATs TEXT" */
static void count_line(uint64_t n, const char *what, const char *text)
{
    printf("  %" PRIu64 " %s%s %s\n", n, what, plural(n), text);
}

static void report_done(const struct tool *t, const struct restored_report *r, const char *taken)
{
    printf("twofoldd: the backup of %s is in place in %s: %" PRIu64 " user%s\n", taken,
           t->config.data_dir, r->backup.users, plural(r->backup.users));
    count_line(r->ended.tokens, "step token", "ended, kept answers erased");
    count_line(r->ended.enrollments, "pending enrolment", "ended");
    count_line(r->ended.authenticators, "authenticator",
               "kept: codes up to now are dead, the next ones are good");
    if (t->flagged)
        puts("  recovery codes were kept: those used since the backup are good again");
    else
        count_line(r->ended.recovery_sets, "user",
                   "had recovery codes: all are spent, new ones must be made");
    count_line(r->orgs, "organization", "told of it: event service.restored");
    if (r->damaged_orgs)
        count_line(r->damaged_orgs, "organization",
                   "cannot be read: damaged when the backup was taken");
    if (r->damaged)
        count_line(r->damaged, "user", "cannot be read: damaged when the backup was taken");
}

static void report_unknown(const char *taken)
{
    printf(
        "Nobody here knows what was done after %s. Compare with the audit trail since then,\n"
        "and do again what must last:\n"
        "  users created and deleted; passwords changed\n"
        "  authenticators added, replaced, disabled or reset: a lost phone may be good again\n"
        "  recovery codes made anew\n"
        "  policies changed; organizations made\n"
        "  failures counted, waits, suspensions and unlocks\n"
        "Sequence numbers of events go on from those of the backup: per user, some come twice.\n"
        "Events that it does not know as sent go out again. Those that went out since, longer ago\n"
        "than the duplicate window of the stream, are then in it twice, with one id.\n",
        taken);
}

static enum err run(struct tool *t, struct progress_bar *bar, struct restored_report *ret_report,
                    struct diag *reterr)
{
    const struct clock clock = clock_system();
    const struct work_progress progress = {.call = progress_show, .ctx = bar};
    struct restoring r = {.backup = t->operands[0],
                          .data_dir = t->config.data_dir,
                          .size_mb = t->config.db_size_mb,
                          .now_ms = clock_unix_ms(&clock),
                          .keep_recovery_codes = t->flagged,
                          .progress = &progress};

    TRY(keyring_open(t->keyring_path, &t->keyring, reterr));
    r.keyring = t->keyring;
    r.keyring_path = t->keyring_path;
    progress_begin(bar, "restoring users");
    return restoring_run(&r, ret_report, reterr);
}

int restore_run(int argc, char **argv)
{
    static const struct tool_spec spec = {
        .name = "restore", .min_operands = 1, .max_operands = 1, .flag = KEEP, .help = help};
    static struct diag diag;
    auto_tool t = {0};
    struct restored_report r = {0};
    struct progress_bar bar;
    char taken[32];
    enum err err;
    int exit_code = 0;

    app_harden();
    if (!tool_read(&spec, argc, argv, &t, &exit_code))
        return exit_code;
    err = run(&t, &bar, &r, &diag);
    if (err == ERR_OK) {
        progress_end(&bar, r.ended.users);
        time_text(r.backup.taken_s, taken);
        report_done(&t, &r, taken);
        report_unknown(taken);
    }
    return tool_end(err, &diag);
}
