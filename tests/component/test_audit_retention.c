/*
 * What the outbox keeps: the tail for sending again, what is not sent up to a bound, and what gives
 * way at the bound.
 */
#include "support/runner.h"
#include "support/trail.h"

#include <stdlib.h>

static struct outbox_state look(struct service *s)
{
    struct outbox_state state;

    assert_int_equal(s->store->ops->look_outbox(s->store, NULL, &state), ERR_OK);
    return state;
}

static void write_events(struct service *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        service_put_user(s, "ada", PASSWORD);
}

/* ---- the tail ---- */

static const struct audit_limits an_hour = {.tail_ms = 3600 * 1000, .tail_bytes = UINT64_MAX};

static void sent_events_stay_for_their_time(void **state)
{
    struct service *s = *state;
    uint64_t first;

    service_restart_with(s, an_hour);
    write_events(s, 3);
    first = look(s).last;
    service_advance(s, 1800);
    write_events(s, 3);
    service_tidy(s, look(s).last);
    assert_int_equal(look(s).first, 1);
    service_advance(s, 1800);
    service_tidy(s, 0);
    assert_int_equal(look(s).first, 1); /* an hour is not over an hour */
    service_advance(s, 1);
    service_tidy(s, 0);
    assert_int_equal(look(s).first, first + 1);
    service_advance(s, 3600);
    service_tidy(s, 0);
    assert_int_equal(look(s).first, look(s).last + 1);
}

static void what_was_not_sent_stays_for_ever(void **state)
{
    struct service *s = *state;

    service_restart_with(s, an_hour);
    write_events(s, 5);
    service_tidy(s, 3);
    service_advance(s, 365 * 86400);
    service_tidy(s, 0);
    assert_int_equal(look(s).first, 4);
    service_restart(s);
    service_tidy(s, 0);
    assert_int_equal(look(s).first, 4);
    assert_int_equal(look(s).marks.taken.position, 3);
}

static void what_is_under_no_checkpoint_stays(void **state)
{
    struct service *s = *state;
    struct audit_limits limits = {.checkpoint_events = 500, .checkpoint_ms = 10000};

    service_restart_with(s, limits); /* without any tail */
    write_events(s, 3);
    service_tidy(s, look(s).last);
    assert_int_equal(look(s).first, 1);
    service_advance(s, 10);
    service_tidy(s, 0); /* signs */
    service_advance(s, 1);
    service_tidy(s, look(s).last);
    assert_int_equal(look(s).first, look(s).last + 1);
}

static void the_tail_takes_no_more_than_its_bytes(void **state)
{
    struct service *s = *state;
    struct audit_limits limits = an_hour;
    struct outbox_state now;

    limits.tail_bytes = 64 * 1024;
    service_restart_with(s, limits);
    write_events(s, 450);
    assert_true(look(s).bytes > limits.tail_bytes);
    for (int i = 0; i < 10; i++)
        service_tidy(s, look(s).last);
    now = look(s);
    assert_true(now.bytes <= limits.tail_bytes);
    assert_true(now.last - now.first > 50);
}

static void a_report_never_goes_back(void **state)
{
    struct service *s = *state;
    struct outbox_taken taken = {.position = 3, .sequence = 30, .in_stream = true};

    service_restart_with(s, an_hour);
    write_events(s, 5);
    assert_int_equal(dispatcher_tidy(s->dispatcher, &taken), ERR_OK);
    service_tidy(s, 2);
    assert_int_equal(look(s).marks.taken.position, 3);
    assert_int_equal(look(s).marks.taken.sequence, 30);
    taken.sequence = 7; /* sent again, to a stream that was made anew */
    assert_int_equal(dispatcher_tidy(s->dispatcher, &taken), ERR_OK);
    assert_int_equal(look(s).marks.taken.sequence, 7);
    service_tidy(s, 4); /* as a plain message */
    assert_true(look(s).marks.taken.in_stream);
    service_tidy(s, 1000000); /* more than there is */
    assert_int_equal(look(s).marks.taken.position, look(s).last);
}

/* ---- the bound ---- */

/* Events that are in the outbox before the bound is set: N below it. */
static struct audit_limits bound_above(struct service *s, unsigned n)
{
    struct outbox_state now = look(s);

    return (struct audit_limits){.tail_ms = 3600 * 1000,
                                 .tail_bytes = UINT64_MAX,
                                 /* and service.started of the restart that sets it */
                                 .backlog_max = now.last - now.marks.taken.position + 1 + n};
}

