/*
 * Neither keyring nor bus is needed: what is sealed stays sealed, so whoever makes backups need not
 * be able to read them.
 */
#include "tools/backup.h"

#include "app.h"
#include "base/clock.h"
#include "store/backup_lmdb.h"
#include "tools/tools.h"
#include "tools/work_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void help(FILE *out)
{
    fprintf(out,
            "usage: twofoldd backup DIR [--flag value | --flag=value] ...\n\n"
            "Writes a consistent, compact copy of the database in TWOFOLD_DATA_DIR into the new\n"
            "folder DIR, while the service goes on. The keyring is not in it: keep a copy of that\n"
            "too, in another place. Only twofoldd restore can put a backup to use.\n\n"
            "Flags and variables are the service's: see twofoldd --help.\n"
            "Exit codes: %d done, %d failed, %d a mistake in the command or the settings\n",
            CONFIG_EXIT_DONE, CONFIG_EXIT_FAILED, CONFIG_EXIT_MISTAKE);
}

/* DIR without slashes at its end: the name beside it is made of it. */
static enum err target_of(const char *operand, char ret_target[static PATH_MAX],
                          struct diag *reterr)
{
    size_t n = strlen(operand);

    while (n > 1 && operand[n - 1] == '/')
        n--;
    if (n + sizeof ".partial" > PATH_MAX) {
        diag_set(reterr, "the name of the folder is too long");
        return ERR_VALIDATION;
    }
    snprintf(ret_target, PATH_MAX, "%.*s", (int)n, operand);
    return ERR_OK;
}

/* Where the folder TARGET is, or will be. False: neither it nor its parent is there. */
static bool place_of(const char *target, char ret_place[static PATH_MAX])
{
    char parent[PATH_MAX];
    const char *slash = strrchr(target, '/');

    if (realpath(target, ret_place))
        return true;
    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - target) + 1 : 1,
             slash ? target : ".");
    return realpath(parent, ret_place) != NULL;
}

/* A backup is for the day when the data folder is lost. */
static enum err refuse_inside(const char *target, const char *data_dir, struct diag *reterr)
{
    char place[PATH_MAX], data[PATH_MAX];
    size_t n;

    if (!place_of(target, place) || !realpath(data_dir, data))
        return ERR_OK;
    n = strlen(data);
    if (strncmp(place, data, n) != 0 || (place[n] && place[n] != '/'))
        return ERR_OK;
    diag_set(reterr, "the backup would lie in the data folder; name a folder outside of it");
    return ERR_VALIDATION;
}

/* Early, so that nobody waits in vain; that nothing is replaced, the rename at the end sees to. */
static enum err refuse_existing(const char *target, struct diag *reterr)
{
    if (access(target, F_OK) != 0 || rmdir(target) == 0)
        return ERR_OK;
    diag_set(reterr, "there is something at %s already: %s; name a new folder", target,
             strerror(errno));
    return ERR_CONFLICT;
}

static enum err sync_parent(const char *target, struct diag *reterr)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(target, '/');

    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - target) + 1 : 1,
             slash ? target : ".");
    return backup_sync(parent, reterr);
}

static enum err give_name(struct work_folder *work, const char *target, struct diag *reterr)
{
    if (renameat2(AT_FDCWD, work->path, AT_FDCWD, target, RENAME_NOREPLACE) != 0) {
        diag_set(reterr, "cannot give the backup its name %s: %s", target, strerror(errno));
        return ERR_CONFLICT;
    }
    work_folder_keep(work);
    return sync_parent(target, reterr);
}

static enum err make(const struct tool *t, const char *target, struct backup_facts *ret_facts,
                     struct diag *reterr)
{
    const struct clock clock = clock_system();
    char partial[PATH_MAX + 16];
    auto_work_folder work = {0};
    struct backup_job job = {.folder = t->config.data_dir,
                             .size_mb = t->config.db_size_mb,
                             .to = partial,
                             .now_s = clock_unix_ms(&clock) / 1000};

    snprintf(partial, sizeof partial, "%s.partial", target);
    TRY(tool_may_read(t, reterr));
    TRY(refuse_inside(target, t->config.data_dir, reterr));
    TRY(refuse_existing(target, reterr));
    TRY(work_folder_open(partial, backup_files, &work, reterr));
    TRY(backup_write(&job, ret_facts, reterr));
    return give_name(&work, target, reterr);
}

static void report(const char *target, const struct backup_facts *facts, int64_t ms)
{
    printf(
        "twofoldd: backup of %" PRIu64 " user%s in %s: %" PRIu64 " bytes, %" PRId64 ".%03d s\n"
        "The keyring is not in it, and without it the backup cannot be read: keep a copy of the\n"
        "keyring too, in another place.\n",
        facts->users, plural(facts->users), target, facts->bytes, ms / 1000, (int)(ms % 1000));
}

int backup_run(int argc, char **argv)
{
    static const struct tool_spec spec = {
        .name = "backup", .min_operands = 1, .max_operands = 1, .help = help};
    static struct diag diag;
    auto_tool t = {0};
    const struct clock clock = clock_system();
    struct backup_facts facts = {0};
    char target[PATH_MAX];
    int64_t began_ms = clock_unix_ms(&clock);
    enum err err;
    int exit_code = 0;

    app_harden();
    if (!tool_read(&spec, argc, argv, &t, &exit_code))
        return exit_code;
    err = target_of(t.operands[0], target, &diag);
    if (err == ERR_OK)
        err = make(&t, target, &facts, &diag);
    if (err == ERR_OK)
        report(target, &facts, clock_unix_ms(&clock) - began_ms);
    return tool_end(err, &diag);
}
