/*
 * The work is done in a folder inside the data folder, not beside it: the data folder may be the
 * root of a mounted volume, which cannot be renamed, and its parent may not be writable. The last
 * step is one rename of the file, on one file system, and never over another file.
 *
 * Commits are not synced on the way: until that rename the file is nobody's database, and the file
 * is synced right before it.
 *
 * Outbox, its marks and counted failures come back as they were (store/outbox.c says why that is
 * right): what may have been sent since is sent again, since nothing else could fill a gap.
 */
#include "tools/restoring.h"

#include "base/log.h"
#include "rpc/own_event.h"
#include "store/store_lmdb.h"
#include "tools/work_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char data_name[] = "data.mdb";

/* What the visit of all users gathers. */
struct gathering {
    struct restored_how how;
    struct restored_tally tally;
    char (*orgs)[ORG_MAX + 1]; /* in byte order, as the users are */
    size_t n_orgs, max_orgs, n_told;
};

static void gathering_free(struct gathering *g)
{
    free(g->orgs);
}

static enum err path_of(const char *folder, const char *name, char ret_path[static PATH_MAX],
                        struct diag *reterr)
{
    if (snprintf(ret_path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX)
        return ERR_OK;
    diag_set(reterr, "the path of %s is too long", folder);
    return ERR_VALIDATION;
}

/* ---- before ---- */

/* A lock file without a database: somebody may still be at work with a file that was moved. A
 * journal: it is of another database, and perhaps holds the newest of it. */
static enum err refuse_occupied(const char *data_dir, struct diag *reterr)
{
    static const char *const names[] = {data_name, "lock.mdb", "journal.0", "journal.1"};
    char path[PATH_MAX];
    struct stat st;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        TRY(path_of(data_dir, names[i], path, reterr));
        if (lstat(path, &st) == 0) {
            diag_set(reterr,
                     "there is a database in %s already (%s), and it is never written over: stop "
                     "every twofoldd on it and move the folder away",
                     data_dir, names[i]);
            return ERR_CONFLICT;
        }
        if (errno != ENOENT && errno != ENOTDIR) {
            diag_set(reterr, "cannot look into %s: %s", data_dir, strerror(errno));
            return ERR_UNAVAILABLE;
        }
    }
    return ERR_OK;
}

/* ---- the procedure ---- */

static enum err remember_org(struct gathering *g, const char *org)
{
    if (g->n_orgs > 0 && strcmp(g->orgs[g->n_orgs - 1], org) == 0)
        return ERR_OK;
    if (g->n_orgs == g->max_orgs) {
        size_t max = g->max_orgs ? 2 * g->max_orgs : 16;
        char(*orgs)[ORG_MAX + 1] = reallocarray(g->orgs, max, sizeof *orgs);

        if (!orgs)
            return ERR_UNAVAILABLE;
        g->orgs = orgs;
        g->max_orgs = max;
    }
    snprintf(g->orgs[g->n_orgs++], ORG_MAX + 1, "%s", org);
    return ERR_OK;
}

static enum err visit(void *ctx, const struct user_id *id, const struct org *org, struct user *user,
                      bool *ret_changed)
{
    struct gathering *g = ctx;

    TRY(remember_org(g, id->org));
    user_restored(user, &org->policy, &g->how, &g->tally);
    *ret_changed = true;
    return ERR_OK;
}

/* Every organization with users is told, and "default", where the service tells of itself. One that
 * cannot be read cannot be told, and must not keep the others from coming back. */
static enum err tell(struct store *store, const struct restoring *r, struct gathering *g)
{
    struct own_event event = {
        .type = AUDIT_SERVICE_RESTORED, .instance = "restore", .now_ms = r->now_ms};
    bool has_default = false;

