/*
 * Whose code comes next. A code is good once, so a user can be verified once a time step: users
 * are visited in scrambled order, all of them with the code of one step, then all with the next
 * one. The service takes the steps now - 1, now and now + 1: three codes a user at once, and one
 * more every 30 seconds. aim_next says when there is none left.
 */
#ifndef TWOFOLD_BENCH_AIM_H
#define TWOFOLD_BENCH_AIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shot {
    uint32_t user;
    uint32_t code;
};

/* How far the users were visited: those before VISIT had their code of STEP. */
struct aim_place {
    uint64_t step, visit;
};

struct aim_options {
    int64_t now_ns; /* Unix time of the start, by the system's clock */
    uint32_t users; /* as `rotate_load fill` names them and makes their keys */
    bool wrong;     /* any six digits: one in 300 000 is right */
    unsigned speed; /* of the service's clock from EPOCH_NS on (lab.c); 1: the system's */
    int64_t epoch_ns;
    size_t prepared;       /* codes to compute now; those beyond are computed when they are due */
    struct aim_place from; /* where the run before has ended; all 0: nobody was verified yet */
};

struct aim;

/* Ready for the first shot; NULL when there is no memory. */
struct aim *aim_new(const struct aim_options *options);
void aim_free(struct aim *a);

/* False: every user has used every code that is good at UNIX_NS, by the system's clock. */
bool aim_next(struct aim *a, int64_t unix_ns, struct shot *ret);

/* A code that the service has not looked at: it comes again before all others. */
void aim_again(struct aim *a, const struct shot *s);

/* How many nanoseconds the time step of UNIX_NS still lasts. */
int64_t aim_step_left(const struct aim *a, int64_t unix_ns);

/* How many codes are left that are good at UNIX_NS. */
uint64_t aim_left(const struct aim *a, int64_t unix_ns);

struct aim_place aim_place(const struct aim *a);

#endif
