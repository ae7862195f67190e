/*
 * Processes that wait for each other, and a parent that sees that they do: a lock is tested by who
 * must not have it yet. Every wait is bounded.
 */
#ifndef TWOFOLD_TESTS_STORE_TURNS_H
#define TWOFOLD_TESTS_STORE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* What the processes tell each other; all false. */
struct turns {
    atomic_bool held, may_go_on, tries;
};

struct turns *turns_new(void);
void turns_free(struct turns *b);

/* A child that does ACT, and ends with 0; by fork, or container_fork (containers.h). */
pid_t turns_start(pid_t (*fork_one)(void), void (*act)(void));
/* In a child, where cmocka must not take over: ends it with 9, saying WHAT, unless IS_SO. */
void turns_need(bool is_so, const char *what);
/* Until FLAG is set; false: in vain. */
bool turns_await(const atomic_bool *flag);

/* Until PID, which has set FLAG, sleeps in the kernel or has ended. */
void turns_await_waiting(pid_t pid, const atomic_bool *flag);
/* Fails unless PID ends with 0. */
void turns_finish(pid_t pid);
void turns_kill(pid_t pid);

#endif
