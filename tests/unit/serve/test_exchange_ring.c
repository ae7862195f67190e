#include "exchange_ring.h"

#include "support/runner.h"

#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

enum { ROOM = 4, FOR_EVER_US = 60 * 1000 * 1000 };

/* They are never looked into: numbers will do. */
static struct exchange *number(uintptr_t n)
{
    return (struct exchange *)n;
}

static void put(struct exchange_ring *r, uintptr_t from, uintptr_t to)
{
    for (uintptr_t i = from; i <= to; i++) {
        struct exchange *x = number(i);

        exchange_ring_put(r, &x, 1);
    }
}

static void what_is_there_is_taken_at_once_and_in_order(void **state)
{
    struct exchange_ring *r = exchange_ring_new(ROOM);
    struct exchange *got[ROOM + 1];

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(exchange_ring_room(r), ROOM);
        put(r, 1, 3);
        assert_int_equal(exchange_ring_room(r), 1);
        assert_int_equal(exchange_ring_take(r, FOR_EVER_US, got, 2), 2);
        assert_ptr_equal(got[0], number(1));
        assert_ptr_equal(got[1], number(2));
        put(r, 4, 6);
        assert_int_equal(exchange_ring_room(r), 0);
        assert_int_equal(exchange_ring_take(r, FOR_EVER_US, got, ROOM + 1), ROOM);
        for (uintptr_t i = 0; i < ROOM; i++)
            assert_ptr_equal(got[i], number(3 + i));
    }
    exchange_ring_free(r);
}

static void an_empty_one_gives_up_after_its_time(void **state)
{
    struct exchange_ring *r = exchange_ring_new(ROOM);
    struct exchange *got[1];

    (void)state;
    assert_int_equal(exchange_ring_take(r, 0, got, 1), 0);
    assert_int_equal(exchange_ring_take(r, 20 * 1000, got, 1), 0);
    exchange_ring_free(r);
}

static void *wake_later(void *r)
{
    usleep(50 * 1000);
    exchange_ring_wake(r);
    return NULL;
}

static void a_wake_ends_the_wait_now_or_later(void **state)
{
    struct exchange_ring *r = exchange_ring_new(ROOM);
    struct exchange *got[1];
    pthread_t other;

    (void)state;
    pthread_create(&other, NULL, wake_later, r);
    assert_int_equal(exchange_ring_take(r, FOR_EVER_US, got, 1), 0);
    pthread_join(other, NULL);
    exchange_ring_wake(r);
    assert_int_equal(exchange_ring_take(r, FOR_EVER_US, got, 1), 0);
    exchange_ring_free(r);
}

enum { MANY = 200000, CHUNK = 7, WIDE = 64 };

static void *put_many(void *ctx)
{
    struct exchange_ring *r = ctx;
    struct exchange *list[CHUNK];

    for (uintptr_t i = 0; i < MANY;) {
        size_t room = exchange_ring_room(r), n = 0;

        for (; n < room && n < CHUNK && i < MANY; n++)
            list[n] = number(++i);
        exchange_ring_put(r, list, n);
    }
    return NULL;
}

static void nothing_is_lost_and_no_wake_is_missed_between_threads(void **state)
{
    struct exchange_ring *r = exchange_ring_new(WIDE);
    struct exchange *got[WIDE];
    uintptr_t next = 1;
    pthread_t other;

    (void)state;
    pthread_create(&other, NULL, put_many, r);
    while (next <= MANY) {
        size_t n = exchange_ring_take(r, FOR_EVER_US, got, WIDE);

        for (size_t i = 0; i < n; i++)
            assert_ptr_equal(got[i], number(next++));
    }
    pthread_join(other, NULL);
    exchange_ring_free(r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_there_is_taken_at_once_and_in_order),
    cmocka_unit_test(an_empty_one_gives_up_after_its_time),
    cmocka_unit_test(a_wake_ends_the_wait_now_or_later),
    cmocka_unit_test(nothing_is_lost_and_no_wake_is_missed_between_threads),
};

RUN(tests)
