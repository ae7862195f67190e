/* Nothing is missed and nothing comes twice: after a crash of the reader, of the server, and when
 * the reader is slow. What cannot be continued says so. */
#include "support/runner.h"
#include "unit/client/trail_bench.h"

#include <string.h>
#include <time.h>

static void a_reader_goes_on_behind_what_it_acknowledged(void **state)
{
    struct bench *b = *state;
    struct twofold_trail_options options = {.durable = "archive"};
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 5);
    trail = open_trail(b, options);
    assert_next(b, trail, 1);
    assert_next(b, trail, 2);
    assert_int_equal(twofold_trail_ack(trail, &b->error), TWOFOLD_OK);
    assert_next(b, trail, 3);
    twofold_trail_close(trail);

    stream_write(b->stream, "acme", "login.failed", 3);
    trail = open_trail(b, options);
    assert_in_range(twofold_trail_size(trail), 6, 7); /* nats-server 2.9 counts one more at times */
    for (unsigned i = 3; i <= 8; i++)
        assert_next(b, trail, i);
    assert_no_more(b, trail);
    assert_int_equal(twofold_trail_ack(trail, &b->error), TWOFOLD_OK);
    assert_int_equal(twofold_trail_ack(trail, &b->error), TWOFOLD_OK);
    twofold_trail_close(trail);
    trail = open_trail(b, options);
    assert_in_range(twofold_trail_size(trail), 0, 1);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
}

/* Several runs that end without a word, and new events all the while: what is given out and not
 * acknowledged comes again late, and must not be overtaken. */
static void new_messages_do_not_overtake_old_ones(void **state)
{
    struct bench *b = *state;
    struct twofold_trail_options options = {.durable = "archive"};
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 600);
    for (unsigned run = 0; run < 3; run++) {
        trail = open_trail(b, options);
        for (unsigned i = 1; i <= 100 * run + 10; i++)
            assert_next(b, trail, i);
        twofold_trail_close(trail);
        stream_write(b->stream, "acme", "login.failed", 10);
    }
    trail = open_trail(b, options);
    for (unsigned i = 1; i <= 630; i++)
        assert_next(b, trail, i);
    assert_no_more(b, trail);
    twofold_trail_close(trail);
}

/* The server gives again what is not acknowledged in time, while the reader is still at work. */
static void a_slow_reader_sees_nothing_twice(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 600);
    trail = open_trail(b, (struct twofold_trail_options){.durable = "archive"});
    for (unsigned i = 1; i <= 600; i++) {
        assert_next(b, trail, i);
        if (i == 10 || i == 256)
            nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 500 * 1000000}, NULL);
    }
    assert_no_more(b, trail);
    twofold_trail_close(trail);
}

/* Reads N events while the server is killed and started every now and then. */
static void read_through_restarts(struct bench *b, struct twofold_trail *trail, unsigned n)
{
    struct twofold_trail_message m;

    for (unsigned i = 1; i <= n; i++) {
        enum twofold_status status = TWOFOLD_DISCONNECTED;

        if (i % 150 == 0) {
            nats_server_kill9(&b->server);
            nats_server_restart(&b->server, NULL);
        }
        for (int tries = 0;
             tries < 100 && (status == TWOFOLD_DISCONNECTED || status == TWOFOLD_TIMEOUT); tries++)
            status = twofold_trail_next(trail, 1000, &m, &b->error);
        if (status != TWOFOLD_OK)
            fail_msg("message %u: %s", i, b->error.message);
        assert_int_equal(m.stream_sequence, i);
        if (i % 70 == 0 && twofold_trail_ack(trail, &b->error) != TWOFOLD_OK)
            print_message("not acknowledged at %u: %s\n", i, b->error.message);
    }
    assert_no_more(b, trail);
}

static void restarts_of_the_server_lose_and_double_nothing(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 1000);
    trail = open_trail(b, (struct twofold_trail_options){0});
    read_through_restarts(b, trail, 1000);
    twofold_trail_close(trail);
}

static void restarts_lose_and_double_nothing_for_a_durable_reader(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 1000);
    trail = open_trail(b, (struct twofold_trail_options){.durable = "archive"});
    read_through_restarts(b, trail, 1000);
    twofold_trail_close(trail);
}

static void a_reader_that_the_server_forgot_is_made_again(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail;

    stream_write(b->stream, "acme", "login.failed", 3);
    trail = open_trail(b, (struct twofold_trail_options){.only_new = true});
    nats_server_kill9(&b->server); /* it kept the reader in memory */
    nats_server_restart(&b->server, NULL);
    stream_write(b->stream, "acme", "login.failed", 2);
    assert_next(b, trail, 4);
    assert_next(b, trail, 5);
    twofold_trail_close(trail);
}

static void a_deleted_stream_ends_the_trail(void **state)
{
    struct bench *b = *state;
    struct twofold_trail *trail, *durable;
    struct twofold_trail_message m;

    stream_write(b->stream, "acme", "login.failed", 9);
    trail = open_trail(b, (struct twofold_trail_options){0});
    durable = open_trail(b, (struct twofold_trail_options){.durable = "archive"});
    assert_next(b, trail, 1);
    for (unsigned i = 1; i <= 9; i++)
        assert_next(b, durable, i);
    for (unsigned i = 2; i <= 9; i++)
        assert_next(b, trail, i);
    stream_api(b->stream, "STREAM.DELETE.TWOFOLD_AUDIT", "");
    assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "there is no stream TWOFOLD_AUDIT"));
    assert_int_equal(twofold_trail_next(durable, WAIT_MS, &m, &b->error), TWOFOLD_REFUSED);
    stream_free(b->stream);
    b->stream = stream_make(b->server.url);
    stream_write(b->stream, "acme", "login.failed", 3);
    assert_int_equal(twofold_trail_next(trail, WAIT_MS, &m, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "made anew"));
    assert_int_equal(twofold_trail_next(durable, WAIT_MS, &m, &b->error), TWOFOLD_REFUSED);
    assert_non_null(strstr(b->error.message, "deleted"));
    twofold_trail_close(trail);
    twofold_trail_close(durable);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_reader_goes_on_behind_what_it_acknowledged, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(new_messages_do_not_overtake_old_ones, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(a_slow_reader_sees_nothing_twice, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(restarts_of_the_server_lose_and_double_nothing, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(restarts_lose_and_double_nothing_for_a_durable_reader,
                                    bench_set_up, bench_tear_down),
    cmocka_unit_test_setup_teardown(a_reader_that_the_server_forgot_is_made_again, bench_set_up,
                                    bench_tear_down),
    cmocka_unit_test_setup_teardown(a_deleted_stream_ends_the_trail, bench_set_up, bench_tear_down),
};

RUN(tests)
