/*
 * A client of the ledger: it asks all sorts of things about users of its own, one after the other,
 * and writes down each request with its answer. It knows what it did to each user, so that every
 * request means one thing: a right code is one that was never sent before, a replayed one was
 * accepted before. Where an answer is UNKNOWN it goes on as if it may have been a yes or a no.
 */
#ifndef TWOFOLD_TESTS_LEDGER_PLAYER_H
#define TWOFOLD_TESTS_LEDGER_PLAYER_H

#include "book.h"
#include "codes.h"

enum { PLAYER_USERS_MAX = 1000, RECOVERY_MAX = 16, RECOVERY_TEXT_MAX = 32, NAME_MAX_BYTES = 40 };

enum played_state {
    ABSENT,   /* nobody has the name */
    BARE,     /* a user without a second factor */
    READY,    /* has an authenticator whose key is known */
    DOUBTFUL, /* a change was not answered: delete, and begin again */
};

struct played_user {
    char name[NAME_MAX_BYTES];
    enum played_state state;
    struct secret key;
    unsigned set;          /* counts authenticators */
    int64_t spent_step;    /* newest one that was sent as a right code */
    int64_t accepted_step; /* newest one that was accepted; 0: none */
    bool locked;
    unsigned n_recovery, n_spent; /* codes in hand; the first ones are spent */
    char recovery[RECOVERY_MAX][RECOVERY_TEXT_MAX];
    bool accepted[RECOVERY_MAX];
};

struct player {
    struct twofold_client *client;
    struct book *book;
    unsigned number;
    const char *org;
    bool sets_policy; /* one of an organization's players may */
    struct dice dice;
    unsigned n_users;
    struct played_user users[PLAYER_USERS_MAX];
    unsigned long asked;
};

/* Asks one thing (an enrolment: three). */
void player_turn(struct player *p);

/* Asks how each user stands, and writes that down. False: no answer. */
bool player_stock(struct player *p);

#endif
