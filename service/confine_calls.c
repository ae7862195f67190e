/*
 * The calls of the kernel that serving takes, by what they are for. What is not here fails with
 * EPERM instead of ending the process: a library that tries something new gets an error, as on any
 * system that is configured tightly, and goes another way.
 *
 * Not here, on purpose: starting anything (execve, fork; clone makes threads alone), memory that
 * holds code (PROT_EXEC), reaching into other processes (ptrace, process_vm_readv, kill), opening a
 * port (bind, listen), raw and netlink sockets, removing or renaming files, changing owners and
 * modes, and everything that makes the kernel's surface large (bpf, io_uring, keyctl, mount,
 * namespaces). seccomp and prctl are missing as well: nothing can be taken back.
 *
 * clone3 keeps its arguments in memory, where a filter cannot look; libc falls back to clone when
 * it is told that there is none.
 */
#include "confine_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    NEW_NAMESPACE = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                    CLONE_NEWPID | CLONE_NEWNET,
    SOCKET_KIND = 0xf, /* the rest of the argument are flags */
};

#define CALL(name) SCMP_SYS(name)

static const int always[] = {
    /* memory */
    CALL(brk),
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(mlock),
    CALL(munlock),
    /* threads */
    CALL(futex),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(gettid),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(exit),
    CALL(exit_group),
    CALL(restart_syscall),
    /* files: which may be opened is Landlock's to say */
    CALL(openat),
    CALL(close),
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(write),
    CALL(writev),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(lseek),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(fsync),
    CALL(fdatasync),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(flock),
    /* the bus, and the resolver that finds it */
    CALL(connect),
    CALL(shutdown),
    CALL(sendto),
    CALL(sendmsg),
    CALL(sendmmsg),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CALL(poll),
    CALL(ppoll),
    CALL(select),
    CALL(pselect6),
    CALL(eventfd2), /* wakes the thread that waits in poll() */
    /* time and chance */
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(getrandom),
    /* signals */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(rt_sigtimedwait),
    /* who and where we are */
    CALL(getpid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(uname),
    CALL(sysinfo),
};

/* Argument ARG (from 0), of which the bits of MASK count, is VALUE. */
struct condition {
    unsigned arg;
    uint64_t mask, value;
};

#define ALL UINT64_MAX

enum { CONDITIONS_MAX = 3 };

/* A call that is allowed when all of its conditions hold; one without a mask ends them. */
struct call {
    int number;
    struct condition when[CONDITIONS_MAX];
};

static const struct call sometimes[] = {
    /* memory without code in it */
    {CALL(mmap), {{2, PROT_EXEC, 0}}},
    {CALL(mprotect), {{2, PROT_EXEC, 0}}},
    /* a thread, no process */
    {CALL(clone), {{0, CLONE_THREAD | NEW_NAMESPACE, CLONE_THREAD}}},
    /* locks and flags of files, but no signals on behalf of them */
    {CALL(fcntl), {{1, ALL, F_GETFD}}},
    {CALL(fcntl), {{1, ALL, F_SETFD}}},
    {CALL(fcntl), {{1, ALL, F_GETFL}}},
    {CALL(fcntl), {{1, ALL, F_SETFL}}},
    {CALL(fcntl), {{1, ALL, F_GETLK}}},
    {CALL(fcntl), {{1, ALL, F_SETLK}}},
    {CALL(fcntl), {{1, ALL, F_SETLKW}}},
    /* stdio asks what it writes to, the resolver how much has come */
    {CALL(ioctl), {{1, ALL, TCGETS}}},
    {CALL(ioctl), {{1, ALL, FIONREAD}}},
    {CALL(ioctl), {{1, ALL, FIONBIO}}},
    /* TCP for the bus, UDP for names */
    {CALL(socket), {{0, ALL, AF_INET}, {1, SOCKET_KIND, SOCK_STREAM}}},
    {CALL(socket), {{0, ALL, AF_INET}, {1, SOCKET_KIND, SOCK_DGRAM}}},
    {CALL(socket), {{0, ALL, AF_INET6}, {1, SOCKET_KIND, SOCK_STREAM}}},
    {CALL(socket), {{0, ALL, AF_INET6}, {1, SOCKET_KIND, SOCK_DGRAM}}},
    /* a thread makes itself yield to all others */
    {CALL(setpriority), {{0, ALL, PRIO_PROCESS}, {1, ALL, 0}, {2, ALL, 19}}},
    /* reading our own limits */
    {CALL(prlimit64), {{0, ALL, 0}, {2, ALL, 0}}},
};

/* Modules of the resolver ask services on this machine. */
static const struct call of_plugins[] = {
    {CALL(socket), {{0, ALL, AF_UNIX}, {1, SOCKET_KIND, SOCK_STREAM}}},
    {CALL(socket), {{0, ALL, AF_UNIX}, {1, SOCKET_KIND, SOCK_DGRAM}}},
};

static void release(const scmp_filter_ctx *filter)
{
    if (*filter)
        seccomp_release(*filter);
}

/* 0 or a negative errno, as libseccomp has it; the next two as well. Calls that this architecture
 * does not have are passed over by the library. */
static int allow(scmp_filter_ctx filter, const struct call *call)
{
    struct scmp_arg_cmp conditions[CONDITIONS_MAX];
    unsigned n = 0;

    for (size_t i = 0; i < CONDITIONS_MAX && call->when[i].mask; i++) {
        const struct condition *c = &call->when[i];

        conditions[n++] = (struct scmp_arg_cmp){c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value};
    }
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call->number, n, conditions);
}

static int allow_each(scmp_filter_ctx filter, const struct call *list, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = allow(filter, &list[i]);
    return rc;
}

static int allow_all(scmp_filter_ctx filter, const struct confine_names *names)
{
    const struct call signal_ourselves = {CALL(tgkill), {{0, ALL, (uint64_t)getpid()}}};
    int rc = 0;

    for (size_t i = 0; i < ARRAY_LEN(always) && rc == 0; i++)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, always[i], 0, NULL);
    if (rc == 0)
        rc = allow_each(filter, sometimes, ARRAY_LEN(sometimes));
    if (rc == 0)
        rc = allow(filter, &signal_ourselves);
    if (rc == 0 && names->plugins)
        rc = allow_each(filter, of_plugins, ARRAY_LEN(of_plugins));
    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0, NULL);
    return rc;
}

/* Calls of another architecture's numbering have no honest use here. */
static int load(const struct confine_names *names)
{
    CLEANUP(release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = filter ? 0 : -ENOMEM;

    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (rc == 0)
        rc = allow_all(filter, names);
    return rc ? rc : seccomp_load(filter);
}

enum err confine_calls(const struct confine_names *names, bool *ret_on, struct diag *reterr)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    int rc;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
        *ret_on = false; /* not built in, or kept from us by the container */
        return ERR_OK;
    }
    rc = load(names);
    if (rc != 0) {
        diag_set(reterr,
                 "cannot confine the service to the calls of the kernel it needs: %s "
                 "(TWOFOLD_CONFINE=off starts it unconfined, for debugging)",
                 strerror(-rc));
        return ERR_UNAVAILABLE;
    }
    *ret_on = true;
    return ERR_OK;
}
