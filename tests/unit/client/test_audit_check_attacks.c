/*
 * Somebody rules the stream: takes out, puts in, and chains anew what follows, as anyone can who
 * knows the contract. What they do not have is the key.
 */
#include "checked.h"

#include "support/runner.h"

#include <stdlib.h>

enum { KNOW_ALL = KNOW_KEY | KNOW_ENDS, FOREIGN_KEY = 7, OLD_KEY = 2 };

static struct checked result;

static int make(void **state)
{
    *state = made_story(1, 1);
    return 0;
}

static int make_with_old_key(void **state)
{
    *state = made_story(1, OLD_KEY);
    return 0;
}

static int unmake(void **state)
{
    made_free(*state);
    return 0;
}

static void ignore(const struct audit_finding *finding, void *ctx)
{
    (void)finding;
    (void)ctx;
}

static const struct told *expect(enum audit_finding_kind kind, const char *username,
                                 uint64_t sequence)
{
    const struct told *f = checked_find(&result, kind, username, sequence);

    if (!f)
        checked_show(&result);
    assert_non_null(f);
    return f;
}

static bool is_of(const Twofold__V1__AuditEvent *e, const char *org, const char *username)
{
    return strcmp(e->org, org) == 0 && strcmp(e->username, username) == 0;
}

/* Index of the N-th event (from 0) of that chain and type; TYPE NULL: any. */
static size_t find(const struct made_trail *t, const char *org, const char *username,
                   const char *type, unsigned n)
{
    for (size_t i = 0; i < t->n; i++) {
        Twofold__V1__AuditEvent *e = t->events[i].n > 0 ? made_read(t, i) : NULL;
        bool found = e && is_of(e, org, username) && (!type || strcmp(e->type, type) == 0);

        twofold__v1__audit_event__free_unpacked(e, NULL);
        if (found && n-- == 0)
            return i;
    }
    fail_msg("no such event: %s %s", org, username);
    return 0;
}

