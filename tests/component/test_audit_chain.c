/*
 * Section 4 of DESIGN: each event carries the SHA-256 of the user's previous one as published, and
 * its number, so that a gap or an edit shows.
 */
#include "support/runner.h"
#include "support/trail.h"

#include <inttypes.h>
#include <stdlib.h>

/* Some of everything, by two users whose events lie between each other's. */
static void live(struct service *s)
{
    struct enrolled ada, eve;
    char code[OTP_DIGITS_MAX + 1];

    service_enroll(s, "ada", &ada);
    service_enroll(s, "eve", &eve);
    for (int i = 0; i < 4; i++) {
        EXPECT(ERR_CODE_REJECTED, guess(s, "eve", &eve));
        assert_int_equal(service_verify(s, "ada", app_code(&ada.app, s, 0, code)), ERR_OK);
        assert_int_equal(service_verify(s, "ada", code), ERR_CODE_REJECTED);
        assert_int_equal(service_verify_recovery(s, "eve", eve.codes[i]), ERR_OK);
        service_advance(s, 60);
    }
}

static void every_chain_is_whole(void **state)
{
    struct service *s = *state;
    struct trail *t;
    struct user ada;

    live(s);
    t = trail_read(s);
    peek_user(s, "ada", &ada);
    assert_int_equal(trail_follow(t, "default", "ada"), ada.chain.sequence);
    assert_true(trail_follow(t, "default", "ada") > 10);
    assert_true(trail_follow(t, "default", "eve") > 10);
    assert_int_equal(trail_follow(t, "default", ""), 1);
    trail_free(t);
}

/* The reader of these tests can tell: otherwise the others would prove nothing. */
static void an_edit_and_a_gap_show(void **state)
{
    struct trail *t;
    uint8_t *byte;

    live(*state);
    t = trail_read(*state);
    byte = (uint8_t *)(uintptr_t)t->entries[8].event.p + t->entries[8].event.n - 1;
    *byte ^= 1;
    assert_true(trail_follow(t, "default", "ada") == 0 || trail_follow(t, "default", "eve") == 0);
    *byte ^= 1;
    assert_true(trail_follow(t, "default", "ada") > 0);
    for (size_t i = 0; i < t->n; i++)
        if (t->events[i]->sequence == 3)
            t->events[i]->username[0] = 'x';
    assert_int_equal(trail_follow(t, "default", "ada"), 0);
    trail_free(t);
}

static void a_restart_goes_on_with_the_chains(void **state)
{
    struct service *s = *state;
    struct trail *t;

    live(s);
    service_restart(s);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    service_restart(s);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    t = trail_read(s);
    assert_true(trail_follow(t, "default", "ada") > 12);
    assert_int_equal(trail_follow(t, "default", ""), 3); /* three starts */
    trail_free(t);
}

static void a_deletion_ends_the_chain_and_another_begins(void **state)
{
    struct service *s = *state;
    struct trail *t;
    size_t last;

    service_put_user(s, "ada", PASSWORD);
    EXPECT(ERR_OK, ASK(s, "admin.unlock", {"username", "ada"}));
    EXPECT(ERR_OK, ASK(s, "admin.delete_user", {"username", "ada"}));
    service_put_user(s, "ada", PASSWORD);
    t = trail_read(s);
    last = t->n - 1;
    assert_int_equal(trail_follow(t, "default", "ada"), 4);
    assert_string_equal(t->events[last - 1]->type, "user.deleted");
    assert_int_equal(t->events[last - 1]->sequence, 3);
    assert_int_equal(t->events[last]->sequence, 1);
    trail_free(t);
}

static void unknown_users_have_no_chain(void **state)
{
    struct service *s = *state;
    struct trail *t;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(service_verify(s, "nobody", "123456"), ERR_NOT_ENROLLED);
        EXPECT(ERR_WRONG_CREDENTIALS,
               ASK(s, "login.confirm_password", {"username", "nobody"}, {"password", PASSWORD}));
    }
    t = trail_read(s);
    assert_int_equal(t->n, 1 + 4);
    for (size_t i = 1; i < t->n; i++) {
        assert_int_equal(t->events[i]->sequence, 0);
        assert_int_equal(t->events[i]->previous_digest.len, 0);
    }
    trail_free(t);
}

static void organizations_have_chains_of_their_own(void **state)
{
    struct service *s = *state;
    struct trail *t;

    EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    s->org = "other";
    for (int i = 0; i < 3; i++)
        EXPECT(ERR_OK, ASK(s, "admin.put_policy", {NULL, NULL}));
    service_put_user(s, "ada", PASSWORD);
    s->org = NULL;
    service_put_user(s, "ada", PASSWORD);
    t = trail_read(s);
    assert_int_equal(trail_follow(t, "default", ""), 2);
    assert_int_equal(trail_follow(t, "other", ""), 3);
    assert_int_equal(trail_follow(t, "default", "ada"), 1);
    assert_int_equal(trail_follow(t, "other", "ada"), 1);
    trail_free(t);
}

/* UUIDv7: the version, the variant, the milliseconds of the clock; never one twice. */
static void ids_are_uuids_of_the_time_and_never_twice(void **state)
{
    struct service *s = *state;
    struct trail *t;
    char time_part[32];

    live(s);
    t = trail_read(s);
    for (size_t i = 0; i < t->n; i++) {
        const Twofold__V1__AuditEvent *e = t->events[i];

        assert_int_equal(strlen(e->id), 36);
        snprintf(time_part, sizeof time_part, "%08" PRIx64 "-%04" PRIx64 "-7",
                 (uint64_t)e->time_unix_ms >> 16, (uint64_t)e->time_unix_ms & 0xffff);
        assert_memory_equal(e->id, time_part, strlen(time_part));
        assert_non_null(strchr("89ab", e->id[19]));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(e->id, t->events[k]->id);
    }
    assert_int_equal(t->events[t->n - 1]->time_unix_ms, s->now_ms - 60000);
    trail_free(t);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_chain_is_whole, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_edit_and_a_gap_show, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_restart_goes_on_with_the_chains, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_deletion_ends_the_chain_and_another_begins, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(unknown_users_have_no_chain, set_up, tear_down),
    cmocka_unit_test_setup_teardown(organizations_have_chains_of_their_own, set_up, tear_down),
    cmocka_unit_test_setup_teardown(ids_are_uuids_of_the_time_and_never_twice, set_up, tear_down),
};
RUN(tests)
