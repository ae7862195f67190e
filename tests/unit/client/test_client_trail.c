/* Reading the stream that keeps the trail, from a real server. */
#include "support/runner.h"
#include "unit/client/trail_bench.h"

#include <string.h>
#include <time.h>

static void a_trail_is_read_from_its_beginning_to_its_end(void **state)
{
    enum { N = 700 }; /* more than are asked for at a time */
    struct bench *b = *state;
    struct twofold_trail *trail;
    struct twofold_trail_message m;
    struct timespec before, after;

    stream_write(b->stream, "acme", "login.failed", N);
    clock_gettime(CLOCK_MONOTONIC, &before);
    trail = open_trail(b, (struct twofold_trail_options){0});
    assert_in_range(twofold_trail_size(trail), N, N + 1);
    for (unsigned i = 1; i <= N; i++) {
        assert_int_equal(twofold_trail_next(trail, 0, &m, &b->error), TWOFOLD_OK);
        assert_int_equal(m.stream_sequence, i);
        assert_int_equal(m.left, N - i);
        assert_true(m.stored_unix_ms > 1600000000000);
        assert_string_equal(m.subject, "twofold.audit.v1.acme.login.failed");
        assert_int_equal(m.event->time_unix_ms, 1795321310042 + i);
        assert_int_equal(twofold__v1__audit_event__get_packed_size(m.event), m.n);
    }
    assert_no_more(b, trail);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 10); /* no request was waited out */
    stream_write(b->stream, "acme", "login.failed", 1);
    assert_next(b, trail, N + 1);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
}

static void options_narrow_a_trail(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 1);
    stream_write(b->stream, "globex", "login.failed", 1);
    stream_write(b->stream, "acme", "policy.changed", 1);
    trail = open_trail(b, (struct twofold_trail_options){0});
    assert_next(b, trail, 1);
    assert_next(b, trail, 3);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
    trail = open_trail(b, (struct twofold_trail_options){.type = "policy"});
    assert_next(b, trail, 3);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
    trail = open_trail(b, (struct twofold_trail_options){.type = "login", .all_orgs = true});
    assert_next(b, trail, 1);
    assert_next(b, trail, 2);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
    trail = open_trail(b, (struct twofold_trail_options){.all_orgs = true, .from_sequence = 2});
    assert_next(b, trail, 2);
    assert_next(b, trail, 3);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
}

static void a_trail_begins_at_a_time_or_now(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;
    struct twofold_trail_message m;
    int64_t second_ms;

    stream_write(b->stream, "acme", "login.failed", 3);
    trail = open_trail(b, (struct twofold_trail_options){.from_sequence = 2});
    assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_OK);
    second_ms = m.stored_unix_ms;
    twofold_trail_close(trail);
    /* Times of the API end in milliseconds; the three may lie in one. */
    trail = open_trail(b, (struct twofold_trail_options){.since_unix_ms = second_ms});
    assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_OK);
    assert_true(m.stored_unix_ms >= second_ms);
    twofold_trail_close(trail);
    trail = open_trail(b, (struct twofold_trail_options){.since_unix_ms = second_ms + 3600000});
    assert_no_more(b, trail);
    twofold_trail_close(trail);
    trail = open_trail(b, (struct twofold_trail_options){.only_new = true});
    assert_no_more(b, trail);
    stream_write(b->stream, "acme", "login.failed", 1);
    assert_next(b, trail, 4);
    twofold_trail_close(trail);
}

static void what_is_no_event_is_told_and_passed(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;
    struct twofold_trail_message m;

    stream_write_raw(b->stream, "twofold.audit.v1.acme.login.failed", "\xff\xff", 2);
    stream_write_raw(b->stream, "twofold.audit.v1.acme.x", "", 0);
    stream_write(b->stream, "acme", "login.failed", 1);
    trail = open_trail(b, (struct twofold_trail_options){.all_orgs = true});
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_OK);
        assert_null(m.event);
        assert_non_null(m.fault);
        assert_int_equal(m.stream_sequence, i);
    }
    assert_next(b, trail, 1);
    twofold_trail_close(trail);
}

static void malformed_options_are_refused(void **state)
{
    static const struct twofold_trail_options bad[] = {
        {.stream = ""},
        {.stream = "A.B"},
        {.stream = "A B"},
        {.js_domain = "x.y"},
        {.js_domain = ""},
        {.durable = "a b"},
        {.durable = "a.b"},
        {.durable = ""},
        {.durable = "a23456789b23456789c23456789d23456"},
        {.type = "Login"},
        {.type = "a.b.c"},
        {.type = "login.>"},
        {.since_unix_ms = -1},
        {.since_unix_ms = INT64_MAX / 1000},
        {.stream = "A\r\nB"}};
    struct bench *b = *state;
    struct twofold_trail *trail = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(twofold_trail_open(b->client, &bad[i], &trail, &b->error), TWOFOLD_USAGE);
    assert_null(trail);
}

static void what_is_not_there_is_named(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail = NULL;
    struct twofold_trail_options options = {.stream = "NONE"}, domain = {.js_domain = "none"};
    struct nats_server bare = nats_server_start(NULL);
    struct twofold_client *client = bench_connect(bare.url, "acme");

    assert_int_equal(twofold_trail_open(b->client, &options, &trail, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "there is no stream NONE"));
    options.durable = "archive";
    assert_int_equal(twofold_trail_open(b->client, &options, &trail, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "there is no stream NONE"));
    assert_int_equal(twofold_trail_open(b->client, &domain, &trail, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "$JS.none.API"));
    assert_int_equal(twofold_trail_open(client, NULL, &trail, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "JetStream"));
    assert_null(trail);
    twofold_client_close(client);
    nats_server_stop(&bare);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_trail_is_read_from_its_beginning_to_its_end, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(options_narrow_a_trail, bench_set_up, bench_tear_down),
    cmocka_unit_test_setup_teardown(a_trail_begins_at_a_time_or_now, bench_set_up, bench_tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_event_is_told_and_passed, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(malformed_options_are_refused, bench_set_up, bench_tear_down),
    cmocka_unit_test_setup_teardown(what_is_not_there_is_named, bench_set_up, bench_tear_down),
};

RUN(tests)
