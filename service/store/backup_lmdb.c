/*
 * Why a digest: LMDB trusts the pages it maps. A flipped bit on old media would be followed as a
 * page number, a file cut short ends the process with SIGBUS. So nothing of a backup is opened
 * before all of it was read once.
 */
#include "store/backup_lmdb.h"

#include "base/fd.h"
#include "store/big_endian.h"
#include "store/format.h"
#include "store/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
    MARK_BYTES = 8,
    SPARE_MB = 8, /* more than the file has: room to write the mark in */
    DIGEST_LINE = 2 * SHA256_BYTES + sizeof "  data.mdb\n",
};

static const char data_name[] = "data.mdb", digest_name[] = "data.mdb.sha256";

const char *const backup_files[] = {"data.mdb", "lock.mdb", "data.mdb.sha256", NULL};

struct file_path {
    char text[PATH_MAX];
};

static struct file_path path_of(const char *folder, const char *name)
{
    struct file_path p;

    if (snprintf(p.text, sizeof p.text, "%s/%s", folder, name) >= (int)sizeof p.text)
        p.text[0] = '\0'; /* there is no such file */
    return p;
}

static enum err failed(struct diag *reterr, const char *what, const char *path)
{
    diag_set(reterr, "cannot %s %s: %s", what, path, strerror(errno));
    return ERR_UNAVAILABLE;
}

enum err backup_sync(const char *file, struct diag *reterr)
{
    auto_fd fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return failed(reterr, "sync", file);
    return ERR_OK;
}

/* ---- the digest ---- */

static enum err digest_mapped(int fd, size_t n, uint8_t ret_digest[static SHA256_BYTES])
{
    void *map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    enum err err;

    if (map == MAP_FAILED)
        return ERR_UNAVAILABLE;
    madvise(map, n, MADV_SEQUENTIAL);
    err = mac_sha256((struct bytes){.p = map, .n = n}, ret_digest);
    munmap(map, n);
    return err;
}

/* What sha256sum would write about data.mdb of FOLDER, and its size. */
static enum err digest_line(const char *folder, char ret_line[static DIGEST_LINE],
                            uint64_t *ret_bytes, struct diag *reterr)
{
    struct file_path path = path_of(folder, data_name);
    auto_fd fd = open(path.text, O_RDONLY | O_CLOEXEC);
    uint8_t digest[SHA256_BYTES] = {0};
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return failed(reterr, "read", path.text);
    errno = EINVAL; /* an empty file */
    if (st.st_size == 0 || digest_mapped(fd, (size_t)st.st_size, digest) != ERR_OK)
        return failed(reterr, "read", path.text);
    hex_encode(digest, sizeof digest, ret_line);
    snprintf(ret_line + 2 * SHA256_BYTES, DIGEST_LINE - 2 * SHA256_BYTES, "  %s\n", data_name);
    *ret_bytes = (uint64_t)st.st_size;
    return ERR_OK;
}

static enum err digest_write(const char *folder, uint64_t *ret_bytes, struct diag *reterr)
{
    struct file_path path = path_of(folder, digest_name);
    auto_fd fd = open(path.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char line[DIGEST_LINE];

    if (fd < 0)
        return failed(reterr, "make", path.text);
    TRY(digest_line(folder, line, ret_bytes, reterr));
    if (write(fd, line, strlen(line)) != (ssize_t)strlen(line) || fsync(fd) != 0)
        return failed(reterr, "write", path.text);
    return ERR_OK;
}

static enum err digest_compare(const char *folder, uint64_t *ret_bytes, struct diag *reterr)
{
    struct file_path path = path_of(folder, digest_name);
    char found[DIGEST_LINE], kept[DIGEST_LINE + 1] = "";
    auto_fd fd = open(path.text, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        diag_set(reterr, "%s is not a backup: cannot read %s: %s", folder, path.text,
                 strerror(errno));
        return ERR_VALIDATION;
    }
    TRY(digest_line(folder, found, ret_bytes, reterr));
    n = read(fd, kept, sizeof kept - 1);
    if (n >= 0 && strcmp(found, kept) == 0)
        return ERR_OK;
    diag_set(reterr, "the backup in %s is damaged: data.mdb is not what %s says; take another one",
             folder, digest_name);
    return ERR_VALIDATION;
}

/* ---- the mark ---- */

/* Opens COPY, which nobody else does, and has CHANGE done to it. */
static enum err change_copy(const char *copy, int64_t now_s,
                            enum err (*change)(struct tables_txn *t, int64_t now_s,
                                               struct diag *reterr),
                            struct diag *reterr)
{
    struct file_path path = path_of(copy, data_name), lock = path_of(copy, "lock.mdb");
    enum tables_content content;
    auto_tables *tables = NULL;
    auto_tables_txn *t = NULL;
    struct stat st;

