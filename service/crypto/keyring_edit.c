/*
 * A keyring is never changed in place: a crash in the middle would lose keys, and with them the
 * database. The new text goes into a file beside it, is synced, and takes the name. Owner and group
 * stay, so that an administrator may rotate the keys of a service that runs as somebody else.
 */
#include "crypto/keyring_edit.h"

#include "base/fd.h"
#include "base/secret.h"
#include "crypto/base64.h"
#include "crypto/keyring_file.h"
#include "crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 10000, LOCK_PAUSE_MS = 20 };

/* ---- writing ---- */

static enum err write_all(int fd, const char *text, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t written = write(fd, text + done, n - done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return ERR_UNAVAILABLE;
        done += (size_t)written;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err write_file(int fd, const struct keyring_file *file)
{
    char text[KEYRING_FILE_MAX], key[BASE64_LENGTH(ROOT_KEY_BYTES) + 1];
    size_t n = (size_t)snprintf(text, sizeof text, "%s\n", KEYRING_HEADER);
    enum err err;

    for (size_t i = 0; i < file->n; i++) {
        const struct keyring_entry *e = &file->at[i];

        base64_encode((struct bytes){.p = e->key, .n = sizeof e->key}, key);
        n += (size_t)snprintf(text + n, sizeof text - n, "key %u %s %s %s\n", (unsigned)e->id,
                              key_state_word(e->state), e->date, key);
    }
    err = write_all(fd, text, n);
    wipe(text, sizeof text);
    wipe(key, sizeof key);
    return err;
}

/* Opens the folder that PATH is in; -1 and errno when it cannot. */
static int open_folder_of(const char *path)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The name itself must be on disk before anything is sealed under a key of the file. */
static enum err sync_folder_of(const char *path)
{
    auto_fd fd = open_folder_of(path);

    return fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

/* ---- a new key ---- */

static enum err new_key(uint32_t id, enum key_state state, struct keyring_entry *ret)
{
    time_t now = time(NULL);
    struct tm utc;

    ret->id = id;
    ret->state = state;
    gmtime_r(&now, &utc);
    strftime(ret->date, sizeof ret->date, "%Y-%m-%d", &utc);
    return random_bytes(ret->key, sizeof ret->key);
}

static enum err write_first_key(int fd)
{
    auto_keyring_file file = {.n = 1};

    TRY(new_key(1, KEY_ACTIVE, &file.at[0]));
    return write_file(fd, &file);
}

/* ---- a new file ---- */

/* link() is what never replaces a file: whoever comes second leaves the first one's in place, and
 * gets ERR_CONFLICT. */
static enum err publish(const char *temporary, const char *path)
{
    if (link(temporary, path) == 0)
        return sync_folder_of(path);
    return errno == EEXIST ? ERR_CONFLICT : ERR_UNAVAILABLE;
}

static enum err create_failed(const char *path, struct diag *reterr)
{
    diag_set(reterr,
             "cannot create the keyring %s: %s; make its folder exist and writable by the service, "
             "or name another file with TWOFOLD_KEYRING_FILE",
             path, strerror(errno));
    return ERR_UNAVAILABLE;
}

enum err keyring_create_new(const char *path, struct diag *reterr)
{
    char temporary[PATH_MAX];
    auto_fd fd = -1;
    enum err err;

    errno = ENAMETOOLONG;
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return create_failed(path, reterr);
    fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return create_failed(path, reterr);
    err = write_first_key(fd);
    if (err == ERR_OK)
        err = publish(temporary, path);
    if (err == ERR_CONFLICT)
        diag_set(reterr,
                 "there is a file at %s already, and it was left as it is: name another one with "
                 "TWOFOLD_KEYRING_FILE, or keep using this",
                 path);
    else if (err != ERR_OK)
        err = create_failed(path, reterr);
    unlink(temporary);
    return err;
}

enum err keyring_create(const char *path, struct diag *reterr)
{
    enum err err = keyring_create_new(path, reterr);

    if (err != ERR_CONFLICT)
        return err;
    reterr->text[0] = '\0';
    return sync_folder_of(path) == ERR_OK ? ERR_OK : create_failed(path, reterr);
}

/* ---- a changed file ---- */

static enum err replace_failed(const char *path, struct diag *reterr)
{
    diag_set(reterr,
             "cannot write the keyring %s anew: %s; it was left as it was. Its folder must be "
             "writable for whoever changes it, and its owner is kept",
             path, strerror(errno));
    return ERR_UNAVAILABLE;
}

static enum err write_beside(const char *temporary, const char *path,
                             const struct keyring_file *file)
{
    /* O_NONBLOCK: a pipe in that place would hold it up for ever. */
    auto_fd fd =
        open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat old, new;

    if (fd < 0 || stat(path, &old) != 0 || fstat(fd, &new) != 0 || !S_ISREG(new.st_mode))
        return ERR_UNAVAILABLE;
    if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
        fchown(fd, old.st_uid, old.st_gid) != 0)
        return ERR_UNAVAILABLE;
    if (fchmod(fd, 0600) != 0)
        return ERR_UNAVAILABLE;
    return write_file(fd, file);
}

static enum err replace(const char *path, const struct keyring_file *file, struct diag *reterr)
{
    char temporary[PATH_MAX];

    errno = ENAMETOOLONG;
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return replace_failed(path, reterr);
    if (write_beside(temporary, path, file) != ERR_OK || rename(temporary, path) != 0) {
        replace_failed(path, reterr);
        unlink(temporary);
        return ERR_UNAVAILABLE;
    }
    if (sync_folder_of(path) == ERR_OK)
        return ERR_OK;
    diag_set(reterr,
             "the keyring %s was changed, but its folder could not be synced: %s; look at "
             "it with `twofoldd keys list` before you go on",
             path, strerror(errno));
    return ERR_UNAVAILABLE;
}

/* Whoever can read the folder can hold its lock, so the wait has an end. */
static enum err lock_folder(int folder, const char *path, struct diag *reterr)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};

    for (int waited_ms = 0; flock(folder, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_PAUSE_MS) {
        if (errno != EWOULDBLOCK)
            return replace_failed(path, reterr);
        if (waited_ms >= LOCK_WAIT_MS) {
            diag_set(reterr,
                     "another process holds the folder of the keyring %s; find it with "
                     "`fuser` and end it",
                     path);
            return ERR_UNAVAILABLE;
        }
        nanosleep(&pause, NULL);
    }
    return ERR_OK;
}

typedef enum err change(struct keyring_file *file, uint32_t *id, struct diag *reterr);

/* One change at a time: the lock is on the folder, since the file itself is replaced. A symbolic
 * link stays one. A name that leads nowhere is left for reading to explain. */
static enum err edit(const char *path, change *apply, uint32_t *id, struct diag *reterr)
{
    auto_keyring_file file = {0};
    char real[PATH_MAX];
    const char *target = realpath(path, real) ? real : path;
    auto_fd folder = open_folder_of(target);

    if (folder < 0)
        return replace_failed(path, reterr);
    TRY(lock_folder(folder, path, reterr));
    TRY(keyring_file_read(target, &file, reterr));
    TRY(apply(&file, id, reterr));
    return replace(target, &file, reterr);
}

static struct keyring_entry *find(struct keyring_file *file, uint32_t id)
{
    for (size_t i = 0; i < file->n; i++)
        if (file->at[i].id == id)
            return &file->at[i];
    return NULL;
}

static enum err no_such_key(uint32_t id, struct diag *reterr)
{
    diag_set(reterr, "the keyring has no key %u; `twofoldd keys list` shows those it has",
             (unsigned)id);
    return ERR_NOT_FOUND;
}

static enum err add(struct keyring_file *file, uint32_t *id, struct diag *reterr)
{
    uint32_t highest = 0;

    for (size_t i = 0; i < file->n; i++)
        highest = file->at[i].id > highest ? file->at[i].id : highest;
    if (highest == UINT32_MAX) {
        diag_set(reterr, "no number is left above that of key %" PRIu32, highest);
        return ERR_EXHAUSTED;
    }
    if (file->n == KEYRING_KEYS_MAX) {
        diag_set(reterr, "the keyring is full (%d keys); retire some that nothing needs any more",
                 KEYRING_KEYS_MAX);
        return ERR_EXHAUSTED;
    }
    *id = highest + 1;
    diag_set(reterr, "no random bytes for a key");
    return new_key(*id, KEY_READING, &file->at[file->n++]);
}

static enum err activate(struct keyring_file *file, uint32_t *id, struct diag *reterr)
{
    struct keyring_entry *chosen = find(file, *id);

    if (!chosen || chosen->state == KEY_PEPPER)
        return no_such_key(*id, reterr);
    for (size_t i = 0; i < file->n; i++)
        if (file->at[i].state == KEY_ACTIVE)
            file->at[i].state = KEY_READING;
    chosen->state = KEY_ACTIVE;
    return ERR_OK;
}

static enum err refuse_active(const struct keyring_entry *e, struct diag *reterr)
{
    if (e->state != KEY_ACTIVE)
        return ERR_OK;
    diag_set(reterr, "key %u is the active one; `twofoldd keys rotate` puts another in its place",
             (unsigned)e->id);
    return ERR_CONFLICT;
}

static enum err drop(struct keyring_file *file, uint32_t *id, struct diag *reterr)
{
    struct keyring_entry *gone = find(file, *id);

    if (!gone)
        return no_such_key(*id, reterr);
    TRY(refuse_active(gone, reterr));
    memmove(gone, gone + 1, (size_t)(file->at + --file->n - gone) * sizeof *gone);
    wipe(&file->at[file->n], sizeof file->at[0]);
    return ERR_OK;
}

static enum err reduce(struct keyring_file *file, uint32_t *id, struct diag *reterr)
{
    struct keyring_entry *e = find(file, *id);
    auto_secret pepper = {.n = ROOT_KEY_BYTES};

    if (!e)
        return no_such_key(*id, reterr);
    TRY(refuse_active(e, reterr));
    if (e->state == KEY_PEPPER)
        return ERR_OK;
    diag_set(reterr, "the pepper could not be derived: OpenSSL failed");
    TRY(keyring_derive((struct bytes){.p = e->key, .n = sizeof e->key}, KEY_RECOVERY,
                       pepper.bytes));
    memcpy(e->key, pepper.bytes, sizeof e->key);
    e->state = KEY_PEPPER;
    return ERR_OK;
}

enum err keyring_add(const char *path, uint32_t *ret_id, struct diag *reterr)
{
    return edit(path, add, ret_id, reterr);
}

enum err keyring_activate(const char *path, uint32_t id, struct diag *reterr)
{
    return edit(path, activate, &id, reterr);
}

enum err keyring_remove(const char *path, uint32_t id, bool keep_pepper, struct diag *reterr)
{
    return edit(path, keep_pepper ? reduce : drop, &id, reterr);
}

enum err keyring_list(const char *path, struct key_summary ret_keys[static KEYRING_KEYS_MAX],
                      size_t *ret_n, struct diag *reterr)
{
    auto_keyring_file file = {0};

    TRY(keyring_file_read(path, &file, reterr));
    for (size_t i = 0; i < file.n; i++) {
        ret_keys[i] = (struct key_summary){.id = file.at[i].id, .state = file.at[i].state};
        memcpy(ret_keys[i].date, file.at[i].date, sizeof ret_keys[i].date);
    }
    *ret_n = file.n;
    return ERR_OK;
}
