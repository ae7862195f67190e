/*
 * The keyring on disk. It is parsed strictly: a typing error must stop the start and name its line,
 * for a keyring that silently lost a key shows only much later, as records that cannot be read. No
 * message ever quotes a line, since a mistyped line may still hold most of a key.
 */
#include "crypto/keyring_file.h"

#include "base/secret.h"
#include "crypto/base64.h"
#include "crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024 };

static const char header[] = "twofold-keyring 1";

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define auto_fd CLEANUP(close_fd) int

void keyring_file_wipe(struct keyring_file *file)
{
    wipe(file, sizeof *file);
}

/* ---- a new file ---- */

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

static enum err write_first_key(int fd)
{
    auto_secret root = {.n = ROOT_KEY_BYTES}, text = {0};
    char file[sizeof header + SECRET_MAX + 64], day[16];
    time_t now = time(NULL);
    struct tm utc;
    enum err err;

    TRY(random_bytes(root.bytes, root.n));
    base64_encode(secret_view(&root), (char *)text.bytes);
    gmtime_r(&now, &utc);
    strftime(day, sizeof day, "%Y-%m-%d", &utc);
    snprintf(file, sizeof file, "%s\nkey 1 active %s %s\n", header, day, (char *)text.bytes);
    err = write_all(fd, file, strlen(file));
    wipe(file, sizeof file);
    return err;
}

/* The name itself must be on disk before anything is sealed under a key of the file. */
static enum err sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    auto_fd fd = -1;

    snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

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

/* ---- parsing ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next word off LINE; empty at its end. */
static struct bytes next_word(struct bytes *line)
{
    size_t start = 0, end;

    while (start < line->n && is_blank(line->p[start]))
        start++;
    end = start;
    while (end < line->n && !is_blank(line->p[end]))
        end++;

    struct bytes word = {.p = line->p + start, .n = end - start};

    *line = (struct bytes){.p = line->p + end, .n = line->n - end};
    return word;
}

static bool word_is(struct bytes word, const char *text)
{
    return bytes_equal(word, bytes_of_text(text));
}

static bool parse_id(struct bytes word, uint32_t *ret_id)
{
    uint64_t id = 0;

    if (word.n < 1 || word.n > 10 || (word.n > 1 && word.p[0] == '0'))
        return false;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] < '0' || word.p[i] > '9')
            return false;
        id = id * 10 + (uint64_t)(word.p[i] - '0');
    }
    if (id > UINT32_MAX)
        return false;
    *ret_id = (uint32_t)id;
    return true;
}

/* The date is for people; here only its shape matters. */
static bool date_valid(struct bytes word)
{
    static const char shape[] = "0000-00-00";

    if (word.n != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < word.n; i++)
        if (shape[i] == '0' ? word.p[i] < '0' || word.p[i] > '9' : word.p[i] != '-')
            return false;
    return true;
}

/* NULL, or how the line is wrong: what to put after "line 7 ". The same for the next functions. */
static const char *parse_key(struct bytes line, struct keyring_entry *ret_entry)
{
    struct bytes state;

    if (!word_is(next_word(&line), "key"))
        return "does not begin with \"key\"";
    if (!parse_id(next_word(&line), &ret_entry->id))
        return "has no key id (a number from 0 to 4294967295)";
    state = next_word(&line);
    ret_entry->active = word_is(state, "active");
    if (!ret_entry->active && !word_is(state, "reading"))
        return "says neither active nor reading";
    if (!date_valid(next_word(&line)))
        return "has no date in the form YYYY-MM-DD";
    if (!base64_decode(next_word(&line), ret_entry->root, sizeof ret_entry->root))
        return "has no key in 43 characters of base64 (32 bytes, no padding)";
    return next_word(&line).n ? "goes on after the key" : NULL;
}

static const char *add_key(struct bytes line, struct keyring_file *file)
{
    struct keyring_entry *entry = &file->at[file->n];
    const char *wrong;

    if (file->n == KEYRING_KEYS_MAX)
        return "is one key too many (16 are allowed)";
    wrong = parse_key(line, entry);
    if (wrong)
        return wrong;
    for (size_t i = 0; i < file->n; i++) {
        if (file->at[i].id == entry->id)
            return "repeats the id of an earlier key";
        if (file->at[i].active && entry->active)
            return "is a second active key; mark all but one as reading";
    }
    file->n++;
    return NULL;
}

