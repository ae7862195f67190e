/*
 * The bus library reads a credentials file when it logs in, and what it cannot read looks like a
 * server's fault: "cannot connect: Error". A path that is mistyped shall be told from a server that
 * is down.
 */
#include "login_files.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { CREDS_MAX = 64 * 1024 };

/* Reads up to N bytes of the file, with a NUL after them. N of 0 opens it only: a pipe keeps what
 * it has for who comes next. */
static enum twofold_status read_beginning(const char *path, char *ret_text, size_t n,
                                          struct twofold_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : read(fd, ret_text, n);
    int cause = errno;

    if (fd >= 0)
        close(fd);
    if (got < 0)
        return error_set(error, TWOFOLD_USAGE, "cannot read the file %s: %s", path,
                         strerror(cause));
    ret_text[got] = '\0';
    return TWOFOLD_OK;
}

static enum twofold_status check_creds(const char *path, struct twofold_error *error)
{
    char text[CREDS_MAX + 1];
    enum twofold_status status = read_beginning(path, text, CREDS_MAX, error);

    if (status == TWOFOLD_OK &&
        !(strstr(text, "-BEGIN NATS USER JWT-") && strstr(text, "-BEGIN USER NKEY SEED-")))
        status = error_set(error, TWOFOLD_USAGE,
                           "no credentials in the file %s: expected a user's JWT and seed, as nsc "
                           "writes them",
                           path);
    explicit_bzero(text, sizeof text);
    return status;
}

static enum twofold_status check_readable(const char *path, struct twofold_error *error)
{
    char none[1];

    return read_beginning(path, none, 0, error);
}

enum twofold_status login_files_check(const struct twofold_client_options *options,
                                      struct twofold_error *error)
{
    const char *const files[] = {options->nkey_file, options->tls_ca_file, options->tls_cert_file,
                                 options->tls_key_file};
    enum twofold_status status = TWOFOLD_OK;

    if (options->creds_file)
        status = check_creds(options->creds_file, error);
    for (size_t i = 0; i < ARRAY_LEN(files) && status == TWOFOLD_OK; i++)
        if (files[i])
            status = check_readable(files[i], error);
    return status;
}
