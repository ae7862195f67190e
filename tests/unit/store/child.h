/*
 * Another process on the same database. LMDB must not cross a fork, so a child is the test program
 * itself, run again: its main hands "--child <role> <root> <data>" to child_main.
 */
#ifndef TWOFOLD_TESTS_STORE_CHILD_H
#define TWOFOLD_TESTS_STORE_CHILD_H

#include "unit/store/fixture.h"

#include <sys/types.h>

enum { COUNTS = 200, KEPT = 5 };

struct child {
    pid_t pid;
    int out;
};

/*
 * Roles: "open" opens; "count" adds one code failure of acme's alice and one event in each of
 * COUNTS transactions; "ledger" does so until it is killed, reporting the failures after each
 * commit; "hold" does it once and reports before the commit, which never comes; "grow" puts 2 MB
 * into the outbox; "keep" appends an event and keeps the last KEPT of them, marking those before as
 * taken and every transaction as a dropped event, until it is killed, reporting the position after
 * each commit; "keep counted" does so COUNTS times. Those that are not killed report when they are
 * done.
 */
struct child child_start(const struct place *p, const char *role);
/* The next number that the child reports; fails after a minute. */
uint32_t child_report(const struct child *c);
/* kill -9, and waits for the end; what it reported can still be read. */
void child_kill(struct child *c);
/* Waits for a child that ends by itself, and closes. */
void child_finish(struct child *c);

int child_main(const char *role, const char *root, const char *data);

#endif
