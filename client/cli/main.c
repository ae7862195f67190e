#include "cli.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* What is typed here must not end in a core file: Ctrl-\ at a prompt would leave one behind. */
static void leave_no_core(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    leave_no_core();
    return (int)cli_main(argv);
}