static void at_the_bound_changes_are_refused_and_nothing_counts(void **state)
{
    struct service *s = *state;
    char code[OTP_DIGITS_MAX + 1];
    struct standing before, after;
    struct enrolled ada;

    service_enroll(s, "ada", &ada);
    service_restart_with(s, bound_above(s, 0));
    service_tidy(s, 0);
    peek_standing(s, "ada", &before);
    assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, 0, code)), ERR_UNAVAILABLE);
    EXPECT(ERR_UNAVAILABLE, guess(s, "ada", &ada));
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.unlock", {"username", "ada"}));
    EXPECT(ERR_UNAVAILABLE,
           ASK(s, "verification.verify", {"username", "nobody"}, {"code", "123456"}));
    EXPECT(ERR_OK, status(s, "ada"));
    peek_standing(s, "ada", &after);
    assert_same_standing(&before, &after);
    service_tidy(s, look(s).last);
    assert_int_equal(service_verify(s, "ada", code), ERR_OK);
}

/* The bound is looked at about once a second: what came before is written. */
static void below_the_bound_nothing_is_refused(void **state)
{
    struct service *s = *state;

    service_restart_with(s, bound_above(s, 2));
    service_tidy(s, 0);
    write_events(s, 1);
    service_tidy(s, 0);
    write_events(s, 1);
    service_tidy(s, 0);
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.unlock", {"username", "ada"}));
}

static void best_effort_drops_the_oldest_and_tells(void **state)
{
    struct service *s = *state;
    struct audit_limits limits;
    unsigned of_default = 0, of_acme = 0;
    struct trail *t;

    s->org = "acme";
    set_policy(s, "digits", 8);
    s->org = NULL;
    write_events(s, 98);
    limits = bound_above(s, 0); /* 101 */
    limits.best_effort = true;
    service_restart_with(s, limits);
    service_tidy(s, 0);
    write_events(s, 1); /* nothing is refused */
    t = trail_read(s);
    for (size_t i = 0; i < t->n; i++) {
        const Twofold__V1__AuditEvent *e = t->events[i];

        if (strcmp(e->type, "audit.dropped") != 0)
            continue;
        assert_non_null(e->span);
        assert_true(e->span->first_unix_ms > 0 && e->span->first_unix_ms <= e->span->last_unix_ms);
        *(strcmp(e->org, "acme") == 0 ? &of_acme : &of_default) += (unsigned)e->span->count;
    }
    assert_int_equal(of_acme, 1);
    assert_int_equal(of_default, 9);
    assert_int_equal(look(s).marks.dropped, 10);
    assert_int_equal(look(s).first, 11);
    trail_free(t);
    service_restart(s);
    assert_int_equal(look(s).marks.dropped, 10);
}

/* However many organizations there are, each is told what it has lost. */
static void what_is_dropped_is_told_to_each_organization(void **state)
{
    struct service *s = *state;
    unsigned told = 0, orgs = 0;
    struct audit_limits limits;
    char org[ORG_MAX + 1];
    struct trail *t;

    for (unsigned i = 0; i < 40; i++) {
        snprintf(org, sizeof org, "org-%u", i);
        s->org = org;
        set_policy(s, "digits", 8);
    }
    s->org = NULL;
    write_events(s, 360);
    limits = bound_above(s, 0); /* 402: 41 of them are dropped */
    limits.best_effort = true;
    service_restart_with(s, limits);
    for (int i = 0; i < 3; i++)
        service_tidy(s, 0);
    t = trail_read(s);
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->events[i]->type, "audit.dropped") == 0) {
            told += (unsigned)t->events[i]->span->count;
            orgs += strcmp(t->events[i]->org, "default") != 0;
            if (strcmp(t->events[i]->org, "default") != 0)
                assert_int_equal(t->events[i]->span->count, 1);
        }
    assert_int_equal(told, look(s).marks.dropped);
    assert_int_equal(orgs, 40);
    trail_free(t);
}

/* Half of the database: then the tail gives way, and after it what is not sent. */
static void bytes_are_a_bound_too(void **state)
{
    struct service *s = *state;
    struct audit_limits limits = an_hour;

    limits.bytes_max = 64 * 1024;
    limits.tail_bytes = 32 * 1024;
    service_restart_with(s, limits);
    write_events(s, 450);
    service_tidy(s, 0);
    EXPECT(ERR_UNAVAILABLE, ASK(s, "admin.unlock", {"username", "ada"}));
    for (int i = 0; i < 10; i++)
        service_tidy(s, look(s).last);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(sent_events_stay_for_their_time, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_was_not_sent_stays_for_ever, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_under_no_checkpoint_stays, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_tail_takes_no_more_than_its_bytes, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_report_never_goes_back, set_up, tear_down),
    cmocka_unit_test_setup_teardown(at_the_bound_changes_are_refused_and_nothing_counts, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(below_the_bound_nothing_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(best_effort_drops_the_oldest_and_tells, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_dropped_is_told_to_each_organization, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(bytes_are_a_bound_too, set_up, tear_down),
};

RUN(tests)
