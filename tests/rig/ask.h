/* One question, asked until it is answered: each try under the same request id, with the same
 * content. */
#ifndef TWOFOLD_RIG_ASK_H
#define TWOFOLD_RIG_ASK_H

#include <stdint.h>
#include <twofold/client.h>

/* Less than the 30 s that the service keeps an answer for. */
enum { ASK_BOUND_MS = 25000 };

struct ask {
    struct twofold_client *client;
    char *username, *code; /* only read */
    const char *request_id;
    int64_t timeout_ms; /* of one try */
    int64_t try_ms;     /* within it, the library's (struct twofold_call) */
};

enum ask_verdict {
    ASK_ACCEPTED,
    ASK_REJECTED, /* CODE_REJECTED */
    ASK_STRANGE,  /* any other answer that is not worth trying again */
    ASK_NOTHING,  /* no answer in ASK_BOUND_MS */
};

struct ask_end {
    enum ask_verdict verdict;
    int64_t verified_at;        /* of ASK_ACCEPTED */
    struct twofold_error error; /* of the last try */
    unsigned tries;
    enum twofold_status first;                    /* what came of the first try, */
    int64_t sent_ms, first_ended_ms, answered_ms; /* Unix time */
    int64_t took_us;                              /* from the first sending to the answer */
};

/* Blocks until the end, somewhat more than ASK_BOUND_MS at most. */
void ask_until_answered(const struct ask *ask, struct ask_end *ret_end);

int64_t clock_unix_ms(void);
int64_t clock_monotonic_us(void);
void pause_ms(int64_t ms);

#endif
