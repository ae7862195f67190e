/*
 * The requests as they go over the wire. The text of one is a template into which numbers are
 * written: nothing is formatted or looked up for a request.
 */
#ifndef TWOFOLD_BENCH_REQUEST_H
#define TWOFOLD_BENCH_REQUEST_H

#include "bench/aim.h"
#include "bench/verdict.h"

/* What is asked, and what the answer must be. */
enum run_kind {
    RUN_VERIFY, /* verification.verify with good codes: accepted */
    RUN_WRONG,  /* with wrong codes: denied */
    RUN_ECHO,   /* the same requests: they must come back byte for byte */
};

enum { REQUEST_TEXT_MAX = 256, INBOX_MAX = 64 };

struct request {
    enum run_kind kind;
    unsigned n_text, connection_at, token_at, body_at, n_body;
    char text[REQUEST_TEXT_MAX];
};

/* Which request under way a reply is for. */
struct ticket {
    unsigned slot;
    uint32_t use; /* 16 bits: how often an answer for the slot did not come */
};

void request_init(struct request *r, enum run_kind kind);

/* The subject below which replies to requests of CONNECTION (0..15) come. */
void request_inbox(unsigned connection, char ret_inbox[static INBOX_MAX]);

/* Writes r->n_text bytes to TO. */
void request_write(const struct request *r, const struct ticket *t, unsigned connection,
                   const struct shot *s, char *to);

/* False: a message for none of our requests. */
bool request_ticket(const struct wire_message *m, struct ticket *ret);

enum verdict request_judge(const struct request *r, const struct shot *s,
                           const struct wire_message *m);

/* The verdict that this kind of load is about. */
enum verdict request_wanted(enum run_kind kind);

#endif
