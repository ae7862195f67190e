/* What is logged, seen by a test. */
#ifndef TWOFOLD_TESTS_UNIT_AUDIT_LOG_FIXTURE_H
#define TWOFOLD_TESTS_UNIT_AUDIT_LOG_FIXTURE_H

#include "publisher_fixture.h"

/* What is logged goes into a file of the fixture's folder. */
static inline int log_begin(const struct publisher_fixture *f)
{
    char path[128];
    int before = dup(STDERR_FILENO);

    nats_server_path(&f->server, "stderr", path);
    assert_non_null(freopen(path, "w", stderr));
    return before;
}

/* How many lines of it hold TEXT. */
static inline int log_lines(const struct publisher_fixture *f, const char *text)
{
    char path[128], line[2048];
    FILE *file;
    int n = 0;

    fflush(stderr);
    nats_server_path(&f->server, "stderr", path);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        n += strstr(line, text) != NULL;
    fclose(file);
    return n;
}

static inline void log_end(int before)
{
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
}

#endif
