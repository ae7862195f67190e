/*
 * What the instances of a service tell of themselves, and what that means. Answers come from the
 * bus: all of their texts are made printable, none is believed to be short.
 */
#ifndef TWOFOLD_TOOLS_HEALTH_JUDGE_H
#define TWOFOLD_TOOLS_HEALTH_JUDGE_H

#include "base/bytes.h"

enum {
    HEALTH_NAME_BYTES = 256,
    HEALTH_TEXT_BYTES = 384,
    HEALTH_LINE_BYTES = 1536,
    HEALTH_INSTANCES_MAX = 16,
    HEALTH_TROUBLES_MAX = HEALTH_INSTANCES_MAX + 1,
    HEALTH_OLD_MS = 5000, /* a proof, or a turn, that is older means trouble */
};

/* One answer to $SRV.STATS. A text that is missing is "", a number -1. */
struct health_answer {
    char id[HEALTH_NAME_BYTES], version[HEALTH_NAME_BYTES], host[HEALTH_NAME_BYTES];
    char state[HEALTH_TEXT_BYTES], store[HEALTH_TEXT_BYTES], requests[HEALTH_TEXT_BYTES];
    char way[HEALTH_TEXT_BYTES]; /* of the audit events */
    int64_t proof_age_ms, turn_age_ms, backlog;
};

/* TEXT, at most N - 1 bytes of it, without anything that a terminal would obey. */
void health_printable(const char *text, char *ret, size_t n);

/* False for what is no answer to $SRV.STATS of a service named twofold. */
bool health_read(struct bytes json, struct health_answer *ret);

/* What one question brought. Zero is nothing yet. */
struct health_round {
    struct health_answer own[HEALTH_INSTANCES_MAX]; /* of the host that is judged */
    size_t n_own;
    size_t n_others; /* of other hosts, */
    size_t n_older;  /* and of versions that do not tell theirs */
};

/* Counts ANSWER; one of the same instance takes the place of its last. */
void health_note(struct health_round *r, const char *host, const struct health_answer *answer);

struct health_verdict {
    bool well;
    size_t n_troubles;
    char troubles[HEALTH_TROUBLES_MAX][HEALTH_LINE_BYTES]; /* and what to do, a line each */
};

/* Well is who has an instance on HOST, and none there that is unwell. */
void health_judge(const struct health_round *r, const char *host, struct health_verdict *ret);

/* Adds a line, made printable; more than there is room for are dropped. The verdict is: not well.
 */
void health_trouble(struct health_verdict *v, const char *text);

#endif
