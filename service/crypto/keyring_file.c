/*
 * The keyring on disk. It is parsed strictly: a typing error must stop the start and name its line,
 * for a keyring that silently lost a key shows only much later, as records that cannot be read. No
 * message ever quotes a line, since a mistyped line may still hold most of a key.
 */
#include "crypto/keyring_file.h"

#include "base/fd.h"
#include "base/secret.h"
#include "crypto/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void keyring_file_wipe(struct keyring_file *file)
{
    wipe(file, sizeof *file);
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

static const char *const state_words[] = {
    [KEY_READING] = "reading",
    [KEY_ACTIVE] = "active",
    [KEY_PEPPER] = "pepper",
};

const char *key_state_word(enum key_state state)
{
    return state_words[state];
}

static bool parse_state(struct bytes word, enum key_state *ret_state)
{
    for (unsigned i = 0; i < ARRAY_LEN(state_words); i++) {
        *ret_state = (enum key_state)i;
        if (word_is(word, state_words[i]))
            return true;
    }
    return false;
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
    struct bytes date;

    if (!word_is(next_word(&line), "key"))
        return "does not begin with \"key\"";
    if (!parse_id(next_word(&line), &ret_entry->id))
        return "has no key id (a number from 0 to 4294967295)";
    if (!parse_state(next_word(&line), &ret_entry->state))
        return "says neither active nor reading nor pepper";
    date = next_word(&line);
    if (!date_valid(date))
        return "has no date in the form YYYY-MM-DD";
    memcpy(ret_entry->date, date.p, sizeof ret_entry->date - 1);
    if (!base64_decode(next_word(&line), ret_entry->key, sizeof ret_entry->key))
        return "has no key in 43 characters of base64 (32 bytes, no padding)";
    return next_word(&line).n ? "goes on after the key" : NULL;
}

static const char *add_key(struct bytes line, struct keyring_file *file)
{
    struct keyring_entry *entry = &file->at[file->n];
    const char *wrong;

    if (file->n == KEYRING_KEYS_MAX)
        return "is one key too many (64 are allowed)";
    wrong = parse_key(line, entry);
    if (wrong)
        return wrong;
    for (size_t i = 0; i < file->n; i++) {
        if (file->at[i].id == entry->id)
            return "repeats the id of an earlier key";
        if (file->at[i].state == KEY_ACTIVE && entry->state == KEY_ACTIVE)
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
    return word_is(line, KEYRING_HEADER) ? NULL : "is not \"" KEYRING_HEADER "\"";
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
        actives += file->at[i].state == KEY_ACTIVE;
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
                 "no keyring at %s: wrong folder or user? name it with TWOFOLD_KEYRING_FILE or "
                 "TWOFOLD_DATA_DIR; otherwise restore it from your backup, or, for a new database, "
                 "make one with `twofoldd keys init`",
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

static enum err read_and_parse(const char *path, uint8_t text[static KEYRING_FILE_MAX],
                               struct keyring_file *file, struct diag *reterr)
{
    auto_fd fd = -1;
    size_t n = 0;

    TRY(open_file(path, &fd, reterr));
    TRY(check_file(path, fd, reterr));
    if (read_all(fd, text, KEYRING_FILE_MAX, &n) != ERR_OK)
        return unreadable(path, reterr);
    if (n == KEYRING_FILE_MAX)
        return refuse(path, "is larger than 16 KiB", reterr);
    return parse(path, (struct bytes){.p = text, .n = n}, file, reterr);
}

enum err keyring_file_read(const char *path, struct keyring_file *ret_file, struct diag *reterr)
{
    auto_keyring_file file = {0};
    uint8_t text[KEYRING_FILE_MAX];
    enum err err = read_and_parse(path, text, &file, reterr);

    wipe(text, sizeof text);
    if (err == ERR_OK)
        *ret_file = file;
    return err;
}
