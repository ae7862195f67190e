#include "publisher_fixture.h"

static void events_go_out_in_order_and_count_as_sent(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;

    (void)state;
    fixture_open(&f, NULL);
    nc = observe(f.url, &sub);
    append(&f, 1100); /* more than two batches */
    p = start(&f);
    for (int i = 1; i <= 1100; i++)
        expect_event(sub, i);
    wait_sent(p, 1100);
    assert_true(f.progress >= 1);
    publisher_stop(p, LONG_MS);
    expect_silence(sub, 50);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void new_events_are_found_with_and_without_a_nudge(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;

    (void)state;
    fixture_open(&f, NULL);
    nc = observe(f.url, &sub);
    p = start(&f);
    assert_int_equal(publisher_progress(p).position, 0);
    append(&f, 2);
    expect_event(sub, 1);
    expect_event(sub, 2);
    append(&f, 1);
    publisher_nudge(p);
    expect_event(sub, 3);
    wait_sent(p, 3);
    publisher_stop(p, LONG_MS);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void stopping_sends_what_is_left(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;

    (void)state;
    fixture_open(&f, NULL);
    nc = observe(f.url, &sub);
    append(&f, 1000);
    publisher_stop(start(&f), LONG_MS);
    for (int i = 1; i <= 1000; i++)
        expect_event(sub, i);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void an_unreadable_event_holds_nobody_up(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;

    (void)state;
    fixture_open(&f, NULL);
    nc = observe(f.url, &sub);
    append(&f, 1);
    append_bytes(&f, bytes_of_text("this is no event"));
    append(&f, 1);
    p = start(&f);
    expect_event(sub, 1);
    expect_event(sub, 2);
    wait_sent(p, 3);
    publisher_stop(p, LONG_MS);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

/* The lock belongs to the open file, so two publishers of one process are two for it. */
static void of_two_publishers_one_publishes_until_it_ends(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *first, *second;

    (void)state;
    fixture_open(&f, NULL);
    nc = observe(f.url, &sub);
    append(&f, 1);
    first = start(&f);
    wait_sent(first, 1);
    second = start(&f);
    append(&f, 299);
    for (int i = 1; i <= 300; i++)
        expect_event(sub, i);
    wait_sent(first, 300);
    expect_silence(sub, 1200); /* the second has tried twice */
    assert_int_equal(publisher_progress(second).position, 0);
    mark(&f, first); /* what it has sent stays, and is not sent again */
    publisher_stop(first, LONG_MS);
    append(&f, 1);
    expect_event(sub, 301);
    wait_sent(second, 301);
    publisher_stop(second, LONG_MS);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static void mistakes_are_named_at_the_start(void **state)
{
    struct publisher_fixture f;
    struct publisher *p = NULL;
    struct diag diag = {0};

    (void)state;
    fixture_open(&f, "authorization { users = [{user: audit, password: right}] }\n");
    assert_int_equal(try_start(&f, &p, &diag), ERR_VALIDATION);
    assert_non_null(strstr(diag.text, "refuses the login"));
    snprintf(f.lock_file, sizeof f.lock_file, "%s/missing/lock", f.server.folder);
    assert_int_equal(try_start(&f, &p, &diag), ERR_VALIDATION);
    assert_non_null(strstr(diag.text, "missing/lock"));
    assert_null(p);
    publisher_stop(NULL, 0);
    fixture_close(&f);
}

static void an_event_larger_than_the_bus_takes_is_left_out(void **state)
{
    struct publisher_fixture f;
    natsSubscription *sub = NULL;
    natsConnection *nc;
    struct publisher *p;
    char large[2048];

    (void)state;
    fixture_open(&f, "max_payload: 2048\n");
    nc = observe(f.url, &sub);
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    append(&f, 1);
    append_for(&f, large);
    append(&f, 1);
    p = start(&f);
    expect_event(sub, 1);
    expect_event(sub, 3);
    wait_sent(p, 3);
    publisher_stop(p, LONG_MS);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_go_out_in_order_and_count_as_sent),
    cmocka_unit_test(new_events_are_found_with_and_without_a_nudge),
    cmocka_unit_test(stopping_sends_what_is_left),
    cmocka_unit_test(an_unreadable_event_holds_nobody_up),
    cmocka_unit_test(an_event_larger_than_the_bus_takes_is_left_out),
    cmocka_unit_test(of_two_publishers_one_publishes_until_it_ends),
    cmocka_unit_test(mistakes_are_named_at_the_start),
};

RUN(tests)
