/* What a reply says. Every reply is read: an error never counts as throughput. */
#ifndef TWOFOLD_BENCH_VERDICT_H
#define TWOFOLD_BENCH_VERDICT_H

#include "bench/wire.h"

enum verdict {
    VERDICT_ACCEPTED,    /* a VerifyReply whose method is TOTP and which says when */
    VERDICT_DENIED,      /* CODE_REJECTED, or WRONG_CREDENTIALS */
    VERDICT_LOCKED,      /* LOCKED or SUSPENDED */
    VERDICT_SHED,        /* EXHAUSTED */
    VERDICT_UNAVAILABLE, /* UNAVAILABLE */
    VERDICT_NOBODY,      /* the server says that nobody serves the subject */
    VERDICT_OTHER,       /* any other error, and what is no answer at all */
    N_VERDICTS,
};

enum verdict verdict_of(const struct wire_message *m);
const char *verdict_name(enum verdict v);

/* On standard error, the first three times: a reply that was not expected. */
void verdict_tell(enum verdict v, const struct wire_message *m);

#endif
