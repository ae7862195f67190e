/* What the checker says of a trail that is whole, and of one with a single thing done to it. */
#include "checked.h"

#include "support/runner.h"

#include <stdlib.h>

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

/* Exactly one finding. */
static const struct told *expect_one(enum audit_finding_kind kind, const char *username,
                                     uint64_t sequence)
{
    const struct told *f = checked_find(&result, kind, username, sequence);

    if (!f || result.n != 1)
        checked_show(&result);
    assert_non_null(f);
    assert_int_equal(result.n, 1);
    return f;
}

/* Takes event I out; its bytes go to *RET. */
static struct made_event take_out(struct made_trail *t, size_t i)
{
    struct made_event e = t->events[i];

    t->events[i] = (struct made_event){0};
    return e;
}

static void a_whole_trail_has_no_findings(void **state)
{
    const struct made_trail *t = *state;

    expect_clean(t, t, KNOW_ALL);
    assert_int_equal(result.counts.events, t->n);
    assert_int_equal(result.counts.organizations, 2);
    assert_int_equal(result.counts.checkpoints, 6);
    assert_int_equal(result.counts.after_end, 0);
}

/* An end that is known proves the organization's chain, with it the checkpoints, and with them the
 * rest: no key is needed. */
static void the_ends_alone_prove_everything(void **state)
{
    expect_clean(*state, *state, KNOW_ENDS);
}

static void without_the_ends_only_they_are_open(void **state)
{
    checked_run(*state, *state, KNOW_KEY, &result);
    assert_int_equal(result.n, 2);
    assert_int_equal(result.told[0].kind, AUDIT_FINDING_UNPROVEN_END);
    assert_string_equal(result.told[0].org, "acme");
    assert_int_equal(result.told[0].count, 0);
    assert_int_equal(result.told[1].kind, AUDIT_FINDING_UNPROVEN_END);
    assert_string_equal(result.told[1].org, "beta");
}

static void without_keys_and_ends_nothing_is_proven(void **state)
{
    const struct told *f;

    checked_run(*state, *state, 0, &result);
    f = checked_find(&result, AUDIT_FINDING_NO_KEYS, "", 0);
    assert_non_null(f);
    assert_int_equal(f->count, 6);
    assert_int_equal(result.n, 3);
}

static void nothing_at_all_proves_nothing(void **state)
{
    struct made_trail *none = made_new();

    checked_run(none, none, KNOW_KEY, &result);
    assert_int_equal(result.n, 1);
    assert_int_equal(result.told[0].kind, AUDIT_FINDING_UNPROVEN_END);
    checked_run(none, *state, KNOW_ALL, &result);
    assert_int_equal(result.n, 2);
    assert_int_equal(result.told[0].kind, AUDIT_FINDING_END);
    assert_int_equal(result.told[0].first, 1);
    assert_int_equal(result.told[0].last, made_chain(*state, "acme", "")->sequence);
    made_free(none);
}

/* An event that was lost and sent again comes late. */
static void the_order_of_arrival_does_not_matter(void **state)
{
    struct made_trail *t = *state;

    for (size_t low = 0, high = t->n - 1; low < high; low++, high--) {
        struct made_event e = t->events[low];

        t->events[low] = t->events[high];
        t->events[high] = e;
        if (low % 5 == 0)
            continue; /* the places of a user's two lives must keep their order */
    }
    checked_run(t, t, KNOW_ALL, &result);
    for (size_t i = 0; i < result.n; i++)
        assert_true(result.told[i].kind == AUDIT_FINDING_UNENDED ||
                    result.told[i].kind == AUDIT_FINDING_UNCOVERED);
    assert_null(checked_find(&result, AUDIT_FINDING_GAP, "alice", 1));
}

static void late_events_are_no_findings(void **state)
{
    struct made_trail *t = *state;

    for (size_t i = 2; i + 1 < t->n; i += 3) {
        struct made_event e = take_out(t, i);

        assert_true(t->n < MADE_EVENTS_MAX);
        t->events[t->n++] = e;
        expect_clean(t, t, KNOW_ALL);
    }
}