    for (size_t i = 0; i < g->n_orgs && !has_default; i++)
        has_default = strcmp(g->orgs[i], "default") == 0;
    if (!has_default)
        TRY(remember_org(g, "default"));
    for (size_t i = 0; i < g->n_orgs; i++) {
        event.org = g->orgs[i];
        g->n_told += own_event_write(store, &event) == ERR_OK;
    }
    return g->n_told > 0 ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err end_what_must_not_return(struct store *store, const struct restoring *r,
                                         struct restored_report *report)
{
    CLEANUP(gathering_free)
    struct gathering g = {
        .how = {.now_s = r->now_ms / 1000, .keep_recovery_codes = r->keep_recovery_codes}};
    const struct user_visitor visitor = {.visit = visit, .ctx = &g};
    struct work_done done = {0};

    TRY(store_lmdb_visit_users(store, r->progress, &visitor, &done));
    TRY(store_lmdb_forget_answers(store));
    TRY(tell(store, r, &g));
    report->ended = g.tally;
    report->damaged = done.damaged;
    report->orgs = g.n_told;
    report->damaged_orgs = g.n_orgs - g.n_told;
    return ERR_OK;
}

/* ---- the whole ---- */

static enum err prepare(const struct restoring *r, const char *folder,
                        struct restored_report *report, struct diag *reterr)
{
    const struct store_lmdb_options options = {
        .folder = folder,
        .size_mb = r->size_mb,
        .keyring = r->keyring,
        .plain = true,
        .unsafe_no_sync = true,
    };
    struct store *store = NULL;
    enum err err;

    TRY(backup_unpack(r->backup, folder, reterr));
    TRY(store_lmdb_open(&options, &store, reterr));
    diag_set(reterr,
             "cannot write the database in %s: is the disk full, or TWOFOLD_DB_SIZE_MB too small?",
             folder);
    err = end_what_must_not_return(store, r, report);
    store_close(store);
    return err;
}

/* What root restores belongs to the owner of the data folder; where root has made that as well, to
 * the keyring's. Best effort: who may not give a file away is no root, and owns it. */
static void give_to_service(const struct restoring *r, const char *file)
{
    struct stat owner;

    if (geteuid() != 0 || stat(r->data_dir, &owner) != 0)
        return;
    if (owner.st_uid == 0 && stat(r->keyring_path, &owner) != 0)
        return;
    if (lchown(r->data_dir, owner.st_uid, owner.st_gid) != 0 ||
        lchown(file, owner.st_uid, owner.st_gid) != 0)
        log_at(LOG_WARN, "cannot give the database to the owner of the keyring: run chown -R on it",
               FIELD("folder", r->data_dir));
}

static enum err put_in_place(const struct restoring *r, const char *folder, struct diag *reterr)
{
    char from[PATH_MAX], to[PATH_MAX], lock[PATH_MAX];

    TRY(path_of(folder, data_name, from, reterr));
    TRY(path_of(folder, "lock.mdb", lock, reterr));
    TRY(path_of(r->data_dir, data_name, to, reterr));
    unlink(lock);
    give_to_service(r, from);
    TRY(backup_sync(from, reterr));
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) {
        diag_set(reterr, "cannot put the database in place as %s: %s%s", to, strerror(errno),
                 errno == EEXIST ? "; a twofoldd was started meanwhile: stop it, move the folder "
                                   "away, and try again"
                                 : "");
        return errno == EEXIST ? ERR_CONFLICT : ERR_UNAVAILABLE;
    }
    return backup_sync(r->data_dir, reterr);
}

enum err restoring_run(const struct restoring *r, struct restored_report *ret_report,
                       struct diag *reterr)
{
    struct restored_report report = {0};
    auto_work_folder work = {0};
    char path[PATH_MAX];
    bool exists;

    TRY(refuse_occupied(r->data_dir, reterr));
    TRY(backup_check(r->backup, r->keyring, &report.backup, reterr));
    TRY(store_lmdb_prepare(r->data_dir, &exists, reterr));
    TRY(path_of(r->data_dir, RESTORING_FOLDER, path, reterr));
    TRY(work_folder_open(path, backup_files, &work, reterr));
    TRY(prepare(r, path, &report, reterr));
    TRY(put_in_place(r, path, reterr));
    work_folder_keep(&work);
    *ret_report = report;
    return ERR_OK;
}
