/* What to do when a bus cannot be opened: wait with growing pauses for what may pass, name what
 * will not. */
#ifndef TWOFOLD_TRANSPORT_BUS_RETRY_H
#define TWOFOLD_TRANSPORT_BUS_RETRY_H

#include "transport/bus_login.h"

enum bus_failure { BUS_AWAY, BUS_REFUSES_LOGIN, BUS_TLS_FAILS };

struct bus_retry {
    const struct bus_login *login;
    bool (*keep_trying)(void *ctx);
    void *ctx;
    int pause_most_ms; /* 0: five seconds */
    /* What follows starts as zeros. */
    unsigned refusals;
    int pause_ms;
    int64_t logged_ms;
    char logged[128]; /* detail */
};

/*
 * Waits before the next try after a FAILURE with the text DETAIL. Logs when the detail
 * changes, and every half minute. ERR_UNAVAILABLE as soon as keep_trying says false; ERR_VALIDATION
 * after a few refusals in a row; both with RETERR.
 */
NODISCARD enum err bus_retry_after(struct bus_retry *r, enum bus_failure failure,
                                   const char *detail, struct diag *reterr);

#endif
