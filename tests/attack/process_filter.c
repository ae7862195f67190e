/* process_filter PROGRAM [ARGUMENT...]: runs it with the calls of the kernel that stdin names, a
 * word each; all others fail with EPERM, as systemd's SystemCallFilter= has it. Unknown names are
 * passed over, as systemd does. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

static int allow_names(scmp_filter_ctx filter)
{
    char name[64];
    int rc = 0;

    while (rc == 0 && scanf("%63s", name) == 1) {
        int number = seccomp_syscall_resolve_name(name);

        if (number != __NR_SCMP_ERROR)
            rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 0, NULL);
    }
    return rc;
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (argc < 2 || !filter || allow_names(filter) != 0 || seccomp_load(filter) != 0) {
        fputs("process_filter: the filter could not be set\n", stderr);
        return 2;
    }
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 2;
}
