#include "cmd_audit_verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* False: memory is short. */
static bool take_line(struct verify *v, const char *line, size_t n, uint64_t number)
{
    struct audit_message message = {.at = number};
    uint8_t *data = NULL;
    const char *fault = line_read(line, n, &data, &message.n);
    bool ok = true;

    message.data = data;
    if (fault)
        audit_check_foreign(v->check, number, fault);
    if (data)
        ok = audit_check_add(v->check, &message);
    free(data);
    return ok;
}

/* The next line into LINE, which has room for SIZE; of a longer one the rest is passed over, and
 * SIZE returned. Without the newline; *RET_BYTES: how long it was. Negative: there is none. */
static ssize_t next_line(FILE *file, char *line, size_t size, uint64_t *ret_bytes)
{
    size_t n = 0;
    int c;

    *ret_bytes = 0;
    while ((c = getc_unlocked(file)) != EOF) {
        ++*ret_bytes;
        if (c == '\n')
            return (ssize_t)n;
        if (n < size)
            line[n++] = (char)c;
    }
    return *ret_bytes > 0 ? (ssize_t)n : -1;
}

static enum exit_code read_lines(struct verify *v, FILE *file, const char *path)
{
    size_t size = EVENT_LINE_MAX + 2;
    char *line = malloc(size);
    uint64_t number = 0, bytes = 0, more;
    bool ok = line != NULL;
    ssize_t n;

    while (ok && (n = next_line(file, line, size, &more)) >= 0) {
        bytes += more;
        number++;
        while (n > 0 && line[n - 1] == '\r')
            n--;
        ok = n == 0 || take_line(v, line, (size_t)n, number);
        progress_step(&v->progress, bytes);
    }
    free(line);
    progress_end(&v->progress);
    if (!ok)
        return output_usage("%s: memory is short at line %llu", path, (unsigned long long)number);
    return ferror(file) ? output_usage("%s cannot be read", path) : EXIT_YES;
}

enum exit_code verify_file(struct verify *v, const char *path)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    struct stat st = {.st_size = 0};
    enum exit_code code;

    if (!file)
        return output_usage("%s cannot be opened: %s", path, strerror(errno));
    fstat(fileno(file), &st);
    progress_begin(&v->progress, "bytes", (uint64_t)st.st_size);
    code = read_lines(v, file, path);
    if (!is_input)
        fclose(file);
    return code;
}