static const char *parse_line(struct bytes line, bool *headed, struct keyring_file *file)
{
    const uint8_t *comment = line.n ? memchr(line.p, '#', line.n) : NULL;
    struct bytes first;

    if (comment)
        line.n = (size_t)(comment - line.p);
    first = line;
    if (!next_word(&first).n)
        return NULL;
    if (*headed)
        return add_key(line, file);
    *headed = true;
    return word_is(line, header) ? NULL : "is not \"twofold-keyring 1\"";
}

static enum err refuse(const char *path, const char *wrong, struct diag *reterr)
{
    diag_set(reterr, "the keyring %s %s", path, wrong);
    return ERR_VALIDATION;
}

static enum err parse(const char *path, struct bytes text, struct keyring_file *file,
                      struct diag *reterr)
{
    bool headed = false;
    size_t actives = 0;

    for (unsigned number = 1; text.n; number++) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        struct bytes line = {.p = text.p, .n = end ? (size_t)(end - text.p) : text.n};
        const char *wrong = parse_line(line, &headed, file);
        size_t used = line.n + (end != NULL);

        if (wrong) {
            diag_set(reterr, "the keyring %s is malformed: line %u %s", path, number, wrong);
            return ERR_VALIDATION;
        }
        text = (struct bytes){.p = text.p + used, .n = text.n - used};
    }
    for (size_t i = 0; i < file->n; i++)
        actives += file->at[i].active;
    if (!headed)
        return refuse(path, "is empty; restore it from your backup", reterr);
    return actives ? ERR_OK : refuse(path, "has no active key; mark one as active", reterr);
}

/* ---- reading ---- */

static enum err unreadable(const char *path, struct diag *reterr)
{
    diag_set(reterr,
             "cannot read the keyring %s: %s; it must belong to the user that the service runs as "
             "(this is uid %u), with mode 600",
             path, strerror(errno), (unsigned)geteuid());
    return ERR_UNAVAILABLE;
}

static enum err open_file(const char *path, int *ret_fd, struct diag *reterr)
{
    /* Without O_NONBLOCK, a pipe in the file's place would stop the start for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0) {
        *ret_fd = fd;
        return ERR_OK;
    }
    if (errno == ENOENT) {
        diag_set(reterr,
                 "no keyring at %s: restore it from your backup, or, for a new database, make one "
                 "with `twofoldd keys init`",
                 path);
        return ERR_NOT_FOUND;
    }
    return unreadable(path, reterr);
}

static enum err check_file(const char *path, int fd, struct diag *reterr)
{
    struct stat is;

    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode))
        return refuse(path, "is not a regular file", reterr);
    if (is.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(path, "can be accessed by others; run chmod 600 on it", reterr);
    return ERR_OK;
}

static enum err read_all(int fd, uint8_t *text, size_t room, size_t *ret_n)
{
    size_t n = 0;

    while (n < room) {
        ssize_t got = read(fd, text + n, room - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_UNAVAILABLE;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return ERR_OK;
}

static enum err read_and_parse(const char *path, uint8_t text[static FILE_MAX],
                               struct keyring_file *file, struct diag *reterr)
{
    auto_fd fd = -1;
    size_t n = 0;

    TRY(open_file(path, &fd, reterr));
    TRY(check_file(path, fd, reterr));
    if (read_all(fd, text, FILE_MAX, &n) != ERR_OK)
        return unreadable(path, reterr);
    if (n == FILE_MAX)
        return refuse(path, "is larger than 16 KiB", reterr);
    return parse(path, (struct bytes){.p = text, .n = n}, file, reterr);
}

enum err keyring_file_read(const char *path, struct keyring_file *ret_file, struct diag *reterr)
{
    auto_keyring_file file = {0};
    uint8_t text[FILE_MAX];
    enum err err = read_and_parse(path, text, &file, reterr);

    wipe(text, sizeof text);
    if (err == ERR_OK)
        *ret_file = file;
    return err;
}
