#include "tools/health_judge.h"

#include "base/attr.h"

#include <inttypes.h>
#include <stdio.h>

void health_note(struct health_round *r, const char *host, const struct health_answer *answer)
{
    size_t i = 0;

    if (!*answer->host || strcmp(answer->host, host) != 0) {
        r->n_others++;
        r->n_older += !*answer->host;
        return;
    }
    while (i < r->n_own && strcmp(r->own[i].id, answer->id) != 0)
        i++;
    if (i == HEALTH_INSTANCES_MAX)
        return;
    r->own[i] = *answer;
    r->n_own += i == r->n_own;
}

void health_trouble(struct health_verdict *v, const char *text)
{
    v->well = false;
    if (v->n_troubles < HEALTH_TROUBLES_MAX)
        health_printable(text, v->troubles[v->n_troubles++], HEALTH_LINE_BYTES);
}

static bool is(const char *text, const char *wanted)
{
    return strcmp(text, wanted) == 0;
}

static const char *what_is_refused(const struct health_answer *a)
{
    if (is(a->requests, "ok"))
        return NULL;
    return *a->requests ? a->requests : "it does not tell whether it refuses requests";
}

/* The first thing that is wrong: what follows is its consequence. NULL: nothing; TEXT is room. */
static const char *what_is_wrong(const struct health_answer *a, char text[HEALTH_TEXT_BYTES])
{
    if (!is(a->state, "serving") && !is(a->state, "starting") && !is(a->state, "stopping"))
        return "it does not tell its state: is it of another version than this command?";
    if (!is(a->state, "serving")) {
        snprintf(text, HEALTH_TEXT_BYTES, "it is %.16s", a->state);
        return text;
    }
    if (a->turn_age_ms > HEALTH_OLD_MS) {
        snprintf(text, HEALTH_TEXT_BYTES,
                 "the thread that decides has stood still for %" PRId64
                 " s: the disk of the database does not come back, or another process on this "
                 "database was stopped in the middle of a change",
                 a->turn_age_ms / 1000);
        return text;
    }
    if (!is(a->store, "ok"))
        return *a->store ? a->store : "it does not tell how its store is";
    if (a->proof_age_ms >= 0 && a->proof_age_ms <= HEALTH_OLD_MS)
        return what_is_refused(a);
    snprintf(text, HEALTH_TEXT_BYTES, "nothing could be written to its database for %" PRId64 " s",
             a->proof_age_ms / 1000);
    return a->proof_age_ms < 0 ? "nothing was written to its database yet" : text;
}

static void judge_one(const struct health_answer *a, struct health_verdict *ret)
{
    char room[HEALTH_TEXT_BYTES], line[HEALTH_LINE_BYTES];
    const char *wrong = what_is_wrong(a, room);

    if (!wrong)
        return;
    snprintf(line, sizeof line, "instance %.64s: %s", a->id, wrong);
    health_trouble(ret, line);
}

static void judge_absent(const struct health_round *r, const char *host, struct health_verdict *ret)
{
    char line[HEALTH_LINE_BYTES];
    size_t n = r->n_others;

    if (n == 0) {
        health_trouble(ret, "no twofoldd answers on this bus (TWOFOLD_NATS_URL): is it running?");
        return;
    }
    snprintf(line, sizeof line,
             "no twofoldd of this host (%.255s) answers, %zu of other hosts %s%s: is it running "
             "here, and on this bus (TWOFOLD_NATS_URL)?",
             host, n, n == 1 ? "does" : "do",
             r->n_older > 0 ? " or are of a version that does not tell its host" : "");
    health_trouble(ret, line);
}

void health_judge(const struct health_round *r, const char *host, struct health_verdict *ret)
{
    *ret = (struct health_verdict){.well = true};
    if (r->n_own == 0)
        judge_absent(r, host, ret);
    for (size_t i = 0; i < r->n_own; i++)
        judge_one(&r->own[i], ret);
}
