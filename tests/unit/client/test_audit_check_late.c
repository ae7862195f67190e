/* A trail of which only the end is read: what came before may be missing, and nothing else. */
#include "checked.h"

#include "support/runner.h"

enum { KNOW_ALL = KNOW_KEY | KNOW_ENDS };

static struct checked result;

static int make(void **state)
{
    *state = made_story(1, 1);
    return 0;
}

static int unmake(void **state)
{
    made_free(*state);
    return 0;
}

static void expect_clean(const struct made_trail *t, const struct made_trail *ends,
                         unsigned knowledge)
{
    checked_run(t, ends, knowledge, &result);
    if (result.n > 0)
        checked_show(&result);
    assert_int_equal(result.n, 0);
}

static void a_cut_beginning_shows_unless_it_may_be_missing(void **state)
{
    struct made_trail *t = *state, part = *t;

    for (size_t cut = 1; cut + 1 < t->n; cut++) {
        part.n = t->n - cut;
        memcpy(part.events, t->events + cut, part.n * sizeof part.events[0]);
        checked_run(&part, t, KNOW_ALL, &result);
        assert_true(result.n > 0);
        expect_clean(&part, t, KNOW_ALL | BEGIN_LATE);
    }
}

/* An anchor that is older than what was read says nothing about its end. */
static void an_anchor_from_before_the_beginning_proves_no_end(void **state)
{
    struct made_trail *t = *state, part = *t, *old = made_story(1, 1);
    size_t from = t->n - 13;

    for (size_t i = 0; i < old->n_chains; i++) {
        old->chains[i].sequence = 1;
        memset(old->chains[i].digest, 1, sizeof old->chains[i].digest);
    }
    part.n = t->n - from;
    memcpy(part.events, t->events + from, part.n * sizeof part.events[0]);
    checked_run(&part, old, KNOW_ALL | BEGIN_LATE, &result);
    made_free(old);
    assert_int_equal(result.n, 2);
    assert_int_equal(result.told[0].kind, AUDIT_FINDING_UNPROVEN_END);
    assert_int_equal(result.told[1].kind, AUDIT_FINDING_UNPROVEN_END);
}

static bool same_chain(const struct made_trail *t, size_t a, size_t b)
{
    Twofold__V1__AuditEvent *one = made_read(t, a), *two = made_read(t, b);
    bool same = strcmp(one->org, two->org) == 0 && strcmp(one->username, two->username) == 0;

    twofold__v1__audit_event__free_unpacked(one, NULL);
    twofold__v1__audit_event__free_unpacked(two, NULL);
    return same;
}

/* Whatever is missing behind the first event of its chain in reach shows all the same. */
static void a_gap_behind_a_late_beginning_shows(void **state)
{
    struct made_trail *t = *state, part = *t;
    size_t from = t->n - 13, judged = 0; /* behind the second checkpoint */

    part.n = t->n - from;
    memcpy(part.events, t->events + from, part.n * sizeof part.events[0]);
    expect_clean(&part, t, KNOW_ALL | BEGIN_LATE);
    for (size_t i = 0; i < part.n; i++) {
        struct made_event e = part.events[i];
        bool first = true;

        for (size_t k = 0; k < i; k++)
            first = first && !same_chain(&part, k, i);
        part.events[i].n = 0;
        checked_run(&part, t, KNOW_ALL | BEGIN_LATE, &result);
        assert_true(first || result.n > 0);
        judged += !first;
        part.events[i] = e;
    }
    assert_int_equal(judged, 7);
}

/* Index in T of the N-th event of acme's USERNAME. */
static size_t find(const struct made_trail *t, const char *username, unsigned n)
{
    for (size_t i = 0; i < t->n; i++) {
        Twofold__V1__AuditEvent *e = t->events[i].n > 0 ? made_read(t, i) : NULL;
        bool found = e && strcmp(e->org, "acme") == 0 && strcmp(e->username, username) == 0;

        twofold__v1__audit_event__free_unpacked(e, NULL);
        if (found && n-- == 0)
            return i;
    }
    fail_msg("%s has no such event", username);
    return 0;
}

/* What the first checkpoint in reach names may lie before, unless its chain has begun in reach;
 * what the next one names has happened since. */
static void heads_within_reach_must_be_there(void **state)
{
    struct made_trail *t = *state, part = *t;
    size_t from = t->n - 13;

    part.n = t->n - from;
    memcpy(part.events, t->events + from, part.n * sizeof part.events[0]);
    made_take_out(&part, find(&part, "alice", 2));
    checked_run(&part, t, KNOW_ALL | BEGIN_LATE, &result);
    assert_non_null(checked_find(&result, AUDIT_FINDING_GAP, "alice",
                                 made_chain(t, "acme", "alice")->sequence));
    memcpy(part.events, t->events + from, part.n * sizeof part.events[0]);
    made_take_out(&part, find(&part, "bob", 0));
    made_take_out(&part, find(&part, "bob", 0));
    checked_run(&part, t, KNOW_ALL | BEGIN_LATE, &result);
    assert_non_null(
        checked_find(&result, AUDIT_FINDING_GAP, "bob", made_chain(t, "acme", "bob")->sequence));
}

/* Whoever takes an event out could put the one behind it before all others, as if all began there.
 */
static void a_gap_shows_whatever_the_order(void **state)
{
    struct made_trail *t = *state, part = *t;
    size_t judged = 0;

    for (size_t i = 0; i < t->n; i++) {
        Twofold__V1__AuditEvent *e = made_read(t, i);
        bool first = true, loose = e->sequence == 0;
        size_t next = i + 1, n = 0;

        twofold__v1__audit_event__free_unpacked(e, NULL);
        for (size_t k = 0; k < i; k++)
            first = first && !same_chain(t, k, i);
        while (next < t->n && !same_chain(t, i, next))
            next++;
        if (first || loose || next == t->n) /* the first of its chain may be missing */
            continue;
        part.events[n++] = t->events[next];
        for (size_t k = 0; k < t->n; k++)
            if (k != i && k != next)
                part.events[n++] = t->events[k];
        part.n = n;
        checked_run(&part, t, KNOW_ALL | KNOW_OLD | BEGIN_LATE, &result);
        if (result.n == 0)
            fail_msg("event %zu is missing, and nothing shows", i);
        judged++;
    }
    assert_true(judged > 10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_gap_shows_whatever_the_order, make, unmake),
    cmocka_unit_test_setup_teardown(a_cut_beginning_shows_unless_it_may_be_missing, make, unmake),
    cmocka_unit_test_setup_teardown(an_anchor_from_before_the_beginning_proves_no_end, make,
                                    unmake),
    cmocka_unit_test_setup_teardown(heads_within_reach_must_be_there, make, unmake),
    cmocka_unit_test_setup_teardown(a_gap_behind_a_late_beginning_shows, make, unmake),
};
RUN(tests)
