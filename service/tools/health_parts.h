/* Private to health*.c of the command: asking, and saying what came of it. */
#ifndef TWOFOLD_TOOLS_HEALTH_PARTS_H
#define TWOFOLD_TOOLS_HEALTH_PARTS_H

#include "config/config.h"
#include "tools/health_judge.h"

/* The command's one question and what has come of it. */
struct health_check {
    const struct config *config;
    const char *inbox_prefix;     /* of the login; NULL: that of `health` */
    char host[HEALTH_NAME_BYTES]; /* this one's */
    int64_t until_ms;             /* clock_monotonic_ms() */
    struct health_round round;    /* the last one */
    bool heard;                   /* has an instance of this host ever answered? */
    struct health_verdict verdict;
};

/* Asks until all is well or the time is over, and sets round and verdict. */
void health_ask(struct health_check *c);

/* Prints the verdict: for people a line when all is well, else one for each trouble; or one line of
 * JSON. */
void health_say(const struct health_check *c, bool json);

/* The line that says the command's own time is over, as health_say would; RET holds N bytes. */
void health_late_line(const struct health_check *c, bool json, char *ret, size_t n);

#endif
