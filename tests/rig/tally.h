/* What came of all calls. Every function may be called from any thread. */
#ifndef TWOFOLD_RIG_TALLY_H
#define TWOFOLD_RIG_TALLY_H

#include "ask.h"

#include <stdbool.h>
#include <stddef.h>

enum call_kind {
    CALL_RIGHT,  /* a code for the first time */
    CALL_WRONG,  /* one that was never shown */
    CALL_REPEAT, /* the call before once more: same id, same content */
    CALL_SPENT,  /* an accepted code under a new id */
    CALL_KINDS,
};

/* One call, ended. WHY is NULL when its answer is the one it must have, else static. */
struct call_told {
    enum call_kind kind;
    const char *username, *request_id;
    const struct ask_end *end;
    const char *why;
};

struct tally;

/* CALLS: file that gets a line for each call, or NULL. NULL: that file cannot be written. */
struct tally *tally_open(const char *calls);
void tally_close(struct tally *tally);

void tally_sent(struct tally *tally);
void tally_ended(struct tally *tally, const struct call_told *told);

/* No code was left: a worker waits for the next time step. */
void tally_waited(struct tally *tally);

/* A line of progress, on standard error. */
void tally_show(struct tally *tally);

/* A line of JSON, on standard output. True: something was asked, and everything has its one
 * right answer. */
bool tally_judge(struct tally *tally);

#endif
