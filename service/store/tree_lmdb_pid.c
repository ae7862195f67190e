/*
 * Who LMDB takes us for. It tells processes apart by getpid(): a reader's slot holds that number,
 * and the byte at that offset of lock.mdb, locked, says that its owner lives. In two containers
 * both may be process 1. Then the second cannot lock the byte, and either would take the other's
 * slots for its own.
 *
 * So LMDB is told a number instead that no process has, drawn at random for each environment. There
 * is no call for that. But LMDB asks getpid() only while an environment is made and closed, and a
 * program that has a getpid() itself is asked before libc, by its libraries too. Ours answers the
 * process's own number as ever, except on a thread that asked for another one.
 *
 * A library that is bound to libc's at link time would not ask us, and work until the day two
 * numbers meet. So tree_pid_is_known() looks into the table of readers, at every start.
 */
#include "store/tree_lmdb.h"

#include "crypto/random.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REAL_MAX = 4 * 1024 * 1024 }; /* the kernel's PID_MAX_LIMIT */

static _Thread_local pid_t pretended;

__attribute__((visibility("default"))) pid_t getpid(void)
{
    return pretended ? pretended : (pid_t)syscall(SYS_getpid);
}

void tree_pid_pretend(pid_t pid)
{
    pretended = pid;
}

enum err tree_pid_draw(pid_t *ret_pid)
{
    uint32_t drawn;

    TRY(random_bytes((uint8_t *)&drawn, sizeof drawn));
    *ret_pid = (pid_t)(REAL_MAX + 1 + drawn % (uint32_t)(INT_MAX - REAL_MAX));
    return ERR_OK;
}

struct search {
    pid_t pid;
    bool found;
};

/* A line begins with a reader's number; heads of columns count as 0. */
static int look_at_line(const char *line, void *ctx)
{
    struct search *s = ctx;

    s->found |= strtol(line, NULL, 10) == s->pid;
    return 0;
}

bool tree_pid_is_known(MDB_env *env, pid_t pid)
{
    struct search s = {.pid = pid};

    return mdb_reader_list(env, look_at_line, &s) >= 0 && s.found;
}
