#include "people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Below FREE_TRIES: the failure after the last free one begins a wait, in which nothing is judged.
 */
enum { WRONG_IN_A_ROW = FREE_TRIES - 1 };

void person_init(struct person *person, const char *prefix, int64_t number)
{
    *person = (struct person){.failures = -1};
    snprintf(person->name, sizeof person->name, "%s-%" PRId64, prefix, number);
    code_key(person->name, person->key);
}

bool people_open(const struct options *o, int64_t worker, struct people *ret)
{
    size_t n = (size_t)((o->users - worker + o->workers - 1) / o->workers);
    size_t n_err = (n * (size_t)o->wrong + 99) / 100;
    struct person *at = calloc(n, sizeof *at);

    if (!at)
        return false;
    for (size_t i = 0; i < n; i++) {
        person_init(&at[i], o->prefix, worker + (int64_t)i * o->workers);
        at[i].errs = i < n_err;
    }
    *ret = (struct people){.at = at, .n = n};
    return true;
}

void people_close(struct people *people)
{
    free(people->at);
    *people = (struct people){0};
}

static bool may_err(const struct person *p)
{
    return p->errs && !p->spoiled && p->failures >= 0 && p->failures < WRONG_IN_A_ROW;
}

/* The service takes the step before, this one and the next. The one before would be too old by the
 * time that a call is tried again. */
static bool has_code(struct person *p, bool errs, int64_t now_step)
{
    if (p->errs != errs || p->spoiled)
        return false;
    if (p->next_step < now_step)
        p->next_step = now_step;
    return p->next_step <= now_step + 1;
}

static struct person *pick_right(struct people *people, bool errs, int64_t now_step)
{
    size_t *next = errs ? &people->next_wrong : &people->next_right;

    for (size_t i = 0; i < people->n; i++) {
        struct person *p = &people->at[(*next + i) % people->n];

        if (has_code(p, errs, now_step)) {
            *next = (*next + i + 1) % people->n;
            return p;
        }
    }
    return NULL;
}

struct person *people_pick(struct people *people, bool wants_wrong, int64_t now_step,
                           bool *ret_wrong)
{
    struct person *p = NULL;

    *ret_wrong = false;
    for (size_t i = 0; wants_wrong && i < people->n; i++)
        if (may_err(&people->at[i])) {
            *ret_wrong = true;
            return &people->at[i];
        }
    if (wants_wrong)
        p = pick_right(people, true, now_step);
    return p ? p : pick_right(people, false, now_step);
}