    if (stat(path.text, &st) != 0)
        return failed(reterr, "read", path.text);
    TRY(tables_open(&(struct tables_options){.folder = copy,
                                             .size_mb = (unsigned)(st.st_size >> 20) + SPARE_MB,
                                             .plain = true,
                                             .unsafe_no_sync = true}, /* synced when whole */
                    &tables, reterr));
    diag_set(reterr, "cannot write to the copy in %s: is the disk full?", copy);
    TRY(tables_begin_write(tables, &t));
    TRY(tables_attach(t, &content));
    if (content != TABLES_OURS) {
        diag_set(reterr, "that is not a database of twofoldd");
        return ERR_VALIDATION;
    }
    TRY(change(t, now_s, reterr));
    TRY(tables_commit(STEAL(t)));
    tables_close(STEAL(tables));
    return unlink(lock.text) == 0 ? ERR_OK : failed(reterr, "remove", lock.text);
}

static enum err mark(struct tables_txn *t, int64_t now_s, struct diag *reterr)
{
    uint8_t taken[MARK_BYTES];
    struct bytes known;

    if (table_get(t, TABLE_META, bytes_of_text(BACKUP_MARK), &known) == ERR_OK) {
        diag_set(reterr, "that is a backup already; copy its files");
        return ERR_CONFLICT;
    }
    be_put(taken, sizeof taken, (uint64_t)now_s);
    TRY(table_erase(t, TABLE_META, bytes_of_text(TABLES_JOURNAL_KEY)));
    return table_put(t, TABLE_META, bytes_of_text(BACKUP_MARK),
                     (struct bytes){.p = taken, .n = sizeof taken});
}

static enum err unmark(struct tables_txn *t, int64_t now_s, struct diag *reterr)
{
    (void)now_s;
    (void)reterr;
    return table_erase(t, TABLE_META, bytes_of_text(BACKUP_MARK));
}

/* ---- reading one ---- */

static enum err read_mark(struct tables_txn *t, const char *backup, struct backup_facts *ret_facts,
                          struct diag *reterr)
{
    struct bytes taken;

    if (table_get(t, TABLE_META, bytes_of_text(BACKUP_MARK), &taken) != ERR_OK ||
        taken.n != MARK_BYTES) {
        diag_set(reterr, "%s was not made by twofoldd backup", backup);
        return ERR_VALIDATION;
    }
    ret_facts->taken_s = (int64_t)be_get(taken.p, MARK_BYTES);
    return ERR_OK;
}

static enum err open_frozen(const char *backup, struct tables **ret_tables, struct diag *reterr)
{
    const struct tables_options options = {.folder = backup, .size_mb = 1, .frozen = true};

    return tables_open(&options, ret_tables, reterr);
}

static enum err look(struct tables_txn *t, const char *backup, const struct keyring *keyring,
                     struct backup_facts *ret_facts, struct diag *reterr)
{
    enum tables_content content;

    TRY(tables_attach(t, &content));
    if (content != TABLES_OURS) {
        diag_set(reterr, "%s holds a database that is not of twofoldd", backup);
        return ERR_VALIDATION;
    }
    TRY(read_mark(t, backup, ret_facts, reterr));
    TRY(format_compare(t, keyring, backup, reterr));
    return table_count(t, TABLE_USERS, &ret_facts->users);
}

enum err backup_check(const char *backup, const struct keyring *keyring,
                      struct backup_facts *ret_facts, struct diag *reterr)
{
    struct backup_facts facts = {0};
    auto_tables *tables = NULL;
    auto_tables_txn *t = NULL;

    TRY(digest_compare(backup, &facts.bytes, reterr));
    TRY(open_frozen(backup, &tables, reterr));
    diag_set(reterr, "cannot read the backup in %s", backup);
    TRY(tables_begin_read(tables, &t));
    TRY(look(t, backup, keyring, &facts, reterr));
    *ret_facts = facts;
    return ERR_OK;
}

enum err backup_unpack(const char *backup, const char *to, struct diag *reterr)
{
    auto_tables *tables = NULL;

    TRY(open_frozen(backup, &tables, reterr));
    TRY(tables_copy(tables, to, reterr));
    return change_copy(to, 0, unmark, reterr);
}

/* ---- writing one ---- */

static enum err copy_from(const struct backup_job *job, struct diag *reterr)
{
    const struct tables_options options = {.folder = job->folder, .size_mb = job->size_mb};
    struct file_path source = path_of(job->folder, data_name);
    auto_tables *tables = NULL;
    struct stat st;

    if (lstat(source.text, &st) != 0) { /* opening would make one */
        diag_set(reterr, "there is no database in %s: %s", job->folder, strerror(errno));
        return ERR_NOT_FOUND;
    }
    TRY(tables_open(&options, &tables, reterr));
    return tables_copy(tables, job->to, reterr);
}

static enum err count_users(const char *copy, uint64_t *ret_users, struct diag *reterr)
{
    enum tables_content content;
    auto_tables *tables = NULL;
    auto_tables_txn *t = NULL;

    TRY(open_frozen(copy, &tables, reterr));
    TRY(tables_begin_read(tables, &t));
    TRY(tables_attach(t, &content));
    return table_count(t, TABLE_USERS, ret_users);
}

enum err backup_write(const struct backup_job *job, struct backup_facts *ret_facts,
                      struct diag *reterr)
{
    struct file_path data = path_of(job->to, data_name);
    struct backup_facts facts = {.taken_s = job->now_s};

    TRY(copy_from(job, reterr));
    TRY(change_copy(job->to, job->now_s, mark, reterr));
    TRY(count_users(job->to, &facts.users, reterr));
    TRY(backup_sync(data.text, reterr));
    TRY(digest_write(job->to, &facts.bytes, reterr));
    TRY(backup_sync(job->to, reterr));
    *ret_facts = facts;
    return ERR_OK;
}
