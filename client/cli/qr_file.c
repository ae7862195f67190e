/*
 * The file is made before anything is asked, so that a name that cannot be used costs no typing and
 * leaves no enrolment half done. The price is that an empty file must go again when there is
 * nothing to put into it, also when a prompt is interrupted: left there, it would be in the way of
 * the next try.
 *
 * The picture is the secret. It goes past stdio, whose buffers nobody wipes.
 */
#include "qr_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const char *volatile unwritten; /* path for the signal handler; NULL: nothing to remove */

/* Its disposition is the default again when it runs, and takes effect when it returns. */
static void on_signal(int number)
{
    if (unwritten)
        unlink(unwritten);
    raise(number);
}

static void remove_on_signals(void)
{
    struct sigaction fatal = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, old;

    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++) {
        sigaction(fatal_signals[i], NULL, &old);
        if (old.sa_handler != SIG_IGN)
            sigaction(fatal_signals[i], &fatal, NULL);
    }
}

enum exit_code qr_file_create(const char *path, struct qr_file *ret_file)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return output_usage("cannot create %s: %s", path, strerror(errno));
    *ret_file = (struct qr_file){.path = path, .fd = fd};
    unwritten = path;
    remove_on_signals();
    return EXIT_YES;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(fd, p, n);

        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0) {
            p += wrote;
            n -= (size_t)wrote;
        }
    }
    return true;
}

enum exit_code qr_file_write(struct qr_file *file, const ProtobufCBinaryData *png)
{
    if (!write_all(file->fd, png->data, png->len))
        return output_usage("cannot write %s: %s", file->path, strerror(errno));
    unwritten = NULL;
    file->path = NULL;
    if (close(file->fd) != 0)
        return output_usage("cannot write the QR code's file: %s", strerror(errno));
    return EXIT_YES;
}

void qr_file_drop(struct qr_file *file)
{
    if (!file->path)
        return;
    unlink(file->path);
    close(file->fd);
    unwritten = NULL;
    file->path = NULL;
}
