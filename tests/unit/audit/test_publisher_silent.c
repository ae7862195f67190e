/* Events that ask for no acknowledgement: what is concluded from that of a later one. */
#include "trail_fixture.h"

/* Somebody, `twofoldd audit resend` perhaps, puts event number N into the stream. */
static void put_by_hand(const struct stand *s, int n)
{
    natsMsg *m = NULL;
    char id[16];

    snprintf(id, sizeof id, "e-%d", n);
    assert_int_equal(
        natsMsg_Create(&m, "twofold.audit.v1.acme.login.succeeded", NULL, id, (int)strlen(id)),
        NATS_OK);
    assert_int_equal(natsMsgHeader_Set(m, "Nats-Msg-Id", id), NATS_OK);
    assert_int_equal(natsMsgHeader_Set(m, "ce-id", id), NATS_OK);
    assert_int_equal(js_PublishMsg(NULL, s->trail.js, m, NULL, NULL), NATS_OK);
    natsMsg_Destroy(m);
}

/* How many messages of the stream are event number N. */
static int times_kept(const struct stand *s, int n)
{
    char id[32], wanted[16];
    int times = 0;

    snprintf(wanted, sizeof wanted, "e-%d", n);
    for (uint64_t i = 1; i <= trail_kept(&s->trail); i++) {
        trail_id(&s->trail, i, id);
        times += strcmp(id, wanted) == 0;
    }
    return times;
}

static void stand_open_unlooked(struct stand *s)
{
    stand_open(s);
    s->f.look_again_ms = 60 * 1000; /* a look would begin a new run */
}

/* Event 3 is in the stream before 2 goes out, and so 2 is refused: it follows 1 no more. It asked
 * for no answer; the answer to 3, "here already", says nothing of it. */
static void a_duplicate_does_not_speak_for_those_before_it(void **state)
{
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open_unlooked(&s);
    p = start(&s.f);
    append(&s.f, 1);
    wait_sent(p, 1);
    put_by_hand(&s, 3);
    append_together(&s.f, 2);
    publisher_nudge(p);
    wait_sent(p, 3);
    for (int n = 1; n <= 3; n++)
        assert_int_equal(times_kept(&s, n), 1);
    publisher_stop(p, LONG_MS);
    stand_close(&s);
}

/* One that is refused takes all behind it along, those that ask and those that do not. */
static void none_is_taken_behind_one_that_was_refused(void **state)
{
    enum { EVENTS = 200 };
    struct stand s;
    struct publisher *p;

    (void)state;
    stand_open_unlooked(&s);
    p = start(&s.f);
    append(&s.f, 1);
    wait_sent(p, 1);
    put_by_hand(&s, 1000);
    append_together(&s.f, EVENTS);
    publisher_nudge(p);
    wait_sent(p, EVENTS + 1);
    trail_wait(&s.trail, EVENTS + 2);
    for (int n = 2; n <= EVENTS + 1; n++) {
        char id[32], expected[16];

        trail_id(&s.trail, (uint64_t)n + 1, id);
        snprintf(expected, sizeof expected, "e-%d", n);
        assert_string_equal(id, expected);
    }
    publisher_stop(p, LONG_MS);
    stand_close(&s);
}

/* The one that should have asked for an answer can never be sent. */
static void a_run_that_ends_in_one_that_cannot_go_is_settled(void **state)
{
    static const uint8_t garbage[] = {0x0a, 0x7f, 0x01};
    struct store_txn *t = NULL;
    struct publisher *p;
    struct stand s;
    char none[] = "";

    (void)state;
    stand_open_unlooked(&s);
    p = start(&s.f);
    append(&s.f, 1);
    wait_sent(p, 1);
    assert_int_equal(s.f.store->ops->begin(s.f.store, &t), ERR_OK);
    append_for_in(&s.f, t, none);
    append_for_in(&s.f, t, none);
    append_bytes_in(&s.f, t, (struct bytes){.p = garbage, .n = sizeof garbage});
    assert_int_equal(s.f.store->ops->commit(t), ERR_OK);
    publisher_nudge(p);
    wait_sent(p, 4);
    trail_expect(&s.trail, 1, 3);
    publisher_stop(p, LONG_MS);
    stand_close(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_duplicate_does_not_speak_for_those_before_it),
    cmocka_unit_test(none_is_taken_behind_one_that_was_refused),
    cmocka_unit_test(a_run_that_ends_in_one_that_cannot_go_is_settled),
};

RUN(tests)