/* Each event in turn, and the finding is about that event. */
static void a_missing_event_is_named(void **state)
{
    struct made_trail *t = *state;

    for (size_t i = 0; i < t->n; i++) {
        Twofold__V1__AuditEvent *event = made_read(t, i);
        struct made_event e = take_out(t, i);
        const struct told *f;

        checked_run(t, t, KNOW_ALL, &result);
        f = checked_find(&result, AUDIT_FINDING_GAP, event->username, event->sequence);
        if (!f)
            f = checked_find(&result, AUDIT_FINDING_END, event->username, event->sequence);
        /* Bob's second life has events of the same numbers, which no signature fits. */
        if (!f)
            f = checked_find(&result, AUDIT_FINDING_SIGNED_OTHER, event->username, event->sequence);
        if (!f && strcmp(event->type, "user.created") == 0)
            f = checked_find(&result, AUDIT_FINDING_FORK, event->username, event->sequence + 1);
        if (!f) {
            fprintf(stderr, "without %s %s %d:\n", event->type, event->username,
                    (int)event->sequence);
            checked_show(&result);
        }
        assert_non_null(f);
        assert_true(event->checkpoint || result.n <= 2); /* what it signs is told, too */
        t->events[i] = e;
        twofold__v1__audit_event__free_unpacked(event, NULL);
    }
}

static void adjoining_gaps_are_one(void **state)
{
    struct made_trail *t = *state;
    const struct told *f;

    for (size_t i = 0; i < t->n; i++) {
        Twofold__V1__AuditEvent *event = made_read(t, i);

        if (strcmp(event->org, "acme") == 0 && strcmp(event->username, "alice") == 0 &&
            event->sequence >= 3 && event->sequence <= 6)
            free(take_out(t, i).data);
        twofold__v1__audit_event__free_unpacked(event, NULL);
    }
    checked_run(t, t, KNOW_ALL, &result);
    f = expect_one(AUDIT_FINDING_GAP, "alice", 4);
    assert_int_equal(f->first, 3);
    assert_int_equal(f->last, 6);
    assert_string_equal(f->org, "acme");
}

/* Changes every STEP-th byte of every event, without the ends of all but the last two: more than
 * the USUAL findings are told. */
static void flip(struct made_trail *t, unsigned knowledge, size_t step, size_t usual)
{
    size_t end = knowledge & KNOW_ENDS ? t->n : t->n - 2;

    for (size_t i = 0; i < end; i++)
        for (size_t k = i % step; k < t->events[i].n; k += step) {
            t->events[i].data[k] ^= (uint8_t)(1 << k % 8);
            checked_run(t, t, knowledge, &result);
            if (result.n <= usual)
                fprintf(stderr, "event %zu byte %zu\n", i, k);
            assert_true(result.n > usual);
            t->events[i].data[k] ^= (uint8_t)(1 << k % 8);
        }
}

static void every_flipped_byte_shows(void **state)
{
    flip(*state, KNOW_ENDS, 1, 0);
    flip(*state, KNOW_ALL, 5, 0);
}

/* Without the ends, only what is last in an organization may be changed unseen: the signature does
 * not cover all of it. */
static void every_flipped_byte_before_the_end_shows_without_ends(void **state)
{
    flip(*state, KNOW_KEY, 5, 2);
}

static void a_cut_end_shows(void **state)
{
    struct made_trail *t = *state;
    size_t whole = t->n;

    for (t->n = whole - 1; t->n > 0; t->n--) {
        checked_run(t, t, KNOW_ALL, &result);
        assert_non_null(
            checked_find(&result, AUDIT_FINDING_END, "", made_chain(t, "beta", "")->sequence));
    }
    t->n = whole;
}

static void a_doubled_event_shows(void **state)
{
    struct made_trail *t = *state;
    const struct told *f;

    for (size_t i = 0; i < 30; i++) {
        Twofold__V1__AuditEvent *event = made_read(t, i);

        t->events[t->n++] = t->events[i];
        checked_run(t, t, KNOW_ALL, &result);
        f = expect_one(AUDIT_FINDING_DUPLICATE, event->username, event->sequence);
        assert_int_equal(f->other, i + 1);
        assert_int_equal(f->at, t->n);
        t->n--;
        twofold__v1__audit_event__free_unpacked(event, NULL);
    }
}

