/*
 * Whatever is done to a trail, by chance, shows. TRAIL_SEED in the environment repeats a run: its
 * seed is printed.
 */
#include "checked.h"

#include "support/runner.h"

#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 400 };

static struct checked result;

static unsigned random_below(unsigned *seed, size_t n)
{
    return (unsigned)((size_t)rand_r(seed) % n);
}

static void remove_some(struct made_trail *t, unsigned *seed)
{
    for (unsigned n = 1 + random_below(seed, 4); n > 0; n--)
        made_take_out(t, random_below(seed, t->n));
}

static void flip_some(struct made_trail *t, unsigned *seed)
{
    struct made_event *e = &t->events[random_below(seed, t->n)];

    e->data[random_below(seed, e->n)] ^= (uint8_t)(1 + random_below(seed, 255));
}

static void shorten_one(struct made_trail *t, unsigned *seed)
{
    struct made_event *e = &t->events[random_below(seed, t->n)];

    e->n = random_below(seed, e->n);
}

static void double_one(struct made_trail *t, unsigned *seed)
{
    const struct made_event *e = &t->events[random_below(seed, t->n)];
    struct made_event copy = {.data = malloc(e->n), .n = e->n};

    assert_non_null(copy.data);
    memcpy(copy.data, e->data, e->n);
    t->events[t->n++] = copy;
    made_move_last(
        t, random_below(seed, t->n - 20)); /* behind the end, it might be an event to come */
}

static void rewrite_one(struct made_trail *t, unsigned *seed)
{
    size_t i = random_below(seed, t->n);
    Twofold__V1__AuditEvent *e = made_read(t, i);

    e->time_unix_ms += 1 + random_below(seed, 1000);
    made_replace(t, i, e);
    if (e->sequence > 0)
        made_chain_anew(t, i);
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

static void invent_one(struct made_trail *t, unsigned *seed)
{
    static const char *const names[] = {"alice", "bob", "carol", "mallory", ""};

    made_add(t, "acme", names[random_below(seed, 5)], "verification.succeeded");
    made_move_last(t, random_below(seed, t->n - 20));
}

static void (*const tampers[])(struct made_trail *, unsigned *seed) = {
    remove_some, flip_some, shorten_one, double_one, rewrite_one, invent_one,
};

/* Now and then two things, so that one may hide the other: but never what undoes the first. */
static void tamper_once(unsigned seed, unsigned round)
{
    struct made_trail *t = made_story(1, 1), *ends = made_story(1, 1);
    unsigned own = seed, which = random_below(&seed, sizeof tampers / sizeof tampers[0]);

    tampers[which](t, &seed);
    if (tampers[which] == flip_some && random_below(&seed, 2))
        remove_some(t, &seed);
    if (tampers[which] == double_one && random_below(&seed, 2))
        flip_some(t, &seed);
    checked_run(t, ends, KNOW_KEY | KNOW_ENDS, &result);
    if (result.n == 0)
        fprintf(stderr, "round %u, seed %u: %u goes unseen\n", round, own, which);
    assert_true(result.n > 0);
    made_free(t);
    made_free(ends);
}

static void whatever_is_done_shows(void **state)
{
    const char *given = getenv("TRAIL_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid() * 2654435761U;

    (void)state;
    fprintf(stderr, "TRAIL_SEED=%u\n", seed);
    for (unsigned round = 0; round < ROUNDS; round++)
        tamper_once(seed + round, round);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(whatever_is_done_shows),
};
RUN(tests)
