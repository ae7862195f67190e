/* A chain under judgement, one after the other. */
#ifndef TWOFOLD_CLI_AUDIT_CHECK_JUDGE_H
#define TWOFOLD_CLI_AUDIT_CHECK_JUDGE_H

#include "audit_check_parts.h"

struct range {
    uint64_t first, last;
};

struct judge {
    struct audit_check *check;
    uint32_t chain;
    size_t low, high;        /* its records */
    size_t head, heads_high; /* its heads that are missing */
    uint32_t *open;          /* records without a child so far, by ascending number */
    struct range *told;      /* numbers that findings have named, by ascending end */
    struct room n_open, n_told;
    uint64_t oldest_start, newest_start; /* places where lives begin */
    int64_t oldest_start_ms, newest_start_ms;
    size_t
        standing; /* no record of the number under judgement below it is neither aside nor a copy */
    bool began_late; /* without its beginning, as a chain may once when reading starts anywhere */
};

static inline struct record *record_at(const struct judge *j, size_t i)
{
    return &j->check->records[i];
}

/* Tells F as a finding about the chain. */
void judge_tell(struct judge *j, struct audit_finding f);

/* audit_check_lines.c: copies, forks, gaps and changes. */
NODISCARD bool judge_lines(struct judge *j);

/* Lives that did not end before the next one began. */
void judge_lives(struct judge *j);

#endif
