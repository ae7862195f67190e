#include "cli.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* What is typed here must not end in a core file: Ctrl-\ at a prompt would leave one behind. */
static void leave_no_core(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A connection opened while one of the three is closed would get its number, and what is printed,
 * secrets among it, would be sent to the server, which logs what it does not understand. A closed
 * standard output refuses what is written: who exports events must not take them for kept. */
static void fill_standard_streams(void)
{
    int fd = 0;

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null",
                  fcntl(STDOUT_FILENO, F_GETFD) < 0 && fcntl(STDIN_FILENO, F_GETFD) >= 0 ? O_RDONLY
                                                                                         : O_RDWR);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    (void)argc;
    fill_standard_streams();
    leave_no_core();
    return (int)cli_main(argv);
}
