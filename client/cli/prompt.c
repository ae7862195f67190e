/*
 * Lines are read byte by byte, past stdio: what its buffers hold nobody wipes, and a child of the
 * calling script may want the rest of the input.
 *
 * A signal may come just before the wait for a line, or to another thread, and would then not
 * interrupt it. So its handler also writes to a pipe, which is waited for together with the line.
 */
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum line { LINE_READ, LINE_END_OF_INPUT, LINE_BAD, LINE_INTERRUPTED };

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught;
static int wake[2] = {-1, -1}; /* made once, never closed: a handler may still be using it */

void typed_wipe(struct typed *typed)
{
    explicit_bzero(typed, sizeof *typed);
}

bool prompt_interactive(void)
{
    return isatty(STDIN_FILENO) == 1;
}

/* Reads to the end of the line even when it is bad, so that the next prompt gets the next line. */
static enum line read_line(int fd, struct typed *ret)
{
    size_t n = 0;
    bool bad = false;
    char c;
    ssize_t got;

    while ((got = read(fd, &c, 1)) == 1 && c != '\n') {
        bad = bad || c == '\0' || n == TYPED_SIZE - 1;
        if (!bad)
            ret->text[n++] = c;
    }
    explicit_bzero(&c, sizeof c);
    if (got < 0 && errno == EINTR)
        return LINE_INTERRUPTED;
    if (got != 1 && n == 0)
        return LINE_END_OF_INPUT;
    if (n > 0 && ret->text[n - 1] == '\r')
        n--;
    ret->text[n] = '\0';
    return bad ? LINE_BAD : LINE_READ;
}

static void on_signal(int number)
{
    int before = errno;

    caught = number;
    if (write(wake[1], "", 1) < 0)
        errno = before; /* full: it wakes all the same */
}

static void catch_signals(struct sigaction old[ARRAY_LEN(fatal_signals)])
{
    struct sigaction catch = {.sa_handler = on_signal};
    char stale;

    if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        wake[0] = wake[1] = -1;
    while (read(wake[0], &stale, 1) == 1)
        continue;
    caught = 0;
    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
        sigaction(fatal_signals[i], &catch, &old[i]);
}

static void release_signals(const struct sigaction old[ARRAY_LEN(fatal_signals)])
{
    for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
        sigaction(fatal_signals[i], &old[i], NULL);
    if (caught != 0)
        raise(caught);
}

/* False: a signal came first. */
static bool wait_for_line(int tty)
{
    struct pollfd ready[] = {{.fd = tty, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};

    while (caught == 0 && poll(ready, ARRAY_LEN(ready), -1) < 0 && errno == EINTR)
        continue;
    return caught == 0;
}

static enum line read_hidden(int tty, const char *label, struct typed *ret)
{
    struct termios shown, hidden;
    struct sigaction old[ARRAY_LEN(fatal_signals)];
    enum line line;

    if (tcgetattr(tty, &shown) != 0)
        return read_line(tty, ret);
    hidden = shown;
    hidden.c_lflag = (hidden.c_lflag & ~(tcflag_t)ECHO) | ECHONL;
    catch_signals(old);
    tcsetattr(tty, TCSAFLUSH, &hidden);
    dprintf(tty, "%s: ", label);
    line = wait_for_line(tty) ? read_line(tty, ret) : LINE_INTERRUPTED;
    if (line == LINE_END_OF_INPUT) /* nothing has ended the prompt's line */
        dprintf(tty, "\n");
    tcsetattr(tty, TCSAFLUSH, &shown);
    release_signals(old);
    return line;
}

static enum line ask(const char *label, struct typed *ret)
{
    enum line line;
    int tty;

    if (!prompt_interactive())
        return read_line(STDIN_FILENO, ret);
    tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0)
        return read_hidden(STDIN_FILENO, label, ret);
    do /* after a stop and a continue, ask anew */
        line = read_hidden(tty, label, ret);
    while (line == LINE_INTERRUPTED);
    close(tty);
    return line;
}

bool prompt_secret(const char *label, struct typed *ret_typed)
{
    switch (ask(label, ret_typed)) {
    case LINE_READ:
        return true;
    case LINE_BAD:
        fprintf(stderr, "twofold: %s: the line is too long or holds a NUL\n", label);
        break;
    case LINE_END_OF_INPUT:
    case LINE_INTERRUPTED:
        fprintf(stderr, "twofold: %s: nothing was entered\n", label);
        break;
    }
    typed_wipe(ret_typed);
    return false;
}
