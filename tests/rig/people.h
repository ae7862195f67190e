/*
 * The users of one worker, and what is to be shown for whom next. A code is never shown twice but
 * on purpose, and a user has one call at a time: the service keeps one answer a user.
 */
#ifndef TWOFOLD_RIG_PEOPLE_H
#define TWOFOLD_RIG_PEOPLE_H

#include "code.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>

enum { PERSON_NAME_SIZE = OPTIONS_PREFIX_MAX + 16, FREE_TRIES = 5 /* policy's max_failures */ };

struct person {
    char name[PERSON_NAME_SIZE];
    uint8_t key[CODE_KEY_BYTES];
    int64_t next_step; /* the lowest that was never shown */
    int64_t used_step; /* the last that was accepted; 0: none */
    int failures;      /* in a row; -1: unknown, until a code is accepted */
    bool errs;         /* set apart for wrong codes */
    bool spoiled;      /* an answer was wrong or never came: nothing is known of this user */
};

struct people {
    struct person *at;
    size_t n;
    size_t next_right, next_wrong; /* whose turn it is */
};

/* Name and secret of user NUMBER. */
void person_init(struct person *person, const char *prefix, int64_t number);

/* The users of worker WORKER: every O->workers'th, some of them set apart for wrong codes. False:
 * memory is short. */
bool people_open(const struct options *o, int64_t worker, struct people *ret);
void people_close(struct people *people);

/* Somebody whose next code is good now and for half a minute, which is longer than a call is tried
 * again. WANTS_WRONG prefers who is set apart, *RET_WRONG then says that it is time for a wrong
 * code. NULL: all codes are used up, until the next time step. */
struct person *people_pick(struct people *people, bool wants_wrong, int64_t now_step,
                           bool *ret_wrong);

#endif
