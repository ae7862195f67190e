#include "unit/store/turns.h"

#include "support/runner.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Who sleeps when it is looked at so often is not only about to be woken. */
enum { STEP_MS = 2, STEPS_MAX = 10000, ASLEEP = 5, FAILED = 9 };

struct turns *turns_new(void)
{
    struct turns *b =
        mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(b != MAP_FAILED);
    return b;
}

void turns_free(struct turns *b)
{
    munmap(b, sizeof *b);
}

pid_t turns_start(pid_t (*fork_one)(void), void (*act)(void))
{
    pid_t pid = fork_one();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    act();
    _exit(0);
}

void turns_need(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "child: %s\n", what);
    _exit(FAILED);
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000 * 1000}, NULL);
}

bool turns_await(const atomic_bool *flag)
{
    for (unsigned i = 0; i < STEPS_MAX && !*flag; i++)
        rest();
    return *flag;
}

/* As /proc has it: 'S' sleeps, 'Z' has ended. */
static char state_of(pid_t pid)
{
    char path[32], text[512] = "", *at;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    at = strrchr(text, ')');
    assert_non_null(at);
    return at[2];
}

void turns_await_waiting(pid_t pid, const atomic_bool *flag)
{
    unsigned asleep = 0;
    char is = 'R';

    assert_true(turns_await(flag));
    for (unsigned i = 0; i < STEPS_MAX && asleep < ASLEEP && is != 'Z'; i++) {
        rest();
        is = state_of(pid);
        asleep = is == 'S' ? asleep + 1 : 0;
    }
    assert_true(asleep == ASLEEP || is == 'Z');
}

void turns_finish(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void turns_kill(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}