static void change(struct made_trail *t, size_t i)
{
    Twofold__V1__AuditEvent *e = made_read(t, i);

    e->outcome = TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED;
    made_replace(t, i, e);
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

static void a_rewritten_chain_shows_at_its_heads(void **state)
{
    struct made_trail *t = *state;
    size_t i = find(t, "acme", "alice", NULL, 1);

    change(t, i);
    made_chain_anew(t, i);
    checked_run(t, t, KNOW_ALL, &result);
    expect(AUDIT_FINDING_SIGNED_OTHER, "alice", 5); /* under the first checkpoint */
    checked_run(t, t, KNOW_KEY, &result);
    expect(AUDIT_FINDING_SIGNED_OTHER, "alice", 5);
}

/* The signature covers where a checkpoint stands: it cannot be chained anew. */
static void a_rewritten_organization_shows_at_its_checkpoints(void **state)
{
    struct made_trail *t = *state;
    size_t i = find(t, "acme", "", NULL, 0);

    change(t, i);
    made_chain_anew(t, i);
    checked_run(t, t, KNOW_KEY, &result);
    expect(AUDIT_FINDING_CHECKPOINT, "", 2);
}

static void a_life_that_is_gone_as_a_whole_shows(void **state)
{
    struct made_trail *t = *state;

    for (unsigned i = 0; i < 7; i++)
        made_take_out(t, find(t, "acme", "bob", NULL, 0));
    assert_string_equal(made_chain(t, "acme", "bob")->username, "bob");
    checked_run(t, t, KNOW_KEY, &result);
    expect(AUDIT_FINDING_GAP, "bob", 7); /* the second life has six */
}

static void a_user_who_is_gone_as_a_whole_shows(void **state)
{
    struct made_trail *t = *state;
    const struct told *f;

    made_take_out(t, find(t, "acme", "carol", NULL, 0));
    made_take_out(t, find(t, "acme", "carol", NULL, 0));
    checked_run(t, t, KNOW_KEY, &result);
    f = expect(AUDIT_FINDING_GAP, "carol", 1);
    assert_int_equal(f->last, 2);
    assert_string_equal(f->org, "acme");
}

static void an_event_about_nobody_that_is_gone_shows(void **state)
{
    struct made_trail *t = *state;
    size_t whole = t->n;

    for (size_t i = 0; i < whole; i++) {
        Twofold__V1__AuditEvent *e = made_read(t, i);
        size_t n = t->events[i].n;

        if (e->sequence == 0) {
            made_take_out(t, i);
            checked_run(t, t, KNOW_KEY, &result);
            expect(AUDIT_FINDING_GAP, e->username, 0);
            t->events[i].n = n;
        }
        twofold__v1__audit_event__free_unpacked(e, NULL);
    }
}

static void an_invented_event_shows(void **state)
{
    struct made_trail *t = *state;
    struct made_trail ends = *t;

    made_add(t, "acme", "alice", "verification.succeeded");
    made_move_last(t, 20);
    checked_run(t, &ends, KNOW_ALL, &result);
    expect(AUDIT_FINDING_UNCOVERED, "alice", made_chain(t, "acme", "alice")->sequence);
}

static void an_invented_user_shows(void **state)
{
    struct made_trail *t = *state;
    struct made_trail ends = *t;

    made_add(t, "acme", "mallory", "user.created");
    made_move_last(t, 20);
    made_add_loose(t, "acme", "malory");
    made_move_last(t, 20);
    checked_run(t, &ends, KNOW_ALL, &result);
    expect(AUDIT_FINDING_UNCOVERED, "mallory", 1);
    expect(AUDIT_FINDING_UNCOVERED, "malory", 0);
}

/* At the end it may be true: nothing can be said yet. */
static void what_is_newer_than_the_end_is_counted(void **state)
{
    struct made_trail *t = *state;
    struct made_trail ends = *t;

    made_add(t, "acme", "alice", "verification.succeeded");
    made_add(t, "beta", "dave", "user.created");
    checked_run(t, &ends, KNOW_ALL, &result);
    assert_int_equal(result.n, 0);
    assert_int_equal(result.counts.after_end, 2);
    checked_run(t, &ends, KNOW_KEY, &result);
    assert_int_equal(result.n, 2);
    assert_int_equal(result.told[0].kind, AUDIT_FINDING_UNPROVEN_END);
    assert_int_equal(result.told[0].count, 1);
}

static void sign_anew(struct made_trail *t, size_t i, uint32_t key_id, uint32_t as_id)
{
    Twofold__V1__AuditEvent *e = made_read(t, i);
    Twofold__V1__Checkpoint checkpoint, *old = e->checkpoint;
    uint8_t signature[64];

    made_sign(key_id, old->body, signature, &checkpoint);
    checkpoint.key_id = as_id;
    e->key_id = as_id;
    e->checkpoint = &checkpoint;
    made_replace(t, i, e);
    e->checkpoint = old;
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

static void a_checkpoint_of_another_key_shows(void **state)
{
    struct made_trail *t = *state;
    size_t last = t->n - 2;
    uint64_t sequence = made_chain(t, "acme", "")->sequence;

    sign_anew(t, last, FOREIGN_KEY, 1);
    checked_run(t, t, KNOW_KEY, &result);
    expect(AUDIT_FINDING_SIGNATURE, "", sequence);
    sign_anew(t, last, FOREIGN_KEY, FOREIGN_KEY);
    checked_run(t, t, KNOW_KEY, &result);
    expect(AUDIT_FINDING_UNKNOWN_KEY, "", sequence);
}

/* A whole trail of one's own, signed with one's own key. */
static void a_trail_of_another_key_shows(void **state)
{
    struct made_trail *forged = made_story(FOREIGN_KEY, FOREIGN_KEY);

    (void)state;
    checked_run(forged, forged, KNOW_KEY, &result);
    expect(AUDIT_FINDING_UNKNOWN_KEY, "", 2);
    made_free(forged);
}

/* Keys get retired; what was signed with one stays good while later ones follow. */
static void a_retired_key_is_proven_by_what_follows(void **state)
{
    struct made_trail *t = *state;

    checked_run(t, t, KNOW_ALL, &result);
    assert_int_equal(result.n, 0);
    checked_run(t, t, KNOW_ALL | KNOW_OLD, &result);
    assert_int_equal(result.n, 0);
    sign_anew(t, find(t, "acme", "", "audit.checkpoint", 1), FOREIGN_KEY, OLD_KEY);
    checked_run(t, t, KNOW_ALL, &result);
    assert_true(result.n > 0);
}

static void an_old_checkpoint_again_shows(void **state)
{
    struct made_trail *t = *state;
    size_t i = find(t, "acme", "", "audit.checkpoint", 0);
    Twofold__V1__AuditEvent *e = made_read(t, i);
    const struct made_chain *own = made_chain(t, "acme", "");

    t->events[t->n++] = t->events[i];
    checked_run(t, t, KNOW_ALL, &result);
    expect(AUDIT_FINDING_DUPLICATE, "", e->sequence);
    t->events[t->n - 1] = (struct made_event){0};
    e->sequence = own->sequence + 1;
    memcpy(e->previous_digest.data, own->digest, sizeof own->digest);
    made_replace(t, t->n - 1, e);
    checked_run(t, t, KNOW_ALL, &result);
    expect(AUDIT_FINDING_CHECKPOINT, "", e->sequence);
    twofold__v1__audit_event__free_unpacked(e, NULL);
}

/* Databases that write one stream have keyrings of their own, with the same ids. */
static void a_key_is_good_for_its_organization_alone(void **state)
{
    const struct made_trail *t = *state;
    struct audit_teller teller = {.tell = ignore, .ctx = NULL};

    for (int right = 0; right < 2; right++) {
        auto_audit_check *check = audit_check_new(false, teller);
        struct audit_counts counts;
        uint8_t bytes[32];
        struct audit_key key = {.org = right ? "acme" : "beta", .id = 1, .public_key = bytes};

        made_public_key(1, bytes);
        assert_true(audit_check_trust_key(check, &key));
        for (size_t i = 0; i < t->n; i++)
            assert_true(audit_check_add(check, &(struct audit_message){.data = t->events[i].data,
                                                                       .n = t->events[i].n,
                                                                       .at = i + 1}));
        assert_true(audit_check_judge(check));
        audit_check_count(check, &counts);
        /* both ends, and the checkpoints of the other one: acme has four, beta two */
        assert_int_equal(counts.findings, right ? 2 + 2 : 2 + 4);
    }
}

/* With no signature to tell. */
static void a_life_that_does_not_end_before_the_next_shows(void **state)
{
    struct made_trail *t = *state;

    made_take_out(t, find(t, "acme", "bob", "user.deleted", 0));
    checked_run(t, t, 0, &result);
    expect(AUDIT_FINDING_UNENDED, "bob", 6);
}

static void a_checkpoint_that_names_an_event_twice_shows(void **state)
{
    struct made_trail *t = *state;
    struct made_chain *alice = NULL;

    for (size_t i = 0; i < t->n_chains; i++)
        if (strcmp(t->chains[i].username, "alice") == 0 && strcmp(t->chains[i].org, "acme") == 0)
            alice = &t->chains[i];
    assert_non_null(alice);
    alice->is_covered = false;
    t->ended[t->n_ended++] = *alice;
    made_checkpoint(t, "acme", 1);
    checked_run(t, t, KNOW_ALL, &result);
    assert_int_equal(result.n, 1);
    expect(AUDIT_FINDING_CHECKPOINT, "", made_chain(t, "acme", "")->sequence);
}

/* A database that came back from a backup writes other events under numbers that were used. */
static void a_restored_backup_forks_and_says_so(void **state)
{
    struct made_trail *t = *state, *ends;
    struct made_trail before = *t;
    const struct told *f;

    made_add(t, "acme", "alice", "verification.succeeded");
    made_add(t, "acme", "alice", "verification.succeeded");
    memcpy(t->chains, before.chains, sizeof before.chains);
    made_add(t, "acme", "", "service.restored");
    made_add(t, "acme", "alice", "verification.failed");
    made_checkpoint(t, "acme", 1);
    ends = t;
    checked_run(t, ends, KNOW_ALL, &result);
    f = expect(AUDIT_FINDING_FORK, "alice", made_chain(t, "acme", "alice")->sequence);
    assert_true(f->at_is_false);
    assert_int_equal(f->excuse, EXCUSE_RESTORED);
}

static void dropped_events_are_gaps_and_it_says_so(void **state)
{
    struct made_trail *t = *state;
    const struct told *f;

    made_add(t, "acme", "alice", "verification.succeeded");
    made_take_out(t, t->n - 1);
    made_add(t, "acme", "alice", "verification.succeeded");
    made_add(t, "acme", "", "audit.dropped");
    made_checkpoint(t, "acme", 1);
    checked_run(t, t, KNOW_ALL, &result);
    f = expect(AUDIT_FINDING_GAP, "alice", made_chain(t, "acme", "alice")->sequence - 1);
    assert_int_equal(f->excuse, EXCUSE_DROPPED);
    assert_int_equal(result.n, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_rewritten_chain_shows_at_its_heads, make, unmake),
    cmocka_unit_test_setup_teardown(a_rewritten_organization_shows_at_its_checkpoints, make,
                                    unmake),
    cmocka_unit_test_setup_teardown(a_life_that_is_gone_as_a_whole_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_user_who_is_gone_as_a_whole_shows, make, unmake),
    cmocka_unit_test_setup_teardown(an_event_about_nobody_that_is_gone_shows, make, unmake),
    cmocka_unit_test_setup_teardown(an_invented_event_shows, make, unmake),
    cmocka_unit_test_setup_teardown(an_invented_user_shows, make, unmake),
    cmocka_unit_test_setup_teardown(what_is_newer_than_the_end_is_counted, make, unmake),
    cmocka_unit_test_setup_teardown(a_checkpoint_of_another_key_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_trail_of_another_key_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_retired_key_is_proven_by_what_follows, make_with_old_key,
                                    unmake),
    cmocka_unit_test_setup_teardown(an_old_checkpoint_again_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_key_is_good_for_its_organization_alone, make, unmake),
    cmocka_unit_test_setup_teardown(a_life_that_does_not_end_before_the_next_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_checkpoint_that_names_an_event_twice_shows, make, unmake),
    cmocka_unit_test_setup_teardown(a_restored_backup_forks_and_says_so, make, unmake),
    cmocka_unit_test_setup_teardown(dropped_events_are_gaps_and_it_says_so, make, unmake),
};
RUN(tests)