/* The original stays, and another one with its number comes later. */
static void a_second_event_of_a_number_shows_and_is_the_false_one(void **state)
{
    struct made_trail *t = *state;
    size_t whole = t->n;
    const struct told *f;

    for (size_t i = 0; i + 2 < whole; i++) {
        Twofold__V1__AuditEvent *event = made_read(t, i);

        if (event->sequence > 1 && !event->checkpoint) {
            t->n = whole + 1;
            event->request_id = strdup("another");
            t->events[whole].data = NULL;
            made_replace(t, whole, event);
            checked_run(t, t, KNOW_ALL, &result);
            f = expect_one(AUDIT_FINDING_FORK, event->username, event->sequence);
            assert_int_equal(f->other, i + 1);
            assert_int_equal(f->at, t->n);
            assert_true(f->at_is_false);
            free(t->events[whole].data);
        }
        twofold__v1__audit_event__free_unpacked(event, NULL);
    }
    t->n = whole;
}

static void a_changed_event_is_named(void **state)
{
    struct made_trail *t = *state;
    Twofold__V1__AuditEvent *event;
    const struct told *f;
    size_t i = 5; /* alice's second */

    event = made_read(t, i);
    assert_string_equal(event->username, "alice");
    event->outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED;
    made_replace(t, i, event);
    checked_run(t, t, KNOW_ALL, &result);
    f = expect_one(AUDIT_FINDING_CHANGED, "alice", event->sequence);
    assert_int_equal(f->other, i + 1);
    assert_true(f->other_is_false); /* it, and not the next */
    twofold__v1__audit_event__free_unpacked(event, NULL);
}

static void strangers_messages_are_told_and_skipped(void **state)
{
    struct made_trail *t = *state;
    uint8_t noise[] = {0xff, 0xff, 0xff}, short_event[] = {0x0a, 0x01, 'x'};

    t->events[t->n++] = (struct made_event){.data = noise, .n = sizeof noise};
    t->events[t->n++] = (struct made_event){.data = short_event, .n = sizeof short_event};
    checked_run(t, t, KNOW_ALL, &result);
    t->n -= 2;
    assert_int_equal(result.n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(result.told[i].kind, AUDIT_FINDING_FOREIGN);
        assert_int_equal(result.told[i].at, t->n + 1 + i);
    }
    assert_int_equal(result.counts.events, t->n);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_whole_trail_has_no_findings, make, unmake),
    cmocka_unit_test_setup_teardown(the_ends_alone_prove_everything, make, unmake),
    cmocka_unit_test_setup_teardown(without_the_ends_only_they_are_open, make, unmake),
    cmocka_unit_test_setup_teardown(without_keys_and_ends_nothing_is_proven, make, unmake),
    cmocka_unit_test_setup_teardown(nothing_at_all_proves_nothing, make, unmake),
    cmocka_unit_test_setup_teardown(the_order_of_arrival_does_not_matter, make, unmake),
    cmocka_unit_test_setup_teardown(late_events_are_no_findings, make, unmake),
    cmocka_unit_test_setup_teardown(a_missing_event_is_named, make, unmake),
    cmocka_unit_test_setup_teardown(adjoining_gaps_are_one, make, unmake),
    cmocka_unit_test_setup_teardown(every_flipped_byte_shows, make, unmake),
    cmocka_unit_test_setup_teardown(every_flipped_byte_before_the_end_shows_without_ends, make,
                                    unmake),
    cmocka_unit_test_setup_teardown(a_cut_end_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_doubled_event_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_second_event_of_a_number_shows_and_is_the_false_one, make,
                                    unmake),
    cmocka_unit_test_setup_teardown(a_changed_event_is_named, make, unmake),
    cmocka_unit_test_setup_teardown(strangers_messages_are_told_and_skipped, make, unmake),
};
RUN(tests)
