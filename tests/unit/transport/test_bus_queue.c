#include "transport/bus_queue.h"

#include "support/runner.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { ROOM = 4, BYTES = 100, FOR_EVER_MS = 60 * 1000 };

/* Messages are never looked into: numbers will do. */
static struct bus_message *message(uintptr_t number)
{
    return (struct bus_message *)number;
}

static void what_waits_is_taken_at_once_and_in_order(void **state)
{
    struct bus_queue *q = bus_queue_new(ROOM, BYTES);
    struct bus_message *got[8];

    (void)state;
    for (uintptr_t round = 0; round < 3; round++) {
        for (uintptr_t i = 1; i <= 3; i++)
            assert_true(bus_queue_put(q, message(i), 1));
        assert_int_equal(bus_queue_take(q, FOR_EVER_MS, got, 2), 2);
        assert_ptr_equal(got[0], message(1));
        assert_ptr_equal(got[1], message(2));
        assert_int_equal(bus_queue_take(q, FOR_EVER_MS, got, 8), 1);
        assert_ptr_equal(got[0], message(3));
    }
    bus_queue_free(q);
}

static void it_is_full_by_number_and_by_bytes(void **state)
{
    struct bus_queue *q = bus_queue_new(ROOM, BYTES);
    struct bus_message *got[8];

    (void)state;
    for (uintptr_t i = 0; i < ROOM; i++)
        assert_true(bus_queue_put(q, message(i + 1), 0));
    assert_false(bus_queue_put(q, message(9), 0));
    assert_int_equal(bus_queue_take(q, 0, got, 8), ROOM);

    assert_true(bus_queue_put(q, message(1), BYTES - 1));
    assert_true(bus_queue_put(q, message(2), 1));
    assert_false(bus_queue_put(q, message(3), 1));
    assert_int_equal(bus_queue_take(q, 0, got, 8), 2);

    assert_true(bus_queue_put(q, message(1), 10 * BYTES));
    assert_false(bus_queue_put(q, message(2), 1));
    assert_int_equal(bus_queue_take(q, 0, got, 8), 1);
    bus_queue_free(q);
}

static void an_empty_queue_gives_up_after_its_time(void **state)
{
    struct bus_queue *q = bus_queue_new(ROOM, BYTES);
    struct bus_message *got[1];

    (void)state;
    assert_int_equal(bus_queue_take(q, 0, got, 1), 0);
    assert_int_equal(bus_queue_take(q, 20, got, 1), 0);
    bus_queue_free(q);
}

static void *wake_later(void *q)
{
    usleep(50 * 1000);
    bus_queue_wake(q);
    return NULL;
}

static void a_wake_ends_the_wait_now_or_later(void **state)
{
    struct bus_queue *q = bus_queue_new(ROOM, BYTES);
    struct bus_message *got[1];
    pthread_t other;

    (void)state;
    pthread_create(&other, NULL, wake_later, q);
    assert_int_equal(bus_queue_take(q, FOR_EVER_MS, got, 1), 0);
    pthread_join(other, NULL);
    bus_queue_wake(q);
    assert_int_equal(bus_queue_take(q, FOR_EVER_MS, got, 1), 0);
    bus_queue_free(q);
}

enum { PUTTERS = 4, PER_PUTTER = 5000 };

static void *put_many(void *q)
{
    for (uintptr_t i = 1; i <= PER_PUTTER;)
        i += bus_queue_put(q, message(i), 1);
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    struct bus_queue *q = bus_queue_new(64, 64);
    struct bus_message *got[16];
    pthread_t putters[PUTTERS];
    uintptr_t sum = 0;
    size_t taken = 0;

    (void)state;
    for (int i = 0; i < PUTTERS; i++)
        pthread_create(&putters[i], NULL, put_many, q);
    while (taken < (size_t)PUTTERS * PER_PUTTER) {
        size_t n = bus_queue_take(q, FOR_EVER_MS, got, 16);

        for (size_t i = 0; i < n; i++)
            sum += (uintptr_t)got[i];
        taken += n;
    }
    for (int i = 0; i < PUTTERS; i++)
        pthread_join(putters[i], NULL);
    assert_int_equal(sum, (uintptr_t)PUTTERS * PER_PUTTER * (PER_PUTTER + 1) / 2);
    assert_int_equal(bus_queue_take(q, 0, got, 16), 0);
    bus_queue_free(q);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_waits_is_taken_at_once_and_in_order),
    cmocka_unit_test(it_is_full_by_number_and_by_bytes),
    cmocka_unit_test(an_empty_queue_gives_up_after_its_time),
    cmocka_unit_test(a_wake_ends_the_wait_now_or_later),
    cmocka_unit_test(nothing_is_lost_between_threads),
};

RUN(tests)
