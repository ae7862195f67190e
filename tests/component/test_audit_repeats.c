/* Failures past the limit of a user and minute are counted, and told in one event after it. */
#include "support/runner.h"
#include "support/trail.h"

#include <stdlib.h>

enum { LIMIT = 5 };

static int set_up_repeats(void **state)
{
    int failed = set_up(state);

    if (!failed)
        service_restart_with(*state, (struct audit_limits){.failures = LIMIT,
                                                           .tail_ms = 3600 * 1000,
                                                           .tail_bytes = UINT64_MAX});
    return failed;
}

/* To the beginning of the next minute. */
static void next_minute(struct service *s)
{
    s->now_ms += 60000 - s->now_ms % 60000;
}

struct told_failures {
    unsigned alone, together; /* events, and what the others stand for */
};

static struct told_failures count(struct service *s, const char *username, const char *type)
{
    struct told_failures n = {0};
    struct trail *t = trail_read(s);

    for (size_t i = 0; i < t->n; i++) {
        const Twofold__V1__AuditEvent *e = t->events[i];

        if (strcmp(e->username, username) != 0 || strcmp(e->type, type) != 0)
            continue;
        if (e->span)
            n.together += (unsigned)e->span->count;
        else
            n.alone++;
    }
    trail_free(t);
    return n;
}

static void the_rest_of_a_minute_is_one_event(void **state)
{
    struct service *s = *state;
    const Twofold__V1__AuditEvent *last;
    struct enrolled ada;
    struct trail *t;
    int64_t from_ms;

    service_enroll(s, "ada", &ada);
    next_minute(s);
    for (int i = 0; i < 6; i++) /* five tries and one more: then comes a wait */
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &ada));
    from_ms = s->now_ms;
    for (int i = 0; i < 20; i++) {
        EXPECT(ERR_LOCKED, guess(s, "ada", &ada));
        service_advance(s, 1);
    }
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").alone, LIMIT + 1);
    assert_int_equal(count(s, "ada", "verification.failed").together, 0);
    assert_int_equal(count(s, "ada", "account.locked").alone, 1); /* a change is always told */
    next_minute(s);
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").alone, LIMIT + 1);
    assert_int_equal(count(s, "ada", "verification.failed").together, 1 + 19);
    t = trail_read(s);
    last = t->events[t->n - 1];
    assert_int_equal(last->outcome, TWOFOLD__V1__AUDIT_EVENT__OUTCOME__DENIED);
    assert_int_equal(last->reason, REASON(LOCKED));
    assert_int_equal(last->span->count, 19);
    assert_int_equal(last->span->first_unix_ms, from_ms + 1000);
    assert_int_equal(last->span->last_unix_ms, from_ms + 19000);
    trail_free(t);
    service_advance(s, 60);
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").together, 20); /* told once */
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    t = trail_read(s);
    assert_true(trail_follow(t, "default", "ada") > 0);
    trail_free(t);
}

static void a_new_minute_starts_anew(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (int minute = 0; minute < 3; minute++) {
        next_minute(s);
        for (int i = 0; i < LIMIT + 2; i++)
            EXPECT(ERR_NOT_ENROLLED,
                   ASK(s, "verification.verify", {"username", "ada"}, {"code", "123456"}));
    }
    next_minute(s);
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").alone, 3 * LIMIT);
    assert_int_equal(count(s, "ada", "verification.failed").together, 3 * 2);
}

/* What is told of the last minute is not one failure more of this one. */
static void a_flood_that_goes_on_is_told_of_all_the_same(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    for (int minute = 0; minute < 2; minute++) {
        next_minute(s);
        for (int i = 0; i < LIMIT + 4; i++)
            EXPECT(ERR_NOT_ENROLLED,
                   ASK(s, "verification.verify", {"username", "ada"}, {"code", "123456"}));
    }
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").together, 4);
}

/* Alike, or the time that it takes would tell them from others. */
static void names_that_nobody_has_are_counted_alike(void **state)
{
    struct service *s = *state;

    next_minute(s);
    for (int i = 0; i < 30; i++)
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", "nobody"}, {"code", "123456"}));
    next_minute(s);
    service_tidy(s, 0);
    assert_int_equal(count(s, "nobody", "verification.failed").alone, LIMIT);
    assert_int_equal(count(s, "nobody", "verification.failed").together, 30 - LIMIT);
}

