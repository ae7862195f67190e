#include "unit/client/run_cli.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGS_MAX = 32, DEADLINE_MS = 30000, STEP_MS = 10 };

/* In the child: becomes the tool. */
static void become_cli(const char *url, const char *args)
{
    char path[512], words[1024], *argv[ARGS_MAX] = {"twofold"}, *rest = words, *word;
    size_t n = 1;

    snprintf(path, sizeof path, "%s/twofold", getenv("TEST_BIN"));
    snprintf(words, sizeof words, "%s", args);
    while ((word = strsep(&rest, " ")) && n < ARGS_MAX - 1)
        argv[n++] = word;
    setenv("TWOFOLD_NATS_URL", url, 1);
    unsetenv("TWOFOLD_ORG");
    execv(path, argv);
    _exit(126);
}

static int reap(pid_t pid)
{
    int status = 0;

    for (int ms = 0; ms < DEADLINE_MS; ms += STEP_MS) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static void slurp(FILE *f, char *to, size_t size)
{
    size_t n;

    rewind(f);
    n = fread(to, 1, size - 1, f);
    to[n] = '\0';
    fclose(f);
}

void run_cli(const char *url, const char *args, const char *input, struct cli_run *ret)
{
    FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    pid_t pid;

    assert_true(in && out && err);
    fputs(input ? input : "", in);
    rewind(in);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fileno(in), STDIN_FILENO);
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        become_cli(url, args);
    }
    ret->code = reap(pid);
    fclose(in);
    slurp(out, ret->out, sizeof ret->out);
    slurp(err, ret->err, sizeof ret->err);
}

/* Types the next line of *INPUT when a prompt is waiting for it. */
static void type_when_asked(int tty, const struct cli_run *run, size_t shown, const char **input)
{
    size_t n = strcspn(*input, "\n");
    size_t typed = n == 1 && **input < ' ' ? n : n + 1;

    if (n == 0 || shown < 2 || strncmp(run->out + shown - 2, ": ", 2) != 0)
        return;
    assert_int_equal(write(tty, *input, typed), (ssize_t)typed);
    *input += n + 1;
}

void run_cli_on_terminal(const char *url, const char *args, const char *input, struct cli_run *ret)
{
    int tty;
    size_t shown = 0;
    struct winsize window = {.ws_row = ret->rows, .ws_col = ret->columns};
    pid_t pid = forkpty(&tty, NULL, NULL, &window);

    assert_true(pid >= 0);
    if (pid == 0)
        become_cli(url, args);
    for (int ms = 0; ms < DEADLINE_MS; ms += STEP_MS) {
        struct pollfd ready = {.fd = tty, .events = POLLIN};
        ssize_t got;

        if (poll(&ready, 1, STEP_MS) == 0)
            continue;
        got = read(tty, ret->out + shown, sizeof ret->out - 1 - shown);
        if (got <= 0)
            break;
        shown += (size_t)got;
        type_when_asked(tty, ret, shown, &input);
    }
    ret->out[shown] = '\0';
    ret->err[0] = '\0';
    ret->code = reap(pid);
    close(tty);
}
