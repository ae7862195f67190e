#include "attack/process_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

static int of(long rc)
{
    return rc < 0 ? errno : 0;
}

#define ACT(name, expression)               \
    static int name(const struct config *c) \
    {                                       \
        (void)c;                            \
        return of(expression);              \
    }

/* ---- other programs, other processes ---- */

static char *const no_args[] = {NULL};

ACT(run_execve, execve("/bin/true", (char *[]){(char[]){"true"}, NULL}, no_args))
ACT(run_execveat,
    syscall(SYS_execveat, AT_FDCWD, "/bin/true", (char *[]){(char[]){"true"}, NULL}, no_args, 0))
ACT(run_ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
ACT(run_kill, kill(getppid(), 0))
ACT(run_tgkill, syscall(SYS_tgkill, getppid(), getppid(), 0))
ACT(run_pidfd, syscall(SYS_pidfd_open, getpid(), 0))
ACT(run_unshare, unshare(CLONE_NEWUSER))
ACT(run_setsid, setpgid(0, 0))

static int run_fork(const struct config *c)
{
    pid_t child = fork();

    (void)c;
    if (child == 0)
        _exit(0);
    return child < 0 ? errno : of(waitpid(child, NULL, 0));
}

static int run_spawn(const struct config *c)
{
    char *argv[] = {(char[]){"true"}, NULL};
    pid_t child = 0;
    int rc = posix_spawn(&child, "/bin/true", NULL, NULL, argv, no_args);

    (void)c;
    return rc ? rc : of(waitpid(child, NULL, 0));
}

/* clone3 with nothing in it is EINVAL or a fork; it has to be unknown. */
ACT(run_clone3, syscall(SYS_clone3, NULL, 0))

static int run_read_process(const struct config *c)
{
    char from = 'x', to = 0;
    struct iovec here = {&to, 1}, there = {&from, 1};

    (void)c;
    return of(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

/* ---- code ---- */

static int run_map_code(const struct config *c)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)c;
    return p == MAP_FAILED ? errno : 0;
}

static int run_make_code(const struct config *c)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)c;
    return p == MAP_FAILED ? errno : of(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

ACT(run_memfd, memfd_create("x", 0))
ACT(run_pkey, syscall(SYS_pkey_mprotect, NULL, 0, PROT_READ, -1))
ACT(run_personality, personality(READ_IMPLIES_EXEC))

/* ---- sockets ---- */

ACT(run_unix, socket(AF_UNIX, SOCK_STREAM, 0))
ACT(run_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
ACT(run_raw, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
ACT(run_packet, socket(AF_PACKET, SOCK_DGRAM, 0))
ACT(run_pair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0}))

static int run_bind(const struct config *c)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)c;
    return fd < 0 ? EBADF : of(bind(fd, (const struct sockaddr *)&any, sizeof any));
}

static int run_listen(const struct config *c)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)c;
    return fd < 0 ? EBADF : of(listen(fd, 1));
}

/* ---- the kernel itself, and what was given up ---- */

ACT(run_mount, mount("none", "/nonexistent", "tmpfs", 0, NULL))
ACT(run_chroot, chroot("/"))
ACT(run_bpf, syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0))
ACT(run_io_uring, syscall(SYS_io_uring_setup, 0, NULL))
ACT(run_keyctl, syscall(SYS_keyctl, 0, -3, 0, 0, 0))
ACT(run_perf, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
ACT(run_userfaultfd, syscall(SYS_userfaultfd, -1))
ACT(run_dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
ACT(run_seccomp, syscall(SYS_seccomp, 2, 0, &(uint32_t){0x7fff0000U}))
ACT(run_tiocsti, ioctl(-1, TIOCSTI, "x"))
ACT(run_setuid, setuid(getuid()))

static int run_setrlimit(const struct config *c)
{
    struct rlimit core = {0, 0};

    (void)c;
    return of(setrlimit(RLIMIT_CORE, &core));
}

static int run_fcntl_owner(const struct config *c)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)c;
    return fd < 0 ? EBADF : of(fcntl(fd, F_SETOWN, getpid()));
}

/* ---- names and modes of files ---- */

