#include "export_file.h"

#include "json_value.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 * 1024, CHUNK = 4096 };

/* Position behind the last newline before END; 0: there is none. Negative: it cannot be read. */
static off_t find_line_end(int fd, off_t end)
{
    char chunk[CHUNK];

    while (end > 0) {
        size_t n = end < CHUNK ? (size_t)end : CHUNK;
        const char *newline;

        if (pread(fd, chunk, n, end - (off_t)n) != (ssize_t)n)
            return -1;
        newline = memrchr(chunk, '\n', n);
        if (newline)
            return end - (off_t)n + (newline - chunk) + 1;
        end -= (off_t)n;
    }
    return 0;
}

static bool read_last(struct export_file *file, const char *line, size_t n)
{
    json_t *json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    json_int_t sequence = json_integer_value(json_object_get(json, "streamsequence"));
    const char *id = json_string_value(json_object_get(json, "id"));
    bool good = sequence > 0 && id && strlen(id) < sizeof file->last_id;

    if (good) {
        file->last_sequence = (uint64_t)sequence;
        snprintf(file->last_id, sizeof file->last_id, "%s", id);
    }
    json_decref(json);
    return good;
}

/* Reads the line that ends at END. */
static const char *look_at_last(struct export_file *file, off_t end)
{
    off_t begin = find_line_end(file->fd, end - 1);
    size_t n = (size_t)(end - begin);
    const char *wrong = NULL;
    char *line;

    errno = 0;
    if (begin < 0 || n > LINE_MAX_BYTES)
        return "its last line cannot be read";
    line = malloc(n);
    if (!line || pread(file->fd, line, n, begin) != (ssize_t)n)
        wrong = "its last line cannot be read";
    else if (!read_last(file, line, n))
        wrong = "its last line is not one that audit export wrote from a stream";
    free(line);
    return wrong;
}

/* Does what stands between BEGIN and END begin as audit export's lines do? Else it is somebody's,
 * as a file without any newline is, and nothing of it is cut off. */
static bool is_unfinished_line(int fd, off_t begin, off_t end)
{
    static const char wanted[] = "{\"specversion\":\"1.0\",\"id\":\"";
    char text[sizeof wanted - 1];
    size_t n = end - begin < (off_t)sizeof text ? (size_t)(end - begin) : sizeof text;

    return pread(fd, text, n, begin) == (ssize_t)n && memcmp(text, wanted, n) == 0;
}

/* An unfinished line is of a run that was killed: it was never acknowledged. */
static const char *find_place(struct export_file *file, off_t size)
{
    off_t end = find_line_end(file->fd, size);
    const char *wrong = end > 0 ? look_at_last(file, end) : NULL;

    if (wrong)
        return wrong;
    errno = 0;
    if (end >= 0 && end < size && !is_unfinished_line(file->fd, end, size))
        return "its last line is not one that audit export wrote from a stream";
    if (end < 0 || (end < size && ftruncate(file->fd, end) != 0))
        return "it cannot be read or cut";
    file->torn = (uint64_t)(size - end);
    return NULL;
}

/* A file that was just made is safe when its folder is. */
static void save_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

static const char *take_place(struct export_file *file, const char *path)
{
    struct stat st;

    errno = 0;
    if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return "it is not a regular file";
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
        errno = 0;
        return "another process is writing to it";
    }
    if (fstat(file->fd, &st) != 0)
        return "it cannot be read";
    if (st.st_size == 0) {
        save_folder(path);
        return NULL;
    }
    return find_place(file, st.st_size);
}

const char *export_file_open(const char *path, struct export_file *ret)
{
    const char *wrong;

    *ret = (struct export_file){.out = stdout, .name = "standard output", .fd = STDOUT_FILENO};
    if (!path)
        return NULL;
    ret->name = path;
    ret->out = NULL;
    ret->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
    if (ret->fd < 0)
        return "it cannot be opened";
    wrong = take_place(ret, path);
    if (!wrong) {
        errno = 0;
        ret->out = fdopen(ret->fd, "a");
        wrong = ret->out ? NULL : "it cannot be opened";
    }
    if (!ret->out)
        close(ret->fd);
    return wrong;
}

/* A pipe or a terminal cannot be synced: what is written is then in its reader's hands. */
bool export_file_save(struct export_file *file)
{
    if (fflush(file->out) != 0 || ferror(file->out))
        return false;
    return fsync(file->fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP;
}

void export_file_close(struct export_file *file)
{
    if (file->out && file->out != stdout)
        fclose(file->out);
}