/* What matters must not drown in what does not. */
static void the_first_of_a_kind_is_always_told(void **state)
{
    struct service *s = *state;
    struct enrolled ada;

    service_enroll(s, "ada", &ada);
    assert_int_equal(service_verify_recovery(s, "ada", ada.codes[0]), ERR_OK);
    next_minute(s);
    for (int i = 0; i < 40; i++)
        (void)guess(s, "ada", &ada);
    EXPECT(ERR_CODE_REJECTED,
           ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", ada.codes[0]}));
    service_last_event(s, "verification.failed", REASON(USED_RECOVERY_CODE));
    EXPECT(ERR_CODE_REJECTED,
           ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", ada.codes[0]}));
    next_minute(s);
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").alone, LIMIT + 2);
    assert_int_equal(count(s, "ada", "verification.failed").together, 40 + 2 - LIMIT - 2);
}

static void users_do_not_share_a_limit(void **state)
{
    struct service *s = *state;
    char name[8];

    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "u%d", i);
        service_put_user(s, name, PASSWORD);
    }
    next_minute(s);
    for (int i = 0; i < 3 * LIMIT; i++) {
        snprintf(name, sizeof name, "u%d", i % 3);
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", name}, {"code", "123456"}));
    }
    next_minute(s);
    service_tidy(s, 0);
    assert_int_equal(count(s, "u0", "verification.failed").alone, LIMIT);
    assert_int_equal(count(s, "u2", "verification.failed").together, 0);
}

static void success_is_always_told(void **state)
{
    struct service *s = *state;
    struct enrolled ada;

    service_enroll(s, "ada", &ada);
    next_minute(s);
    for (int i = 0; i < 2; i++)
        EXPECT(ERR_CODE_REJECTED, guess(s, "ada", &ada));
    for (int i = 0; i < 8; i++) {
        assert_int_equal(service_verify_recovery(s, "ada", ada.codes[i]), ERR_OK);
        EXPECT(ERR_CODE_REJECTED,
               ASK(s, "verification.verify", {"username", "ada"}, {"recovery_code", ada.codes[i]}));
    }
    assert_int_equal(count(s, "ada", "verification.succeeded").alone, 8);
    assert_int_equal(count(s, "ada", "verification.failed").alone, LIMIT);
}

static void a_restart_forgets_no_count(void **state)
{
    struct service *s = *state;

    service_put_user(s, "ada", PASSWORD);
    next_minute(s);
    for (int i = 0; i < 12; i++) {
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", "ada"}, {"code", "123456"}));
        if (i % 4 == 0)
            service_restart(s);
    }
    next_minute(s);
    service_restart(s);
    service_tidy(s, 0);
    assert_int_equal(count(s, "ada", "verification.failed").alone, LIMIT);
    assert_int_equal(count(s, "ada", "verification.failed").together, 12 - LIMIT);
}

/* Who was deleted meanwhile has no chain any more. */
static void a_user_who_went_is_told_of_as_nobody(void **state)
{
    struct service *s = *state;
    struct trail *t;

    service_put_user(s, "ada", PASSWORD);
    next_minute(s);
    for (int i = 0; i < LIMIT + 1; i++)
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", "ada"}, {"code", "123456"}));
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    next_minute(s);
    service_tidy(s, 0);
    t = trail_read(s);
    assert_int_equal(t->events[t->n - 1]->span->count, 1);
    assert_int_equal(t->events[t->n - 1]->sequence, 0);
    trail_free(t);
}

static void without_a_limit_every_failure_is_an_event(void **state)
{
    struct service *s = *state;

    service_restart_with(s, (struct audit_limits){.tail_ms = 3600 * 1000});
    next_minute(s);
    for (int i = 0; i < 40; i++)
        EXPECT(ERR_NOT_ENROLLED,
               ASK(s, "verification.verify", {"username", "nobody"}, {"code", "123456"}));
    assert_int_equal(count(s, "nobody", "verification.failed").alone, 40);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_rest_of_a_minute_is_one_event, set_up_repeats, tear_down),
    cmocka_unit_test_setup_teardown(a_new_minute_starts_anew, set_up_repeats, tear_down),
    cmocka_unit_test_setup_teardown(a_flood_that_goes_on_is_told_of_all_the_same, set_up_repeats,
                                    tear_down),
    cmocka_unit_test_setup_teardown(names_that_nobody_has_are_counted_alike, set_up_repeats,
                                    tear_down),
    cmocka_unit_test_setup_teardown(the_first_of_a_kind_is_always_told, set_up_repeats, tear_down),
    cmocka_unit_test_setup_teardown(users_do_not_share_a_limit, set_up_repeats, tear_down),
    cmocka_unit_test_setup_teardown(success_is_always_told, set_up_repeats, tear_down),
    cmocka_unit_test_setup_teardown(a_restart_forgets_no_count, set_up_repeats, tear_down),
    cmocka_unit_test_setup_teardown(a_user_who_went_is_told_of_as_nobody, set_up_repeats,
                                    tear_down),
    cmocka_unit_test_setup_teardown(without_a_limit_every_failure_is_an_event, set_up_repeats,
                                    tear_down),
};

RUN(tests)