static const char *at(const struct config *c, const char *name)
{
    static char path[CONFIG_TEXT_MAX + 64];

    snprintf(path, sizeof path, "%s/%s", c->data_dir, name);
    return path;
}

static int run_unlink(const struct config *c)
{
    return of(unlink(at(c, "nothing"))) == ENOENT ? 0 : errno;
}

static int run_rename(const struct config *c)
{
    const char *name = at(c, "victim");

    return of(rename(name, name));
}

static int run_mkdir(const struct config *c)
{
    return of(mkdir(c->data_dir, 0700)) == EEXIST ? 0 : errno;
}

static int run_symlink(const struct config *c)
{
    return of(symlink("/etc", c->data_dir)) == EEXIST ? 0 : errno;
}

static int run_link(const struct config *c)
{
    return of(link(at(c, "victim"), c->data_dir)) == EEXIST ? 0 : errno;
}

static int run_chmod(const struct config *c)
{
    return of(chmod(at(c, "victim"), 0600));
}

static int run_chown(const struct config *c)
{
    return of(chown(at(c, "victim"), geteuid(), getegid()));
}

static int run_truncate(const struct config *c)
{
    return of(truncate(at(c, "victim"), 0));
}

static int run_list(const struct config *c)
{
    char room[512];
    int fd = open(c->data_dir, O_RDONLY | O_DIRECTORY);

    return fd < 0 ? EBADF : of(syscall(SYS_getdents64, fd, room, sizeof room));
}

#define REFUSED(text, function)                         \
    {                                                   \
        .name = text, .run = function, .refused = EPERM \
    }
#define REFUSED_FREE(text, function, errno_when_free)                              \
    {                                                                              \
        .name = text, .run = function, .refused = EPERM, .freely = errno_when_free \
    }
#define RARE(text, function)                                                   \
    {                                                                          \
        .name = text, .run = function, .refused = EPERM, .may_be_denied = true \
    }

const struct act acts_on_the_kernel[] = {
    REFUSED("execve", run_execve),
    REFUSED("execveat", run_execveat),
    REFUSED("fork", run_fork),
    REFUSED("posix_spawn", run_spawn),
    {.name = "clone3", .run = run_clone3, .refused = ENOSYS, .freely = EINVAL},
    RARE("a user namespace", run_unshare),
    REFUSED("ptrace", run_ptrace),
    REFUSED("process_vm_readv", run_read_process),
    REFUSED("kill of another process", run_kill),
    REFUSED("tgkill of another process", run_tgkill),
    REFUSED("pidfd_open", run_pidfd),
    REFUSED("setpgid", run_setsid),
    REFUSED("mmap of code", run_map_code),
    REFUSED("mprotect to code", run_make_code),
    REFUSED("memfd_create", run_memfd),
    REFUSED("pkey_mprotect", run_pkey),
    REFUSED("personality", run_personality),
    REFUSED("a local socket", run_unix),
    REFUSED("a pair of sockets", run_pair),
    REFUSED("a netlink socket", run_netlink),
    RARE("a raw socket", run_raw),
    RARE("a packet socket", run_packet),
    REFUSED("bind", run_bind),
    REFUSED("listen", run_listen),
    RARE("mount", run_mount),
    RARE("chroot", run_chroot),
    RARE("bpf", run_bpf),
    RARE("io_uring", run_io_uring),
    RARE("keyctl", run_keyctl),
    RARE("perf_event_open", run_perf),
    RARE("userfaultfd", run_userfaultfd),
    REFUSED("prctl: dumpable again", run_dumpable),
    REFUSED("seccomp", run_seccomp),
    REFUSED_FREE("ioctl: typing for a terminal", run_tiocsti, EBADF),
    REFUSED("setuid", run_setuid),
    REFUSED("setrlimit", run_setrlimit),
    REFUSED("fcntl: signals to others", run_fcntl_owner),
    REFUSED("unlink", run_unlink),
    REFUSED("rename", run_rename),
    REFUSED("mkdir", run_mkdir),
    REFUSED("symlink", run_symlink),
    REFUSED("link", run_link),
    REFUSED("chmod", run_chmod),
    REFUSED("chown", run_chown),
    REFUSED("truncate", run_truncate),
    REFUSED("listing a folder", run_list),
    {.name = NULL},
};
