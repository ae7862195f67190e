/* What the clients asked and were answered, a JSON object a line, in a file that outlives all. */
#ifndef TWOFOLD_TESTS_LEDGER_BOOK_H
#define TWOFOLD_TESTS_LEDGER_BOOK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <twofold/client.h>

struct book {
    FILE *file;
    pthread_mutex_t lock;
};

/* One request, however often it was sent. Texts are plain ASCII without quotes. */
struct entry {
    char request_id[TWOFOLD_REQUEST_ID_SIZE];
    unsigned client;
    const char *org, *username, *method; /* "Verify"; username "": none */
    const char *kind;                    /* what was meant: "right", "replay", ... */
    int64_t step;                        /* of the TOTP code that was sent; 0: none */
    unsigned set;                        /* which of the user's authenticators and sets of codes */
    char slot;                           /* of the recovery code that was sent; NUL: none */
    int64_t sent_ms, done_ms;            /* first sent, last answered or given up (Unix) */
    unsigned tries;
    const char *answer; /* "OK", a reason of twofold.v1.Error, or "UNKNOWN" */
    const char *detail; /* what else the reply says: "CREATED", "TOTP"; "": nothing */
};

/* How a user stands when all is over. */
struct standing {
    const char *org, *username, *state; /* state: SecondFactor.State, or "NOBODY" */
    int recovery_codes_left;
    int64_t last_used_s; /* of the newest use of an authenticator; 0: none */
};

/* NULL when the file cannot be written. */
struct book *book_open(const char *path);
/* Both are safe from several threads, and end the program when the file cannot be written. */
void book_write(struct book *b, const struct entry *e);
void book_write_standing(struct book *b, const struct standing *s);
/* False: it could not all be written. */
bool book_close(struct book *b);

#endif
